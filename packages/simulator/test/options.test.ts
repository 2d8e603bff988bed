import { defaultServiceOptions, runSimulatedRunner, type Simulator, type SimulatorOptions } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { RawRunner } from "./kit/raw-runner.js";
import { jobMessages, send, world } from "./raw-client.js";

/** Nobody outside knows how the service does these: each has an option, and both of its values are shown. */

/** A set whose listener has not polled since one job was assigned. */
async function assigned(options: SimulatorOptions) {
  const it = await world(options);
  const setId = await it.client.createSet();
  const session = await it.client.openSession(setId);
  const stop = new AbortController();
  const poll = it.client.poll(session, { signal: stop.signal }).catch(() => undefined);
  await it.clock.drain();
  stop.abort(new Error("the listener is gone for a moment"));
  await poll;
  it.simulator.queueJob({ runsOn: "linux", displayName: "a" });
  return { ...it, setId, session };
}

test.each([
  [true, [2]],
  [false, [1, 1]],
])(
  "mergeUndelivered %s: what happens while a message waits joins it, or makes another",
  async (mergeUndelivered, sizes) => {
    const { simulator, client, session } = await assigned({ mergeUndelivered });
    simulator.queueJob({ runsOn: "linux", displayName: "b" });
    const seen: number[] = [];
    for (let last = 0; last < sizes.length; last++) seen.push(jobMessages(await client.poll(session, { last })).length);
    expect(seen).toEqual(sizes);
  },
);

test.each([
  ["making", 1],
  ["delivery", 0],
] as const)("statisticsAt %s: a message's statistics are of that moment", async (statisticsAt, expected) => {
  const { simulator, client, session } = await assigned({ statisticsAt, mergeUndelivered: false });
  simulator.cancelJob(simulator.jobs()[0]?.id ?? 0);
  expect((await client.poll(session)).body.statistics.totalAssignedJobs).toBe(expected);
});

test.each([
  [false, 0],
  [true, 1],
])(
  "countOfflineRunners %s: a runner that never came online is registered or not",
  async (countOfflineRunners, expected) => {
    const { client } = await world({ countOfflineRunners });
    const setId = await client.createSet();
    await client.jit(setId, "r-1");
    const { statistics } = (await client.sets("GET", `/${setId}`)).body;
    expect(statistics).toMatchObject({ totalRegisteredRunners: expected, totalIdleRunners: 0 });
  },
);

test.each([
  ["accept", 204],
  ["refuse", 404],
] as const)("acknowledgeUnknown %s", async (acknowledgeUnknown, expected) => {
  const { client } = await world({ acknowledgeUnknown });
  const session = await client.openSession(await client.createSet());
  expect((await client.acknowledge(session, 7)).status).toBe(expected);
});

test.each([
  [true, "stranded"],
  [false, "assigned"],
] as const)("strandOnZeroCapacity %s: a job queued while 0 was announced", async (strandOnZeroCapacity, expected) => {
  const { simulator, client, clock } = await world({ strandOnZeroCapacity });
  const session = await client.openSession(await client.createSet());
  const stop = new AbortController();
  void client.poll(session, { capacity: 0, signal: stop.signal }).catch(() => undefined);
  await clock.drain();
  const { id } = simulator.queueJob({ runsOn: "linux" });
  void client.poll(session, { capacity: 5, signal: stop.signal }).catch(() => undefined);
  await clock.drain();
  expect(simulator.job(id)?.state).toBe(expected);
  stop.abort(new Error("over"));
});

test.each([
  [true, ["a", "b"]],
  [false, ["a"]],
])("multiLabel %s: labels after the first are kept, or dropped with 200", async (multiLabel, expected) => {
  const { client } = await world({ multiLabel });
  const labels = [{ name: "a" }, { name: "b" }];
  const made = await client.sets("POST", "", { name: "x", runnerGroupId: 1, labels });
  const read = await client.sets("GET", `/${made.body.id}`);
  const changed = await client.sets("PATCH", `/${made.body.id}`, { labels });
  for (const { status, body } of [made, read, changed]) {
    expect(status).toBe(200);
    expect(body.labels.map(({ name }: { name: string }) => name)).toEqual(expected);
  }
});

test.each([true, false])("runnersAcknowledge %s: a runner is asked to acknowledge its job, or not", async (asks) => {
  const { simulator, client, clock, setId } = await assigned({ runnersAcknowledge: asks });
  await clock.runUntilSettled(
    runSimulatedRunner({ jitConfig: await client.jit(setId, "r-1"), fetch: simulator.fetch, clock }),
  );
  expect(simulator.summary().succeeded).toBe(1);
  expect(simulator.journal.entries({ call: "runner-acknowledge" })).toHaveLength(asks ? 1 : 0);
});

test.each([
  [true, (id: bigint) => id > 2n ** 53n],
  [false, (id: bigint) => id < 2n ** 53n],
])("largeIds %s: ids of 64 bits stand in messages as bare numbers", async (largeIds, fits) => {
  const { client, session } = await assigned({ largeIds, assignment: "acquire" });
  const { body } = await client.poll(session);
  const [, request] = /"runnerRequestId":(\d+)/.exec(body.body) ?? [];
  const [, run] = /"workflowRunId":(\d+)/.exec(body.body) ?? [];
  expect([request, run].map((id) => fits(BigInt(id ?? 0)))).toEqual([true, true]);
  expect((await client.acquire(session, [request ?? ""])).text).toBe(`{"count":1,"value":[${request}]}`);
});

