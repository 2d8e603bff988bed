import { defaultServiceOptions, type SimulatorOptions } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { connectRunner } from "./kit/raw-runner.js";
import { jobMessages, type Raw, type RawSession, world } from "./raw-client.js";

/** How the service treats sessions and queues in ways that nobody outside knows: an option each, both values shown. */

async function open(options: SimulatorOptions = {}) {
  const it = await world(options);
  const setId = await it.client.createSet();
  const session = await it.client.openSession(setId);
  const refresh = async (): Promise<Raw> => await it.client.sets("PATCH", `/${setId}/sessions/${session.id}`);
  /** Announces capacity, and is gone before anything is answered. */
  const announce = async (): Promise<void> => {
    const stop = new AbortController();
    const poll = it.client.poll(session, { signal: stop.signal }).catch(() => undefined);
    await it.clock.drain();
    stop.abort(new Error("gone"));
    await poll;
  };
  return { ...it, setId, session, refresh, announce };
}

/** How a poll stands after all that can happen now. */
async function standOf(poll: Promise<Raw>, drain: () => Promise<void>): Promise<number | "held"> {
  let status: number | "held" = "held";
  poll.then(
    (answer) => {
      status = answer.status;
    },
    () => {},
  );
  await drain();
  return status;
}

test.each([
  ["filled", { totalAssignedJobs: 0 }],
  ["empty", null],
] as const)(
  "refreshStatistics %s: what a refresh counts; an opening always counts",
  async (refreshStatistics, counts) => {
    const { session, refresh } = await open({ refreshStatistics });
    expect(session.body.statistics).toMatchObject({ totalAssignedJobs: 0 });
    const { body } = await refresh();
    if (counts === null) expect([body.statistics, body.runnerScaleSet.statistics]).toEqual([null, null]);
    else expect(body.statistics).toMatchObject(counts);
  },
);

test.each([
  [false, "held"],
  [true, 202],
] as const)(
  "refreshEndsPoll %s: the poll that is held when the session is refreshed",
  async (refreshEndsPoll, stands) => {
    const { clock, client, session, refresh } = await open({ refreshEndsPoll });
    const poll = client.poll(session);
    await clock.drain();
    await refresh();
    expect(await standOf(poll, () => clock.drain())).toBe(stands);
    // The next one is held again.
    expect(await standOf(client.poll(session), () => clock.drain())).toBe("held");
  },
);

test("refreshMovesQueue: the old URL gets no message any more, the new one does; both can acknowledge", async () => {
  const { simulator, clock, client, session, refresh, announce } = await open({ refreshMovesQueue: true });
  await announce();
  const { body } = await refresh();
  expect(body.messageQueueUrl).not.toBe(session.queueUrl);
  const moved: RawSession = { ...session, queueUrl: body.messageQueueUrl, queueToken: body.messageQueueAccessToken };
  simulator.queueJob({ runsOn: "linux" });
  expect(await standOf(client.poll(session), () => clock.drain())).toBe("held");
  const answer = await client.poll(moved);
  expect(jobMessages(answer)).toHaveLength(1);
  expect((await client.acknowledge(session, answer.body.messageId)).status).toBe(204);
  expect(simulator.state().scaleSets[0]?.unacknowledgedMessages).toBe(0);
});

test.each([
  ["kept", "assigned"],
  ["freed", "queued"],
] as const)("assignedWithoutSession %s: a job that waits for a runner when its session ends", async (rule, state) => {
  const { simulator, client, setId, session, announce } = await open({ assignedWithoutSession: rule });
  await announce();
  const { id } = simulator.queueJob({ runsOn: "linux" });
  expect(simulator.job(id)?.state).toBe("assigned");
  await client.sets("DELETE", `/${setId}/sessions/${session.id}`);
  expect(simulator.job(id)?.state).toBe(state);
});

test("a job that is freed loses none of its attempts", async () => {
  const rules = { assignedWithoutSession: "freed", requeueDelaysMs: [], lapseMs: 60_000 } as const;
  const { simulator, client, clock, setId, session, announce } = await open(rules);
  await announce();
  const { id } = simulator.queueJob({ runsOn: "linux" });
  await client.sets("DELETE", `/${setId}/sessions/${session.id}`);
  const again = await client.openSession(setId);
  void client.poll(again, { last: 99 }).catch(() => undefined);
  await clock.runFor(59_000);
  expect(simulator.job(id)?.state).toBe("assigned");
  await clock.runFor(2_000);
  expect(simulator.summary()).toMatchObject({ lapsed: 1, lost: 1 });
});

test.each([
  ["refuse", 401, 1],
  ["accept", 204, 0],
] as const)("acknowledgeInLostSession %s", async (acknowledgeInLostSession, status, left) => {
  const { simulator, client, setId, session, announce } = await open({ acknowledgeInLostSession });
  await announce();
  simulator.queueJob({ runsOn: "linux" });
  const { body } = await client.poll(session);
  simulator.expireSession(setId);
  expect((await client.acknowledge(session, body.messageId)).status).toBe(status);
  expect(simulator.state().scaleSets[0]?.unacknowledgedMessages).toBe(left);
  expect((await client.poll(session)).status).toBe(401);
});

