import { describe, expect, test } from "vitest";
import { type MessageContext, type PoisonMessage, StopListening } from "../../src/index.js";
import { Arena, of } from "./arena.js";

describe("F9: a message that comes again", () => {
  test("after a failed handler is the same message, and says that it is redelivered", async () => {
    await using arena = await Arena.open();
    const told: Pick<MessageContext, "redelivered" | "attempt">[] = [];
    arena.listen({
      onJobAssigned: (_, { redelivered, attempt }) => {
        told.push({ redelivered, attempt });
        if (attempt < 3) throw new Error("not yet");
      },
    });
    arena.simulator.queueJob({ scaleSet: "linux" });
    await arena.until(() => arena.count("acknowledge-message", 204) === 1, "it is acknowledged");
    expect(told).toEqual([
      { redelivered: false, attempt: 1 },
      { redelivered: true, attempt: 2 },
      { redelivered: true, attempt: 3 },
    ]);
    expect(arena.count("open-session")).toBe(1);
  });

  test("after a lost acknowledgement is acknowledged again, and not handled again", async () => {
    await using arena = await Arena.open();
    let handled = 0;
    arena.simulator.faults.add({ call: "acknowledge-message", count: 4, effect: { kind: "answer", status: 500 } });
    arena.listen({
      onMessage: () => {
        handled += 1;
      },
    });
    arena.simulator.queueJob({ scaleSet: "linux" });
    await arena.until(() => arena.count("acknowledge-message", 204) === 1, "it is acknowledged at last");
    expect(handled).toBe(1);
  });

  test("in a new session of another process is handled, once acknowledged never more", async () => {
    await using arena = await Arena.open();
    const first = await arena.client.openMessageSession(arena.scaleSetId, { owner: "host-1" });
    arena.simulator.queueJob({ scaleSet: "linux" });
    const message = await first.getMessage({ maxCapacity: 1 });
    await first.close();
    const second = await arena.client.openMessageSession(arena.scaleSetId, { owner: "host-1" });
    expect(await second.getMessage({ maxCapacity: 1 })).toMatchObject({ messageId: message?.messageId });
    await second.acknowledge(message?.messageId ?? 0);
    arena.simulator.queueJob({ scaleSet: "linux" });
    expect((await second.getMessage({ maxCapacity: 2 }))?.messageId).toBeGreaterThan(message?.messageId ?? 0);
  });
});

describe("F12: a message that can never be handled", () => {
  test("is handed over whole after five attempts with growing waits, acknowledged, and the next one is handled", async () => {
    await using arena = await Arena.open();
    const kept: PoisonMessage[] = [];
    const acknowledgedThen: number[] = [];
    const completed: string[] = [];
    let attempts = 0;
    const { states } = arena.listen({
      onJobAssigned: ({ jobDisplayName }) => {
        if (jobDisplayName === "poison ghp_0123456789abcdefghij") {
          attempts += 1;
          throw new Error("never");
        }
        completed.push(jobDisplayName);
      },
      onPoison: (poison) => {
        acknowledgedThen.push(arena.count("acknowledge-message"));
        kept.push(poison);
      },
    });
    arena.simulator.queueJob({ scaleSet: "linux", displayName: "poison ghp_0123456789abcdefghij" });
    await arena.until(() => arena.count("acknowledge-message", 204) === 1, "it is given up");
    arena.simulator.queueJob({ scaleSet: "linux", displayName: "fine" });
    await arena.until(() => completed.length === 1, "the next one is handled");
    expect(attempts).toBe(5);
    expect(acknowledgedThen).toEqual([0]);
    expect(kept).toMatchObject([{ messageId: 1, attempts: 5, message: { jobs: [{ messageType: "JobAssigned" }] } }]);
    const waits = of(states, "recovering").filter(({ reason }) => reason === "handler-failed");
    expect(waits).toHaveLength(4);
    expect(waits[3]?.retryInMs).toBeGreaterThan((waits[0]?.retryInMs ?? 0) * 1.5);
    const line = arena.logged.find((each) => each.startsWith("error") && each.includes("given up"));
    expect(line).toContain("poison [redacted]");
    expect(arena.logged.join()).not.toContain("ghp_0123456789abcdefghij");
    expect(arena.count("open-session")).toBe(1);
  });

  test("because its body means nothing is handed over as it came", async () => {
    await using arena = await Arena.open();
    const kept: PoisonMessage[] = [];
    arena.simulator.faults.add({ call: "get-message", count: 5, effect: { kind: "patch", body: { body: "[{oops" } } });
    arena.listen({
      onPoison: (poison) => {
        kept.push(poison);
        throw new Error("the disk is full");
      },
    });
    arena.simulator.queueJob({ scaleSet: "linux" });
    await arena.until(() => arena.count("acknowledge-message", 204) === 1, "it is given up");
    expect(kept).toMatchObject([{ messageId: 1, attempts: 5, message: undefined, body: "[{oops" }]);
    expect(arena.logged.some((line) => line.includes("onPoison failed"))).toBe(true);
  });
});