test("maxJobMessages: a message holds so many, the next one the rest", async () => {
  const { simulator, client } = await world({ maxJobMessages: 3 });
  const session = await client.openSession(await client.createSet());
  simulator.queueJobs(Array.from({ length: 4 }, () => ({ runsOn: "linux" })));
  const sizes = [await client.poll(session), await client.poll(session, { last: 1 })].map(
    (answer) => jobMessages(answer).length,
  );
  expect(sizes).toEqual([3, 1]);
});

test("endedJobsKept: older jobs are forgotten, and still counted", async () => {
  const { simulator } = await world({ endedJobsKept: 2 });
  const jobs = simulator.queueJobs(Array.from({ length: 5 }, () => ({ runsOn: "linux" })));
  for (const { id } of jobs) simulator.cancelJob(id);
  expect(simulator.jobs().map(({ id }) => id)).toEqual(jobs.slice(-2).map(({ id }) => id));
  expect(simulator.summary()).toMatchObject({ queued: 5, cancelled: 5, open: 0 });
});

describe("a waiting time is as long as its option says", () => {
  const set = (simulator: Simulator) => simulator.state().scaleSets[0];
  const runner = (simulator: Simulator) => simulator.state().runners[0];

  test("sessionTimeoutMs: a session that nobody polls ends", async () => {
    const { clock, simulator, client } = await world({ sessionTimeoutMs: 5_000 });
    await client.openSession(await client.createSet());
    await clock.runFor(4_999);
    expect(set(simulator)?.session).toBeDefined();
    await clock.runFor(1);
    expect(set(simulator)?.session).toBeUndefined();
  });

  test("lapseMs and requeueDelaysMs: a job that no runner takes is assigned again as often as there are delays", async () => {
    const rules = { lapseMs: 1_000, requeueDelaysMs: [2_000], sessionTimeoutMs: 60_000 };
    const { clock, simulator } = await assigned(rules);
    const job = () => simulator.jobs()[0]?.state;
    await clock.runFor(1_000);
    expect(simulator.summary()).toMatchObject({ lapsed: 1, lost: 0 });
    await clock.runFor(1_999);
    expect(job()).not.toBe("assigned");
    await clock.runFor(1);
    expect(job()).toBe("assigned");
    await clock.runFor(1_000);
    expect(simulator.summary()).toMatchObject({ lapsed: 2, lost: 1, open: 0 });
  });

  test("runnerTimeoutMs and offlineRunnerTtlMs: a runner that stops polling is offline, and its registration goes", async () => {
    const it = await world({ runnerTimeoutMs: 2_000, offlineRunnerTtlMs: 10_000 });
    await new RawRunner(it, await it.client.jit(await it.client.createSet(), "r-1")).online();
    await it.clock.runFor(1_999);
    expect(runner(it.simulator)?.state).toBe("idle");
    await it.clock.runFor(1);
    expect(runner(it.simulator)?.state).toBe("offline");
    await it.clock.runFor(9_999);
    expect(runner(it.simulator)).toBeDefined();
    await it.clock.runFor(1);
    expect(runner(it.simulator)).toBeUndefined();
  });

  test("acquireTimeoutMs: a runner that is told of a job and does not take it loses its session", async () => {
    const it = await assigned({ acquireTimeoutMs: 3_000 });
    const told = await new RawRunner(it, await it.client.jit(it.setId, "r-1")).online();
    expect((await told.poll()).body.messageType).toBe("RunnerJobRequest");
    await it.clock.runFor(2_999);
    expect((await told.poll()).body.messageType).toBe("RunnerJobRequest");
    await it.clock.runFor(1);
    expect((await told.poll()).body.errorKind).toBe("RunnerSessionInvalid");
  });

  test("registrationTokenTtlMs: a registration token is worth nothing after it", async () => {
    const { clock, simulator } = await world({ registrationTokenTtlMs: 4_000 });
    const url = simulator.configUrl("acme");
    const api = `${new URL(url).origin}/api/v3`;
    const path = `${api}/orgs/acme/actions/runners/registration-token`;
    const { token } = (await send(simulator.fetch, path, { method: "POST", token: simulator.token })).body;
    const register = async () =>
      (
        await send(simulator.fetch, `${api}/actions/runner-registration`, {
          method: "POST",
          token,
          scheme: "RemoteAuth",
          json: { url, runner_event: "register" },
        })
      ).status;
    await clock.runFor(3_999);
    expect(await register()).toBe(200);
    await clock.runFor(1);
    expect(await register()).toBe(401);
  });

  test("queueTokenTtlMs and runnerTokenTtlMs: a poll with an older token is refused", async () => {
    const it = await world({ queueTokenTtlMs: 20_000, runnerTokenTtlMs: 10_000 });
    const setId = await it.client.createSet();
    const session = await it.client.openSession(setId);
    const online = await new RawRunner(it, await it.client.jit(setId, "r-1")).online();
    await it.clock.runFor(10_000);
    expect((await online.poll()).status).toBe(401);
    expect((await it.clock.runUntilSettled(it.client.poll(session))).status).toBe(202);
    expect((await it.client.poll(session)).status).toBe(401);
  });
});

test("an option that makes no sense is refused", async () => {
  await expect(world({ lapseMs: 0 })).rejects.toThrow(/lapseMs.*must be above 0/);
  await expect(world({ pollHoldMs: Number.NaN })).rejects.toThrow(/must be above 0/);
});

test("each guess is an option whose default is the likeliest", () => {
  expect(defaultServiceOptions).toMatchObject({
    assignment: "direct",
    mergeUndelivered: true,
    statisticsAt: "making",
    countOfflineRunners: false,
    acknowledgeUnknown: "accept",
    strandOnZeroCapacity: true,
    multiLabel: true,
    runnersAcknowledge: true,
    largeIds: false,
    orphanedRunners: "exit",
    maxJobMessages: 50,
  });
});
