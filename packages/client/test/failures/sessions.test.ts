import { expect, test } from "vitest";
import { Arena, of } from "./arena.js";

test("F1: a session that somebody else holds is waited for with jitter, by name, and taken once it is free", async () => {
  await using arena = await Arena.open();
  const other = await arena.client.openMessageSession(arena.scaleSetId, { owner: "rival" });
  const { states } = arena.listen({});
  await arena.until(() => of(states, "standby").length >= 6, "it stood by six times");
  const waits = of(states, "standby");
  expect(waits.every(({ holder }) => holder === "rival")).toBe(true);
  // Between half and all of 20, 40, 80, 80 …: never at once, and never all alike.
  for (const { retryInMs } of waits) expect(retryInMs).toBeGreaterThanOrEqual(10);
  for (const { retryInMs } of waits) expect(retryInMs).toBeLessThanOrEqual(80);
  expect(new Set(waits.map(({ retryInMs }) => retryInMs)).size).toBeGreaterThan(3);
  expect(arena.count("open-session", 409)).toBe(waits.length);
  expect(arena.count("get-message")).toBe(0);
  const told = arena.logged.filter((line) => line.startsWith("info no session yet"));
  expect(told, "it stands by for days, and says so once").toHaveLength(1);
  expect(told[0]).toContain("rival holds it");
  await other.close();
  await arena.until(() => arena.count("get-message") > 0 || of(states, "polling").length > 0, "it polls");
  expect(arena.count("refresh-session")).toBe(0);
});

test("F1: a session of our own name, left by a process that was killed, is waited for as our own", async () => {
  await using arena = await Arena.open({ simulator: { sessionTimeoutMs: 300 } });
  await arena.client.openMessageSession(arena.scaleSetId, { owner: "host-1" });
  const { states } = arena.listen({});
  await arena.until(() => of(states, "polling").length > 0, "the old session has ended");
  expect(of(states, "waiting").some(({ reason }) => reason === "own-session")).toBe(true);
  expect(of(states, "standby")).toEqual([]);
});

test.each([
  ["unknown to the service's store (404)", "RunnerAdminException"],
  ["expired (400)", "RunnerScaleSetSessionExpiredException"],
] as const)("F3: a session that is %s is replaced in place, and the cursor stays", async (_, refusal) => {
  await using arena = await Arena.open();
  const handled: number[] = [];
  const opened: number[] = [];
  const { states } = arena.listen(
    { onMessage: ({ messageId }) => void handled.push(messageId) },
    { observer: { onSessionOpened: ({ generation }) => void opened.push(generation) } },
  );
  arena.simulator.queueJob({ scaleSet: "linux" });
  await arena.until(() => arena.count("acknowledge-message", 204) === 1, "the first message is acknowledged");
  arena.simulator.faults.add({ call: "refresh-session", count: 1, effect: { kind: "refusal", refusal } });
  arena.simulator.revokeTokens("queue");
  // A poll that is held already goes on: the next one meets the refusal.
  arena.simulator.queueJob({ scaleSet: "linux" });
  await arena.until(() => opened.length === 2, "a second session is open");
  await arena.until(() => handled.length === 2, "the second message is handled");
  expect(handled).toEqual([1, 2]);
  expect(of(states, "polling").at(-1)?.lastMessageId).toBeGreaterThanOrEqual(1);
  expect(arena.count("refresh-session")).toBe(1);
  expect(arena.count("open-session")).toBe(2);
  expect(arena.count("create-scale-set")).toBe(1);
});

test("F4: a scale set that was removed is looked up twice, made again, and the cursor starts anew", async () => {
  await using arena = await Arena.open();
  const handled: number[] = [];
  const asked: number[] = [];
  const { states } = arena.listen(
    { onMessage: ({ messageId }) => void handled.push(messageId) },
    {
      resolveScaleSet: async ({ attempt, lostId, signal }) => {
        asked.push(lostId ?? 0);
        const found = await arena.client.getRunnerScaleSet(1, "linux", { signal });
        if (found !== undefined) return found.id;
        if (attempt < 2) return undefined;
        return (await arena.client.createRunnerScaleSet({ name: "linux", runnerGroupId: 1 }, { signal })).id;
      },
    },
  );
  arena.simulator.queueJobs(Array.from({ length: 2 }, () => ({ scaleSet: "linux" })));
  await arena.until(() => arena.count("acknowledge-message", 204) >= 1, "messages are acknowledged");
  const before = of(states, "polling").length;
  arena.simulator.removeScaleSet(arena.scaleSetId);
  await arena.until(
    () =>
      of(states, "polling")
        .slice(before)
        .some(({ generation }) => generation === 2),
    "the new set is polled",
  );
  const first = of(states, "polling").find(({ generation }) => generation === 2);
  expect(first?.lastMessageId).toBe(0);
  expect(asked).toEqual([arena.scaleSetId, arena.scaleSetId]);
  expect(of(states, "waiting").some(({ reason }) => reason === "scale-set-missing")).toBe(true);
  expect(arena.count("create-scale-set")).toBe(2);
  expect(arena.count("delete-scale-set")).toBe(0);
});

