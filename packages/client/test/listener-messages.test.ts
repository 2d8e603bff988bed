import { describe, expect, test } from "vitest";
import { exception, jobs, json, statistics } from "./kit/fake-service.js";
import { createWorld, listen } from "./kit/world.js";

const available = (id: number) => ({ messageType: "JobAvailable", runnerRequestId: id, jobId: `job-${id}` });
const assigned = (id: number) => ({ messageType: "JobAssigned", runnerRequestId: 0, jobId: `job-${id}` });

describe("a listener and its messages", () => {
  test("reads the session's statistics first, then handles, acquires and acknowledges in that order", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.statistics = statistics({ totalAssignedJobs: 3 });
    const told: string[] = [];
    const { stop, events } = listen(world, {
      handler: {
        onMessage: (message) => void told.push(`message ${message.messageId}`),
        onStatistics: ({ totalAssignedJobs }, { messageId }) =>
          void told.push(`statistics ${totalAssignedJobs} of ${messageId}`),
        onJobAvailable: ({ runnerRequestId }) => {
          told.push(`available ${runnerRequestId}`);
          return runnerRequestId !== "12";
        },
        onJobAssigned: async ({ jobId }) => {
          await clock.sleep(10);
          told.push(`assigned ${jobId}, acquired ${service.count("POST acquirejobs")}`);
        },
        onJobStarted: ({ runnerName }) => void told.push(`started on ${runnerName}`),
        onJobCompleted: ({ result, runnerName }) => void told.push(`completed ${result} on ${runnerName || "none"}`),
      },
    });
    await clock.advance(100);
    service.push(
      1,
      jobs(
        available(11),
        available(12),
        assigned(1),
        { messageType: "JobStarted", runnerRequestId: 1, runnerId: 4, runnerName: "r-4" },
        { messageType: "JobCompleted", runnerRequestId: 1, result: "canceled", runnerName: "" },
        { messageType: "New" },
      ),
    );
    await clock.advance(1_000);
    expect(told).toEqual([
      "statistics 3 of undefined",
      "message 1",
      "statistics 6 of 1",
      "available 11",
      "available 12",
      "assigned job-1, acquired 0",
      "started on r-4",
      "completed canceled on none",
    ]);
    expect(service.requests.find(({ call }) => call === "POST acquirejobs")?.body).toBe("[11]");
    expect(service.queue).toEqual([]);
    expect(events).toEqual([
      "answered open",
      "opened 1 of 5",
      "poll 10",
      "answered poll",
      "answered acquire",
      "answered acknowledge",
      "poll 10",
    ]);
    await stop();
    expect(service.sessionOwner).toBeUndefined();
    expect(clock.pending).toBe(0);
    expect(service.requests.at(-1)?.call).toBe("DELETE sessions/ID");
  });

  test("a failed handler leaves its message unacknowledged; it comes again, marked", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const tries: string[] = [];
    const { stop } = listen(world, {
      handler: {
        onMessage: (_, { attempt, redelivered }) => {
          tries.push(`${attempt} ${redelivered} ${service.queue.length}`);
          if (attempt < 3) throw new Error("not yet");
        },
      },
    });
    await clock.advance(10);
    service.push(1, jobs());
    await clock.advance(30_000);
    expect(tries).toEqual(["1 false 1", "2 true 1", "3 true 1"]);
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("a message that can never be handled is given up after five attempts, its jobs acquired (F12)", async () => {
    const world = createWorld();
    const { clock, service, log } = world;
    const seen: number[] = [];
    const { events, stop } = listen(world, {
      handler: {
        onMessage: ({ messageId }) => {
          seen.push(messageId);
          if (messageId === 1) throw new Error("bad ghp_secretInAnError");
        },
      },
    });
    await clock.advance(10);
    service.push(1, jobs(available(11)));
    service.push(2, jobs());
    await clock.advance(60_000);
    expect(seen).toEqual([1, 1, 1, 1, 1, 2]);
    expect(events).toContain("poison 1 after 5");
    expect(service.count("POST acquirejobs")).toBe(1);
    expect(service.queue).toEqual([]);
    expect(log.join("\n")).not.toContain("ghp_");
    await stop();
  });

  test("a message whose body can't be read is given up like one that can't be handled", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { events, stop } = listen(world);
    await clock.advance(10);
    service.push(1, { body: '[{"messageType":"JobAss', statistics: null });
    service.push(2, jobs());
    await clock.advance(60_000);
    expect(events).toContain("poison 1 after 5");
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("an acquire without an answer leaves the message unacknowledged and is no poison", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("POST acquirejobs", () => new Promise<Response>(() => {}));
    const readings: unknown[] = [];
    const { events, stop, states } = listen(world, {
      handler: { onStatistics: (_, { messageId }) => void readings.push(messageId) },
    });
    await clock.advance(10);
    service.push(1, jobs(available(11)));
    await clock.advance(19_990);
    expect(states.at(-1)?.state).toBe("handling");
    await clock.advance(20);
    expect(states.at(-1)).toMatchObject({ state: "recovering", reason: "acquire-failed" });
    await clock.advance(280_000);
    expect(service.queue).toHaveLength(1);
    expect(events.some((event) => event.startsWith("poison"))).toBe(false);
    service.always("POST acquirejobs", undefined);
    await clock.advance(60_000);
    expect(service.queue).toEqual([]);
    // What was read once is not read again: it may be old by now.
    expect(readings).toEqual([undefined, 1]);
    await stop();
  });

  test("a message that was given up is not handled again while acquiring its jobs fails", async () => {
    const world = createWorld();
    const { clock, service } = world;
    let handled = 0;
    service.once("POST acquirejobs", ...Array.from({ length: 8 }, () => () => json(500, {})));
    const handler = {
      onMessage: (): never => {
        handled += 1;
        throw new Error("never");
      },
    };
    const { stop, events } = listen(world, { handler });
    await clock.advance(10);
    service.push(1, jobs(available(11)));
    await clock.advance(180_000);
    expect(handled).toBe(5);
    expect(events.filter((event) => event.startsWith("poison"))).toEqual(["poison 1 after 5"]);
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("an acquire that is refused for good does not hold the queue", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.once("POST acquirejobs", () => exception(400, "SomethingException", "already taken"));
    const { stop } = listen(world);
    await clock.advance(10);
    service.push(1, jobs(available(11)));
    await clock.advance(1_000);
    expect(service.queue).toEqual([]);
    expect(service.count("POST acquirejobs")).toBe(1);
    await stop();
  });

  test("an acknowledgement that failed is repeated without handling the message again", async () => {
    const world = createWorld();
    const { clock, service } = world;
    let handled = 0;
    service.once("DELETE queue", ...Array.from({ length: 4 }, () => () => json(500, {})));
    const { stop } = listen(world, { handler: { onMessage: () => void handled++ } });
    await clock.advance(10);
    service.push(1, jobs());
    await clock.advance(60_000);
    expect(service.queue).toEqual([]);
    expect(handled).toBe(1);
    await stop();
  });

  test("a queue that delivers an acknowledged message for ever is not a storm", async () => {
    const world = createWorld();
    const { clock, service } = world;
    let handled = 0;
    const raw = JSON.stringify({ messageId: 1, messageType: "RunnerScaleSetJobMessages", ...jobs() });
    service.always("GET queue", () => new Response(raw, { status: 200 }));
    const { stop } = listen(world, { handler: { onMessage: () => void handled++ } });
    await clock.advance(600_000);
    expect(handled).toBe(1);
    expect(service.count("GET queue")).toBeLessThan(60);
    await stop();
  });

  test("statistics that the handler could not take in are offered again", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const seen: (number | undefined)[] = [];
    const { stop } = listen(world, {
      handler: {
        onStatistics: (_, { messageId }) => {
          seen.push(messageId);
          if (seen.length === 1 || seen.length === 3) throw new Error("not yet");
        },
      },
    });
    await clock.advance(1_000);
    service.push(1, jobs());
    await clock.advance(10_000);
    expect(seen).toEqual([undefined, undefined, 1, 1]);
    await stop();
  });
});
