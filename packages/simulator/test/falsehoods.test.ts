import { type Fault, faultCatalogue } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { connectRunner } from "./kit/raw-runner.js";
import { jobMessages, type Raw, send, world } from "./raw-client.js";

/** What the service says that is not so. */

describe("hidden: what is asked for does not exist", () => {
  test.each([
    ["get-runner", 404, "AgentNotFoundException"],
    ["remove-runner", 404, "AgentNotFoundException"],
    ["list-runners", 200, '{"count":0,"value":[]}'],
    ["get-scale-set", 404, "RunnerScaleSetNotFoundException"],
    ["list-scale-sets", 200, '{"count":0,"value":[]}'],
    ["acquire-jobs", 200, '{"count":0,"value":[]}'],
    ["list-acquirable-jobs", 204, ""],
  ] as const)("%s answers %i, and does nothing", async (call, status, words) => {
    const { simulator, client } = await world({ assignment: "acquire" });
    const setId = await client.createSet();
    const session = await client.openSession(setId);
    await client.jit(setId, "r-1");
    const { id = 0 } = simulator.state().runners[0] ?? {};
    simulator.queueJob({ runsOn: "linux" });
    const [offered] = jobMessages(await client.poll(session));
    const calls: Record<typeof call, () => Promise<Raw>> = {
      "get-runner": () => client.agents("GET", `/${id}`),
      "remove-runner": () => client.agents("DELETE", `/${id}`),
      "list-runners": () => client.agents("GET", "?agentName=r-1"),
      "get-scale-set": () => client.sets("GET", `/${setId}`),
      "list-scale-sets": () => client.sets("GET", "?runnerGroupId=1&name=linux"),
      "acquire-jobs": () => client.acquire(session, [String(offered.runnerRequestId)]),
      "list-acquirable-jobs": () => client.sets("GET", `/${setId}/acquirablejobs`),
    };
    simulator.faults.add({ call, count: 1, effect: { kind: "hidden" } });
    const before = simulator.state();
    const answer = await calls[call]();
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(words)]);
    const { nowMs: _then, ...was } = before;
    expect(simulator.state()).toMatchObject(was);
    expect((await calls[call]()).text).not.toBe(answer.text);
  });

  test.each([
    { call: "get-message", effect: { kind: "hidden" } },
    { effect: { kind: "hidden" } },
    { call: "get-runner", effect: { kind: "statistics", late: true } },
    { call: "get-message", effect: { kind: "statistics" } },
  ] as const satisfies readonly Fault[])("a fault that says nothing false is refused: %j", async (fault) => {
    const { simulator } = await world();
    expect(() => simulator.faults.add(fault)).toThrow(/not a fault: (hidden|statistics|wrong statistics) needs? /);
  });
});

describe("statistics", () => {
  async function polling(effect: Fault["effect"]) {
    const { simulator, client } = await world({ mergeUndelivered: false });
    const session = await client.openSession(await client.createSet());
    const poll = async (last: number) => {
      simulator.queueJob({ runsOn: "linux" });
      return (await client.poll(session, { last })).body.statistics.totalAssignedJobs;
    };
    await poll(0);
    simulator.faults.add({ call: "get-message", effect });
    return poll;
  }

  test("off: so many are added, and none falls below 0", async () => {
    expect(await (await polling({ kind: "statistics", off: { totalAssignedJobs: 3 } }))(1)).toBe(5);
    expect(await (await polling({ kind: "statistics", off: { totalAssignedJobs: -1 } }))(1)).toBe(1);
    expect(await (await polling({ kind: "statistics", off: { totalAssignedJobs: -9 } }))(1)).toBe(0);
  });

  test("late: they are those of the message before", async () => {
    const poll = await polling({ kind: "statistics", late: true });
    expect([await poll(1), await poll(2), await poll(3)]).toEqual([2, 2, 3]);
  });

  test("null statistics stay null", async () => {
    const { simulator, client } = await world({ refreshStatistics: "empty" });
    const setId = await client.createSet();
    const session = await client.openSession(setId);
    simulator.faults.add({ call: "refresh-session", effect: { kind: "statistics", off: { totalAssignedJobs: 3 } } });
    expect((await client.sets("PATCH", `/${setId}/sessions/${session.id}`)).body.statistics).toBeNull();
  });
});