test.each([
  [true, "already has an active session for owner host-1."],
  [false, "already has an active session."],
])("conflictNamesOwner %s: the refusal of a second session", async (conflictNamesOwner, words) => {
  const { client, setId } = await open({ conflictNamesOwner });
  const refused = await client.sets("POST", `/${setId}/sessions`, { ownerName: "host-2" });
  expect([refused.status, refused.body.message]).toEqual([409, expect.stringContaining(words)]);
});

test("deregistrationDelayMs: a registration goes some seconds after its job, and gets no other job", async () => {
  const it = await open({ deregistrationDelayMs: 10_000 });
  const { simulator, clock } = it;
  await it.announce();
  const first = simulator.queueJob({ runsOn: "linux" });
  const job = await connectRunner(it, await it.client.jit(it.setId, "r-1"));
  const doneMs = clock.now();
  await job.complete();
  expect(simulator.job(first.id)?.state).toBe("completed");
  const second = simulator.queueJob({ runsOn: "linux" });
  expect(simulator.job(second.id)).toMatchObject({ state: "assigned", runnerName: undefined });
  expect(simulator.state().runners).toHaveLength(1);
  await clock.runFor(10_000);
  const removed = simulator.journal.entries({ runner: "r-1" }).find(({ event }) => event === "removed");
  expect((removed?.atMs ?? 0) - doneMs).toBeGreaterThan(0);
  expect(simulator.state().runners).toHaveLength(0);
  expect(simulator.violations()).toEqual([]);
});

describe("what happens to a queue", () => {
  test("messageTtlMs: a message that nobody acknowledges is dropped after that time", async () => {
    const { simulator, clock, client, session, announce } = await open({ messageTtlMs: 30_000 });
    await announce();
    simulator.queueJob({ runsOn: "linux" });
    await clock.runFor(29_999);
    expect((await client.poll(session)).status).toBe(200);
    await clock.runFor(1);
    expect(await standOf(client.poll(session), () => clock.drain())).toBe("held");
    expect(simulator.state().scaleSets[0]?.statistics.totalAssignedJobs).toBe(1);
  });

  test("expireMessages: what waits is never delivered", async () => {
    const { simulator, clock, client, session, announce } = await open();
    await announce();
    simulator.queueJob({ runsOn: "linux" });
    expect(simulator.expireMessages(session.setId)).toBe(1);
    expect(simulator.expireMessages(session.setId)).toBe(0);
    expect(await standOf(client.poll(session), () => clock.drain())).toBe("held");
  });

  test("deafenQueue: what happens meanwhile is told neither then nor later; what comes after is", async () => {
    const { simulator, clock, client, session, announce } = await open();
    await announce();
    expect(simulator.deafenQueue(session.setId, { forMs: 20_000 })).toBe(true);
    simulator.queueJob({ runsOn: "linux", displayName: "unheard" });
    const poll = client.poll(session);
    await clock.runFor(20_000);
    expect(await standOf(poll, () => clock.drain())).toBe("held");
    simulator.queueJob({ runsOn: "linux", displayName: "heard" });
    expect(jobMessages(await poll)).toMatchObject([{ jobDisplayName: "heard" }]);
    expect(simulator.violations()).toEqual([]);
    expect(simulator.deafenQueue(999, { forMs: 1 })).toBe(false);
  });

  test("restartMessageIds: what waits is numbered from 1, and a poll that skips to its last id misses it", async () => {
    const { simulator, clock, client, session, announce } = await open();
    await announce();
    for (const name of ["a", "b"]) {
      simulator.queueJob({ runsOn: "linux", displayName: name });
      await client.acknowledge(session, (await client.poll(session)).body.messageId);
    }
    simulator.queueJob({ runsOn: "linux", displayName: "c" });
    expect(simulator.restartMessageIds(session.setId)).toBe(true);
    expect(await standOf(client.poll(session, { last: 2 }), () => clock.drain())).toBe("held");
    const answer = await client.poll(session);
    expect([answer.body.messageId, jobMessages(answer)[0].jobDisplayName]).toEqual([1, "c"]);
    expect(simulator.violations()).toEqual([]);
  });
});

test("changeRules: rules change while the service runs, and the journal says so", async () => {
  const { simulator, refresh } = await open();
  expect(simulator.rules).toEqual(defaultServiceOptions);
  simulator.changeRules({ refreshStatistics: "empty" });
  expect((await refresh()).body.statistics).toBeNull();
  simulator.changeRules({ refreshStatistics: "filled" });
  expect((await refresh()).body.statistics).not.toBeNull();
  expect(simulator.journal.entries({ subject: "service" }).map(({ cause }) => cause)).toEqual([
    'refreshStatistics = "empty"',
    'refreshStatistics = "filled"',
  ]);
});

test("each of these guesses has the likeliest value by default", () => {
  expect(defaultServiceOptions).toMatchObject({
    refreshStatistics: "filled",
    refreshEndsPoll: false,
    refreshMovesQueue: false,
    assignedWithoutSession: "kept",
    acknowledgeInLostSession: "refuse",
    conflictNamesOwner: true,
    deregistrationDelayMs: 0,
    messageTtlMs: undefined,
  });
});