test("a handler's errors never end the listener; only StopListening does, with the message left unacknowledged", async () => {
  await using arena = await Arena.open();
  const stop = new StopListening("the disk is gone");
  const { ended } = arena.listen(
    {
      onStatistics: () => {
        throw new TypeError("a bug");
      },
      onJobAssigned: () => {
        throw stop;
      },
      onMessage: (_, { attempt }) => {
        if (attempt < 3) throw new Error("another bug");
      },
    },
    { timings: { poisonAttempts: 50 } },
  );
  const second = await Arena.open();
  await using _second = second;
  const other = second.listen({
    onJobAssigned: () => {
      throw stop;
    },
  });
  second.simulator.queueJob({ scaleSet: "linux" });
  await expect(other.ended).rejects.toBe(stop);
  expect(second.count("acknowledge-message")).toBe(0);
  expect(second.count("close-session", 204)).toBe(1);
  let over = false;
  void ended
    .finally(() => {
      over = true;
    })
    .catch(() => {});
  arena.simulator.queueJob({ scaleSet: "linux" });
  await arena.until(() => arena.count("get-message") > 5, "it goes on polling");
  expect(over).toBe(false);
});

test("a slow handler keeps its session: it is refreshed while the handler works", async () => {
  await using arena = await Arena.open({ simulator: { sessionTimeoutMs: 200 } });
  let done = false;
  arena.listen(
    {
      onJobAssigned: async () => {
        await arena.until(() => arena.count("refresh-session", 200) >= 6, "it was refreshed six times");
        done = true;
      },
    },
    { timings: { handlerRefreshMs: 50 } },
  );
  arena.simulator.queueJob({ scaleSet: "linux" });
  await arena.until(() => arena.count("acknowledge-message", 204) === 1, "it is acknowledged");
  expect(done).toBe(true);
  expect(arena.count("open-session")).toBe(1);
});

describe("capacity", () => {
  test("raised while a poll is held, the service learns it in milliseconds and gives out the jobs that waited for it", async () => {
    await using arena = await Arena.open({ simulator: { pollHoldMs: 20_000 } });
    const { listener, states } = arena.listen({}, { maxCapacity: 1 });
    await arena.until(() => arena.simulator.state().scaleSets[0]?.session?.polling === true, "a poll is held");
    const startedAt = performance.now();
    listener.setMaxCapacity(7);
    await arena.until(() => arena.simulator.state().scaleSets[0]?.session?.capacity === 7, "the service knows");
    expect(performance.now() - startedAt).toBeLessThan(200);
    // Lowered, it waits for the next poll.
    listener.setMaxCapacity(2);
    expect(of(states, "polling").at(-1)?.capacity).toBe(7);
  });

  test("raised at the moment that a message is on its way, no message is lost", async () => {
    await using arena = await Arena.open({ simulator: { pollHoldMs: 20_000 } });
    const assigned = new Set<string>();
    const { listener } = arena.listen(
      { onJobAssigned: ({ jobId }) => void assigned.add(jobId) },
      { maxCapacity: 1, timings: { capacityRaiseMs: 1 } },
    );
    for (let round = 1; round <= 60; round++) {
      await arena.until(() => arena.simulator.state().scaleSets[0]?.session?.polling === true, "a poll is held");
      arena.simulator.queueJob({ scaleSet: "linux" });
      // Later by a few turns each time, so that the two meet at every point of the way.
      for (let turn = 0; turn < round % 12; turn++) await new Promise((resolve) => setImmediate(resolve));
      listener.setMaxCapacity(1 + round);
      await arena.until(() => assigned.size === round, `job ${round} of 60 was told`);
    }
    await arena.until(() => arena.simulator.state().scaleSets[0]?.unacknowledgedMessages === 0, "all are acknowledged");
    expect(arena.count("open-session")).toBe(1);
  });
});

test("an observer is told a job's life: what was read, what was wanted, and how long each part of it took", async () => {
  await using arena = await Arena.open();
  const told: string[] = [];
  arena.listen(
    { onStatistics: ({ totalAssignedJobs }) => totalAssignedJobs + 1 },
    {
      observer: {
        onStatistics: ({ statistics, messageId }) => told.push(`read ${statistics.totalAssignedJobs} of ${messageId}`),
        onDesiredCount: ({ count }) => told.push(`wants ${count}`),
        onJobCompleted: ({ job, queuedMs, executionMs }) =>
          told.push(`${job.result}: queued ${typeof queuedMs}, ran ${typeof executionMs}`),
      },
    },
  );
  const { id } = arena.simulator.queueJob({ scaleSet: "linux" });
  await arena.until(() => told.includes("wants 2"), "the job was read");
  arena.simulator.cancelJob(id);
  await arena.until(() => told.length === 7, "its end was told");
  expect(told).toEqual([
    "read 0 of undefined",
    "wants 1",
    "read 1 of 1",
    "wants 2",
    "read 0 of 2",
    "wants 1",
    "canceled: queued number, ran undefined",
  ]);
});
