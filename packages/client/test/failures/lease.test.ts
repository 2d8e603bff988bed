import { expect, test } from "vitest";
import { Arena, of } from "./arena.js";

const sessionOf = (arena: Arena) => arena.simulator.state().scaleSets[0]?.session;

test("F1: a session that a killed process recorded is closed, and its successor polls without waiting for it to expire", async () => {
  await using arena = await Arena.open();
  const left = await arena.client.openMessageSession(arena.scaleSetId, { owner: "host-1" });
  const { scaleSetId, sessionId } = left;
  const startedAt = performance.now();
  const { states } = arena.listen({}, { recordedSession: { scaleSetId, sessionId } });
  await arena.until(() => sessionOf(arena)?.polling === true, "it polls");
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(of(states, "waiting")).toEqual([]);
  expect(arena.count("close-session", 204)).toBe(1);
  expect(arena.count("open-session", 409)).toBe(1);
});

test("F1: a recorded session never costs another owner's session its life", async () => {
  await using arena = await Arena.open();
  const left = await arena.client.openMessageSession(arena.scaleSetId, { owner: "host-1" });
  const { scaleSetId, sessionId } = left;
  await left.close();
  const rival = await arena.client.openMessageSession(scaleSetId, { owner: "rival" });
  const { states } = arena.listen({}, { recordedSession: { scaleSetId, sessionId } });
  await arena.until(() => of(states, "standby").length >= 3, "it stands by");
  expect(arena.count("close-session")).toBe(1);
  await expect(rival.refresh()).resolves.toBeDefined();
});

test.each(["RunnerAdminException", "RunnerScaleSetSessionExpiredException"] as const)(
  "F3: a refresh that is refused for good (%s) ends the session and its held poll at once, not when the poll ends",
  async (refusal) => {
    await using arena = await Arena.open({ simulator: { pollHoldMs: 20_000 } });
    const told: string[] = [];
    const { listener } = arena.listen(
      {},
      {
        observer: {
          onSessionLost: ({ generation }) => told.push(`lost ${generation}`),
          onSessionOpened: ({ generation }) => told.push(`opened ${generation}`),
        },
      },
    );
    await arena.until(() => sessionOf(arena)?.polling === true, "a poll is held");
    arena.simulator.faults.add({ call: "refresh-session", count: 1, effect: { kind: "refusal", refusal } });
    const startedAt = performance.now();
    await expect(listener.refresh()).rejects.toMatchObject({ code: "SESSION_EXPIRED" });
    expect(told).toEqual(["opened 1", "lost 1"]);
    await arena.until(() => told.length === 3 && sessionOf(arena)?.polling === true, "the next session polls");
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(arena.count("refresh-session")).toBe(1);
  },
);

test("a session without polls accepts no job, stays ours by refreshes, and gives the jobs out once polls are sent", async () => {
  await using arena = await Arena.open({ simulator: { sessionTimeoutMs: 400 } });
  const assigned: string[] = [];
  const opened: number[] = [];
  const { listener, states } = arena.listen(
    { onJobAssigned: ({ jobId }) => void assigned.push(jobId) },
    { polling: false, observer: { onSessionOpened: ({ generation }) => void opened.push(generation) } },
  );
  await arena.until(() => of(states, "unpolled").length === 1, "the session is open");
  arena.simulator.queueJob({ scaleSet: "linux" });
  for (let i = 0; i < 8; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await listener.refresh();
  }
  expect([arena.count("get-message"), assigned.length, opened.length]).toEqual([0, 0, 1]);
  listener.setPolling(true);
  await arena.until(() => assigned.length === 1, "the job arrives");
  listener.setPolling(false);
  await arena.until(() => sessionOf(arena)?.polling === false, "the poll is ended");
  expect(sessionOf(arena)?.ownerName).toBe("host-1");
});

test("a capacity lowered at once reaches the service within its time, while a poll is held", async () => {
  await using arena = await Arena.open({ simulator: { pollHoldMs: 20_000 } });
  const { listener } = arena.listen({}, { maxCapacity: 5, timings: { capacityRaiseMs: 200 } });
  await arena.until(() => sessionOf(arena)?.capacity === 5, "a poll is held");
  const startedAt = performance.now();
  listener.setMaxCapacity(2, { lowerAtOnce: true });
  await arena.until(() => sessionOf(arena)?.capacity === 2, "the service knows");
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(arena.count("open-session")).toBe(1);
});

test("jobs offered beyond what is announced now are kept, and acquired as room comes (GHES)", async () => {
  await using arena = await Arena.open({ simulator: { assignment: "acquire" } });
  const { listener } = arena.listen({ onMessage: () => listener.setMaxCapacity(2) }, { maxCapacity: 5 });
  await arena.until(() => sessionOf(arena)?.capacity === 5, "it polls");
  arena.simulator.queueJobs(Array.from({ length: 5 }, () => ({ scaleSet: "linux" })));
  const assigned = (): number => arena.simulator.state().scaleSets[0]?.statistics.totalAssignedJobs ?? 0;
  await arena.until(() => assigned() === 2, "two are acquired");
  await arena.until(() => arena.simulator.state().scaleSets[0]?.unacknowledgedMessages === 0, "all is acknowledged");
  expect(assigned()).toBe(2);
  listener.setMaxCapacity(4);
  await arena.until(() => assigned() === 4, "two more are");
  await listener.refresh();
  await arena.until(() => arena.count("list-acquirable-jobs", 200) >= 1, "the list is read, as one is available");
  expect(assigned()).toBe(4);
});