test("F4: a scale set that an incident only hid is found again, not made again", async () => {
  await using arena = await Arena.open();
  arena.simulator.faults.add({
    call: "open-session",
    count: 3,
    effect: { kind: "refusal", refusal: "RunnerScaleSetNotFoundException" },
  });
  arena.listen({});
  arena.simulator.queueJob({ scaleSet: "linux" });
  await arena.until(() => arena.count("acknowledge-message", 204) === 1, "the job arrives");
  expect(arena.count("open-session", 404)).toBe(3);
  expect(arena.count("list-scale-sets")).toBe(3);
  expect(arena.count("create-scale-set")).toBe(1);
});

test.each([
  ["without a queue", { messageQueueUrl: "" }],
  ["of no id", { sessionId: "00000000-0000-0000-0000-000000000000" }],
  ["without statistics", { statistics: null }],
])("F5: a session %s is a failed open: closed, and tried again", async (what, body) => {
  await using arena = await Arena.open({ simulator: { sessionTimeoutMs: 300 } });
  arena.simulator.faults.add({ call: "open-session", count: 1, effect: { kind: "patch", body } });
  const read: number[] = [];
  const { states } = arena.listen({ onStatistics: ({ totalAssignedJobs }) => void read.push(totalAssignedJobs) });
  await arena.until(() => of(states, "polling").length > 0, "it polls");
  expect(of(states, "waiting").length).toBeGreaterThan(0);
  // What has no id can't be closed; it ends by its own time.
  expect(arena.count("close-session")).toBe(what === "of no id" ? 0 : 1);
  expect(read).toEqual([0]);
});

test("401 on poll, acknowledge and acquire at once costs one refresh, and each is repeated once", async () => {
  await using arena = await Arena.open({ simulator: { assignment: "acquire" } });
  const session = await arena.client.openMessageSession(arena.scaleSetId, { owner: "host-1" });
  arena.simulator.queueJob({ scaleSet: "linux" });
  const first = await session.getMessage({ maxCapacity: 3 });
  const [job] = first?.jobs ?? [];
  const requestId = job?.messageType === "JobAvailable" ? job.runnerRequestId : "";
  arena.simulator.revokeTokens("queue");
  arena.simulator.faults.add({ call: "refresh-session", effect: { kind: "latency", ms: 50 } });
  arena.simulator.queueJob({ scaleSet: "linux" });
  const [, acquired, next] = await Promise.all([
    session.acknowledge(first?.messageId ?? 0),
    session.acquireJobs([requestId]),
    session.getMessage({ maxCapacity: 3, lastMessageId: first?.messageId }),
  ]);
  expect(acquired).toEqual([requestId]);
  expect(next?.messageId).toBeGreaterThan(first?.messageId ?? 0);
  expect(arena.count("refresh-session")).toBe(1);
  for (const call of ["acknowledge-message", "acquire-jobs", "get-message"] as const) {
    expect(arena.count(call, 401)).toBe(1);
  }
  expect(arena.count("open-session")).toBe(1);
});

test.each(["get-message", "acknowledge-message"] as const)(
  "a queue that refuses a token again after its refresh is not asked a third time (%s)",
  async (call) => {
    await using arena = await Arena.open();
    const session = await arena.client.openMessageSession(arena.scaleSetId, { owner: "host-1" });
    arena.simulator.faults.add({ call, effect: { kind: "refusal", refusal: "UnauthorizedException" } });
    const calling = call === "get-message" ? session.getMessage({ maxCapacity: 1 }) : session.acknowledge(1);
    await expect(calling).rejects.toMatchObject({ code: "QUEUE_TOKEN_EXPIRED", operation: expect.any(String) });
    expect([arena.count(call), arena.count("refresh-session")]).toEqual([2, 1]);
  },
);

test("a failure while closing hides neither why a block was left nor why a listener ended", async () => {
  await using arena = await Arena.open();
  arena.simulator.faults.add({ call: "close-session", effect: { kind: "answer", status: 500 } });
  const left = async (): Promise<void> => {
    await using session = await arena.client.openMessageSession(arena.scaleSetId, { owner: "host-1" });
    throw new Error(`the real reason, with ${session.owner}`);
  };
  await expect(left()).rejects.toThrow("the real reason, with host-1");
  expect(arena.logged.some((line) => line.startsWith("warn") && line.includes("could not be closed"))).toBe(true);
});