describe("a false JobCompleted (actions/runner#4492)", () => {
  async function busy() {
    const it = await world();
    const setId = await it.client.createSet();
    const session = await it.client.openSession(setId);
    it.simulator.queueJob({ runsOn: "linux" });
    let last: number = (await it.client.poll(session)).body.messageId;
    const job = await connectRunner(it, await it.client.jit(setId, "r-1"));
    const news = async () => {
      const { body, ...rest } = await it.client.poll(session, { last });
      last = body.messageId;
      return { statistics: body.statistics, messages: jobMessages({ body, ...rest }) };
    };
    await news();
    return { ...it, setId, job, news };
  }

  test.each([
    ["removed", false, 0, 0],
    ["removed", true, 0, 1],
    ["kept", false, 1, 0],
    ["kept", true, 1, 1],
  ] as const)(
    "registration %s, counted %s: it is told, the runner works on, and how it ends counts",
    async (registration, counted, registered, running) => {
      const { simulator, job, news, clock, client } = await busy();
      expect(simulator.completeFalsely("r-1", { registration, counted })).toBe(true);
      expect(simulator.completeFalsely("r-1", { registration, counted })).toBe(false);
      const { messages, statistics } = await news();
      expect(messages).toMatchObject([{ messageType: "JobCompleted", runnerName: "r-1", result: "failed" }]);
      expect(statistics.totalRunningJobs).toBe(running);
      expect(simulator.state().runners).toHaveLength(registered);
      const { runnerId = 0 } = simulator.journal.entries({ runner: "r-1" })[0] ?? {};
      expect((await client.agents("DELETE", `/${runnerId}`)).status).toBe(registered === 0 ? 404 : 400);
      expect(simulator.violations()).toEqual([]);
      await clock.runFor(60_000);
      await job.complete();
      expect(simulator.summary()).toMatchObject({ succeeded: 1, lost: 0, open: 0, leaked: 0 });
      expect(simulator.violations()).toEqual([]);
      const ends = simulator.journal.lifeOf(simulator.jobs()[0]?.id ?? 0).filter(({ subject }) => subject === "job");
      expect(ends.slice(-2).map(({ event }) => event)).toEqual(["completed-falsely", "completed"]);
    },
  );

  test("a runner without a job, or none, can't be taken for one that completed", async () => {
    const { simulator, client } = await world();
    await client.jit(await client.createSet(), "r-1");
    expect([simulator.completeFalsely("r-1"), simulator.completeFalsely("r-2")]).toEqual([false, false]);
  });
});

test("by hand: a scale set is renamed, relabelled, moved, deleted and made again", async () => {
  const { simulator, client } = await world();
  const id = await client.createSet();
  const group = simulator.addRunnerGroup("acme", "others");
  expect(simulator.editScaleSet(id, { name: "by-hand", labels: [{ name: "other" }], runnerGroupId: group })).toBe(true);
  expect((await client.sets("GET", `/${id}`)).body).toMatchObject({
    name: "by-hand",
    labels: [{ name: "other" }],
    runnerGroupId: group,
  });
  expect(simulator.editScaleSet(999, {})).toBe(false);
  simulator.removeScaleSet(id);
  const again = simulator.createScaleSet("acme", { name: "linux", labels: [{ name: "other" }] });
  expect(again).not.toBe(id);
  expect((await client.sets("GET", `/${again}`)).body).toMatchObject({ name: "linux", labels: [{ name: "other" }] });
  expect(() => simulator.createScaleSet("a/b/c/d", { name: "linux" })).toThrow(TypeError);
});

test("each ready fault of agents, acquiring and statistics is a valid one", async () => {
  const { simulator } = await world();
  const { F1, agents, acquire, statistics } = faultCatalogue;
  for (const fault of [...F1, ...agents, ...acquire, ...statistics]) simulator.faults.add(fault);
  expect(simulator.faults.size).toBe(F1.length + agents.length + acquire.length + statistics.length);
});

test("from outside: incidents, edits by hand and rules have control routes", async () => {
  const { simulator, client } = await world();
  const setId = await client.createSet();
  const { origin } = new URL(simulator.configUrl());
  const control = (method: string, path: string, json?: unknown) =>
    send(simulator.fetch, `${origin}/_simulator${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(json === undefined ? {} : { json }),
    });
  const statuses = async (...calls: readonly Promise<Raw>[]) => (await Promise.all(calls)).map(({ status }) => status);
  expect(
    await statuses(
      control("PATCH", `/scale-sets/${setId}`, { labels: [{ name: "other" }] }),
      control("PATCH", "/scale-sets/999", {}),
      control("POST", "/scale-sets", { scope: "acme", name: "second" }),
      control("POST", "/scale-sets", { scope: "acme", name: "second" }),
      control("DELETE", `/scale-sets/${setId}/messages`),
      control("POST", `/scale-sets/${setId}/deaf-queue`, { for: "10m" }),
      control("POST", `/scale-sets/${setId}/restart-message-ids`),
      control("POST", "/runners/nobody/false-completion", { registration: "kept" }),
      control("PATCH", "/rules", { messageTtlMs: "5m", refreshStatistics: "empty" }),
      control("PATCH", "/rules", { goneKept: 1 }),
    ),
  ).toEqual([204, 404, 201, 400, 200, 204, 204, 404, 204, 400]);
  expect(simulator.rules).toMatchObject({ messageTtlMs: 300_000, refreshStatistics: "empty", goneKept: 1_000 });
  expect(simulator.state().scaleSets.map(({ labels }) => labels)).toEqual([["other"], ["second"]]);
});
