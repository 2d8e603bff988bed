import { runSimulatedRunner, type Simulator, type VirtualClock } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { jobMessages, type RawClient, type RawSession, world } from "./raw-client.js";

const minuteMs = 60_000;

/** A client that reads and acknowledges everything, and keeps it. */
function listener(client: RawClient, session: RawSession, capacity = 10) {
  const seen: Record<string, unknown>[] = [];
  const stop = new AbortController();
  const run = async (): Promise<void> => {
    for (let last = 0; !stop.signal.aborted; ) {
      const answer = await client.poll(session, { last, capacity, signal: stop.signal });
      if (answer.status !== 200 && answer.status !== 202) return;
      if (answer.status === 202) continue;
      seen.push(...jobMessages(answer));
      last = answer.body.messageId;
      await client.acknowledge(session, last);
    }
  };
  const done = run().catch(() => undefined);
  return { seen, stop: () => stop.abort(), done };
}

async function startRunner(
  world: { simulator: Simulator; client: RawClient; clock: VirtualClock },
  setId: number,
  name: string,
) {
  const jitConfig = await world.client.jit(setId, name);
  const stop = new AbortController();
  const kill = new AbortController();
  const exit = runSimulatedRunner({
    jitConfig,
    fetch: world.simulator.fetch,
    clock: world.clock,
    signal: stop.signal,
    kill: kill.signal,
  });
  return { exit, stop: () => stop.abort(new Error("SIGTERM")), kill: () => kill.abort(new Error("SIGKILL")) };
}

test("jobs are assigned up to the announced capacity, the oldest first, and the rest when there is room", async () => {
  const { clock, simulator, client } = await world();
  const session = await client.openSession(await client.createSet());
  const jobs = simulator.queueJobs([1, 2, 3].map((n) => ({ runsOn: "linux", displayName: `n${n}` })));
  const first = await client.poll(session, { capacity: 2 });
  expect(jobMessages(first).map((message: { jobDisplayName: string }) => message.jobDisplayName)).toEqual(["n1", "n2"]);
  expect(simulator.state().jobs).toMatchObject({ queued: 1, assigned: 2 });
  simulator.cancelJob(jobs[0]?.id ?? 0);
  await clock.drain();
  expect(simulator.state().jobs).toMatchObject({ queued: 0, assigned: 2, completed: 1 });
});

test("a job goes only where all its labels, its repository and its scale set fit", async () => {
  const { clock, simulator, client } = await world({ path: "acme/app" });
  const setId = await client.createSet("gpu", { labels: [{ name: "gpu" }, { name: "Linux" }] });
  const listening = listener(client, await client.openSession(setId));
  await clock.drain();
  simulator.queueJob({ runsOn: ["linux", "gpu"], displayName: "fits" });
  simulator.queueJob({ runsOn: ["linux", "arm"], displayName: "label missing" });
  simulator.queueJob({ runsOn: "gpu", repository: "acme/other", displayName: "other repository" });
  simulator.queueJob({ runsOn: "gpu", repository: "acme/app", displayName: "same repository" });
  simulator.queueJob({ scaleSet: "cpu", displayName: "other set" });
  simulator.queueJob({ scaleSet: setId, displayName: "by id" });
  await clock.drain();
  expect(listening.seen.map((message) => message["jobDisplayName"])).toEqual(["fits", "same repository", "by id"]);
  listening.stop();
});

test("a job message carries everything the reference reads, with unset times as year 1", async () => {
  const { simulator, client } = await world({ largeIds: true });
  const session = await client.openSession(await client.createSet());
  simulator.queueJob({ runsOn: "linux", repository: "acme/app", displayName: "build" });
  const answer = await client.poll(session);
  expect(jobMessages(answer)).toEqual([
    {
      messageType: "JobAssigned",
      runnerRequestId: 0,
      repositoryName: "app",
      ownerName: "acme",
      jobId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      jobWorkflowRef: expect.stringContaining("acme/app"),
      jobDisplayName: "build",
      workflowRunId: expect.any(Number),
      eventName: "push",
      requestLabels: ["linux"],
      queueTime: "2030-01-01T00:00:00.000Z",
      scaleSetAssignTime: "2030-01-01T00:00:00.000Z",
      runnerAssignTime: "0001-01-01T00:00:00Z",
      finishTime: "0001-01-01T00:00:00Z",
    },
  ]);
  // Bare digits, more than a JavaScript number holds.
  const digits = /"workflowRunId":(\d+),/.exec(answer.body.body)?.[1] ?? "";
  expect(BigInt(digits)).toBeGreaterThan(2n ** 53n);
  expect(String(Number(digits))).not.toBe(digits);
});

test("with acquiring, a job is offered, granted once, and not granted to who asks for another", async () => {
  const { clock, simulator, client } = await world({ assignment: "acquire", largeIds: true });
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  simulator.queueJob({ runsOn: "linux" });
  const offered = await client.poll(session);
  expect(jobMessages(offered)).toMatchObject([
    { messageType: "JobAvailable", acquireJobUrl: expect.stringMatching(/^https.*acquirejobs$/) },
  ]);
  expect(offered.body.statistics).toMatchObject({ totalAvailableJobs: 1, totalAssignedJobs: 0 });
  const acquirable = await client.sets("GET", `/${setId}/acquirablejobs`);
  expect(acquirable.body.count).toBe(1);
  const id = /"runnerRequestId":(\d+),/.exec(offered.body.body)?.[1] ?? "";
  const granted = await client.acquire(session, [id, "12345"]);
  expect(granted.text).toBe(`{"count":1,"value":[${id}]}`);
  expect((await client.acquire(session, [id])).body).toEqual({ count: 0, value: [] });
  expect((await client.sets("GET", `/${setId}/acquirablejobs`)).status).toBe(204);
  const assigned = await client.poll(session, { last: 1 });
  expect(assigned.body.body).toContain(`"runnerRequestId":${id}`);
  expect(jobMessages(assigned)).toMatchObject([{ messageType: "JobAssigned" }]);
  expect(assigned.body.statistics).toMatchObject({ totalAvailableJobs: 0, totalAssignedJobs: 1 });
  await clock.drain();
});

test("offersBeyondAnnounced: more is offered than was announced, and nothing while 0 or nothing was", async () => {
  const { simulator, client } = await world({ assignment: "acquire", offersBeyondAnnounced: 2 });
  const session = await client.openSession(await client.createSet());
  for (let job = 0; job < 5; job++) simulator.queueJob({ runsOn: "linux" });
  expect(simulator.state().jobs).toMatchObject({ queued: 5, available: 0 });
  await client.poll(session, { capacity: 1 });
  expect(simulator.state().jobs).toMatchObject({ queued: 2, available: 3 });
  simulator.changeRules({ assignment: "direct" });
  await client.poll(session, { capacity: 4 });
  expect(simulator.state().jobs).toMatchObject({ queued: 1, available: 3, assigned: 1 });
});

test("an offer nobody took when the session ended is offered to the next one", async () => {
  const { simulator, client } = await world({ assignment: "acquire" });
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  simulator.queueJob({ runsOn: "linux" });
  const first = await client.poll(session);
  await client.acknowledge(session, first.body.messageId);
  await client.sets("DELETE", `/${setId}/sessions/${session.id}`);
  expect(simulator.state().jobs).toMatchObject({ queued: 1, available: 0 });
  const next = await client.poll(await client.openSession(setId));
  expect(jobMessages(next)).toMatchObject([{ messageType: "JobAvailable" }]);
});

test("a job no runner takes lapses after 5 minutes, comes back three times under new ids, and is lost then", async () => {
  const { clock, simulator, client } = await world();
  const listening = listener(client, await client.openSession(await client.createSet()));
  simulator.queueJob({ runsOn: "linux" });
  await clock.runFor(5 * minuteMs);
  expect(listening.seen.map((message) => message["messageType"])).toEqual(["JobAssigned", "JobCompleted"]);
  expect(listening.seen[1]).toMatchObject({ result: "canceled", runnerName: "" });
  expect(simulator.summary()).toMatchObject({ lapsed: 1, lost: 0, open: 1 });
  await clock.runFor(30_000);
  expect(listening.seen).toHaveLength(3);
  await clock.runFor(60 * minuteMs);
  const assigned = listening.seen.filter((message) => message["messageType"] === "JobAssigned");
  expect(assigned).toHaveLength(4);
  expect(new Set(assigned.map((message) => message["jobId"])).size).toBe(4);
  expect(new Set(assigned.map((message) => message["workflowRunId"])).size).toBe(1);
  expect(simulator.summary()).toMatchObject({ lapsed: 4, lost: 1, open: 0 });
  listening.stop();
});

test("a job queued while capacity 0 was announced is never delivered, even to later sessions", async () => {
  const { clock, simulator, client } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const poll = client.poll(session, { capacity: 0 });
  await clock.drain();
  simulator.queueJob({ runsOn: "linux" });
  expect((await clock.runUntilSettled(poll)).status).toBe(202);
  await client.sets("DELETE", `/${setId}/sessions/${session.id}`);
  expect((await clock.runUntilSettled(client.poll(await client.openSession(setId)))).status).toBe(202);
  expect(simulator.summary()).toMatchObject({ stranded: 1, open: 0, lost: 0 });
});

test("a waiting job can be cancelled, and its listener hears of it", async () => {
  const { simulator, client } = await world();
  const session = await client.openSession(await client.createSet());
  const { id } = simulator.queueJob({ runsOn: "linux" });
  await client.poll(session);
  expect(simulator.cancelJob(id)).toBe(true);
  expect(simulator.cancelJob(id)).toBe(false);
  const told = await client.poll(session, { last: 1 });
  expect(jobMessages(told)).toMatchObject([{ messageType: "JobCompleted", result: "canceled", runnerName: "" }]);
  expect(told.body.statistics.totalAssignedJobs).toBe(0);
  expect(simulator.summary()).toMatchObject({ cancelled: 1, lost: 0 });
});

test("a running job is cancelled through its runner", async () => {
  const it = await world();
  const { clock, simulator, client } = it;
  const setId = await client.createSet();
  const listening = listener(client, await client.openSession(setId));
  const { id } = simulator.queueJob({ runsOn: "linux", durationMs: 60 * minuteMs });
  const runner = await startRunner(it, setId, "r-1");
  await clock.runUntil(() => simulator.job(id)?.state === "running");
  await clock.runFor(10_000);
  simulator.cancelJob(id);
  expect(await clock.runUntilSettled(runner.exit, { limitMs: 10_000 })).toBe(0);
  await clock.drain();
  expect(listening.seen.at(-1)).toMatchObject({ messageType: "JobCompleted", result: "canceled", runnerName: "r-1" });
  expect(simulator.summary()).toMatchObject({ cancelled: 1, lost: 0, leaked: 0 });
  listening.stop();
});

test("an idle runner can be removed, a busy one cannot", async () => {
  const it = await world();
  const { clock, simulator, client } = it;
  const setId = await client.createSet();
  const listening = listener(client, await client.openSession(setId));
  const runner = await startRunner(it, setId, "r-1");
  await clock.runUntil(() => simulator.state().runners[0]?.state === "idle");
  const id = simulator.state().runners[0]?.id;
  simulator.queueJob({ runsOn: "linux", durationMs: minuteMs });
  // Matched, not even taken yet: as F7 says, the runner has just got a job.
  const refused = await client.agents("DELETE", `/${id}`);
  expect(refused.status).toBe(400);
  expect(refused.body.typeName).toContain("JobStillRunningException");
  expect(await clock.runUntilSettled(runner.exit)).toBe(0);
  const idle = await startRunner(it, setId, "r-2");
  await clock.runUntil(() => simulator.state().runners[0]?.state === "idle");
  expect((await client.agents("DELETE", `/${simulator.state().runners[0]?.id}`)).status).toBe(204);
  expect(await clock.runUntilSettled(idle.exit, { limitMs: 1_000 })).toBe(0);
  listening.stop();
});

test("a runner told to end while idle goes offline and leaves its registration, which counts as a leak", async () => {
  const it = await world();
  const { clock, simulator, client } = it;
  const setId = await client.createSet();
  const runner = await startRunner(it, setId, "r-1");
  await clock.runUntil(() => simulator.state().runners[0]?.state === "idle");
  runner.stop();
  expect(await clock.runUntilSettled(runner.exit, { limitMs: 1_000 })).toBe(0);
  expect(simulator.state().runners).toMatchObject([{ name: "r-1", state: "offline", everOnline: true }]);
  expect(simulator.summary().leaked).toBe(1);
  await clock.runFor(24 * 60 * minuteMs);
  expect(simulator.summary().leaked).toBe(0);
});

test("a runner told to end while busy loses its job", async () => {
  const it = await world();
  const { clock, simulator, client } = it;
  const setId = await client.createSet();
  const listening = listener(client, await client.openSession(setId));
  simulator.queueJob({ runsOn: "linux", durationMs: 60 * minuteMs });
  const runner = await startRunner(it, setId, "r-1");
  await clock.runUntil(() => simulator.state().runners[0]?.state === "busy");
  runner.stop();
  expect(await clock.runUntilSettled(runner.exit)).toBe(0);
  expect(simulator.summary()).toMatchObject({ lost: 1, cancelled: 0 });
  listening.stop();
});

test.each([
  ["is lost", false, { lost: 1, hostDied: 0 }],
  ["is counted apart if its host died", true, { lost: 0, hostDied: 1 }],
])("the job of a runner that was killed fails after 10 minutes, and %s", async (_title, hostDied, expected) => {
  const it = await world();
  const { clock, simulator, client } = it;
  const setId = await client.createSet();
  const listening = listener(client, await client.openSession(setId));
  simulator.queueJob({ runsOn: "linux", durationMs: 60 * minuteMs });
  const runner = await startRunner(it, setId, "r-1");
  await clock.runUntil(() => simulator.state().runners[0]?.state === "busy");
  runner.kill();
  expect(await clock.runUntilSettled(runner.exit)).toBe(137);
  if (hostDied) simulator.markHostDied("r-1");
  await clock.runFor(9 * minuteMs);
  expect(simulator.state().jobs.running).toBe(1);
  await clock.runFor(2 * minuteMs);
  expect(listening.seen.at(-1)).toMatchObject({ messageType: "JobCompleted", result: "failed", runnerName: "r-1" });
  expect(simulator.summary()).toMatchObject({ ...expected, leaked: 0 });
  listening.stop();
});

test("a long job keeps its runner for as long as it takes", async () => {
  const it = await world();
  const { clock, simulator, client } = it;
  const setId = await client.createSet();
  const listening = listener(client, await client.openSession(setId));
  simulator.queueJob({ runsOn: "linux", durationMs: 5 * 60 * minuteMs, result: "failed" });
  const runner = await startRunner(it, setId, "r-1");
  expect(await clock.runUntilSettled(runner.exit)).toBe(0);
  expect(simulator.summary()).toMatchObject({ failed: 1, lost: 0 });
  listening.stop();
});

test("a runner killed between being told of a job and taking it costs the job nothing", async () => {
  const it = await world();
  const { clock, simulator, client } = it;
  const setId = await client.createSet();
  const listening = listener(client, await client.openSession(setId));
  const first = await startRunner(it, setId, "r-1");
  await clock.runUntil(() => simulator.state().runners[0]?.state === "idle");
  first.kill();
  await clock.drain();
  simulator.queueJob({ runsOn: "linux" });
  const second = await startRunner(it, setId, "r-2");
  expect(await clock.runUntilSettled(second.exit)).toBe(0);
  expect(simulator.summary()).toMatchObject({ succeeded: 1, lost: 0, lapsed: 0, twice: 0 });
  listening.stop();
});

test("runners of a deleted scale set end, and a job that runs goes on to its end", async () => {
  const it = await world();
  const { clock, simulator, client } = it;
  const setId = await client.createSet();
  const listening = listener(client, await client.openSession(setId));
  simulator.queueJob({ runsOn: "linux", durationMs: 30 * minuteMs });
  const busy = await startRunner(it, setId, "r-1");
  await clock.runUntil(() => simulator.state().runners[0]?.state === "busy");
  const idle = await startRunner(it, setId, "r-2");
  await clock.runUntil(() => simulator.state().runners[1]?.state === "idle");
  listening.stop();
  await client.sets("DELETE", `/${setId}`);
  expect(await clock.runUntilSettled(idle.exit, { limitMs: 1_000 })).toBe(0);
  expect(await clock.runUntilSettled(busy.exit)).toBe(0);
  expect(simulator.summary()).toMatchObject({ succeeded: 1, lost: 0 });
  expect((await client.agents("GET")).body.count).toBe(0);
});

test("orphaned runners can be made to loop instead, as operators saw", async () => {
  const it = await world({ orphanedRunners: "loop" });
  const { clock, simulator, client } = it;
  const setId = await client.createSet();
  const idle = await startRunner(it, setId, "r-1");
  await clock.runUntil(() => simulator.state().runners[0]?.state === "idle");
  await client.sets("DELETE", `/${setId}`);
  let exited = false;
  void idle.exit.then(() => {
    exited = true;
  });
  await clock.runFor(3 * minuteMs);
  expect(exited).toBe(false);
  idle.kill();
  await clock.drain();
});

test("runners too old for jobs exit with 7 only where the environment asks for it", async () => {
  const { clock, simulator, client } = await world();
  const setId = await client.createSet();
  simulator.deprecateRunners();
  for (const [name, passed, code] of [
    ["r-1", true, 7],
    ["r-2", false, 0],
  ] as const) {
    const jitConfig = await client.jit(setId, name);
    const options = { jitConfig, fetch: simulator.fetch, clock, returnVersionDeprecatedExitCode: passed };
    expect(await clock.runUntilSettled(runSimulatedRunner(options))).toBe(code);
  }
});

test("a JIT config works for one runner at a time, and not at all once its registration is gone", async () => {
  const { clock, simulator, client } = await world();
  const setId = await client.createSet();
  const jitConfig = await client.jit(setId, "r-1");
  const first = runSimulatedRunner({ jitConfig, fetch: simulator.fetch, clock });
  await clock.runUntil(() => simulator.state().runners[0]?.state === "idle");
  const lines: string[] = [];
  const second = runSimulatedRunner({ jitConfig, fetch: simulator.fetch, clock, log: (line) => lines.push(line) });
  await clock.runUntilSettled(second);
  expect(lines.filter((line) => line.includes("409")).length).toBeGreaterThan(5);
  expect(simulator.state().runners).toHaveLength(1);
  simulator.dropRunner("r-1");
  expect(await clock.runUntilSettled(first, { limitMs: 1_000 })).toBe(0);
  const third = runSimulatedRunner({ jitConfig, fetch: simulator.fetch, clock, log: (line) => lines.push(line) });
  expect(await clock.runUntilSettled(third, { limitMs: 1_000 })).toBe(0);
  expect(lines.at(-1)).toContain("has been deleted");
});

test("a runner told to end while its session is being opened leaves no session behind, nor ends another one's", async () => {
  const it = await world();
  const { clock, simulator, client } = it;
  const setId = await client.createSet();
  const jitConfig = await client.jit(setId, "r-1");
  const stop = new AbortController();
  const delay = simulator.faults.add({
    call: "runner-open-session",
    effect: { kind: "latency", ms: 2_000, commit: true },
  });
  const exit = runSimulatedRunner({ jitConfig, fetch: simulator.fetch, clock, signal: stop.signal });
  await clock.runUntil(() => simulator.state().runners[0]?.state === "idle");
  stop.abort(new Error("SIGTERM"));
  expect(await clock.runUntilSettled(exit)).toBe(0);
  expect(simulator.state().runners[0]?.state).toBe("offline");
  simulator.faults.remove(delay);
  const first = runSimulatedRunner({ jitConfig, fetch: simulator.fetch, clock });
  await clock.runUntil(() => simulator.state().runners[0]?.state === "idle");
  const stopSecond = new AbortController();
  const second = runSimulatedRunner({ jitConfig, fetch: simulator.fetch, clock, signal: stopSecond.signal });
  await clock.runFor(10_000);
  stopSecond.abort(new Error("SIGTERM"));
  expect(await clock.runUntilSettled(second)).toBe(0);
  expect(simulator.state().runners[0]?.state).toBe("idle");
  simulator.dropRunner("r-1");
  await clock.runUntilSettled(first);
});

test("misbehaving runners: late, never online, exiting idle, outliving their job", async () => {
  const { clock, simulator, client } = await world();
  const setId = await client.createSet();
  const kill = new AbortController();
  const start = async (name: string, behaviour: object) =>
    runSimulatedRunner({
      jitConfig: await client.jit(setId, name),
      fetch: simulator.fetch,
      clock,
      behaviour,
      kill: kill.signal,
    });
  const state = (name: string) => simulator.state().runners.find((runner) => runner.name === name)?.state;
  void start("late", { startDelayMs: 90_000 });
  void start("never", { neverOnline: true });
  const idle = start("idle", { exitIdleAfterMs: 30_000 });
  await clock.runFor(20_000);
  expect([state("late"), state("never"), state("idle")]).toEqual(["offline", "offline", "idle"]);
  expect(await clock.runUntilSettled(idle, { limitMs: 11_000 })).toBe(0);
  await clock.runFor(90_000);
  expect([state("late"), state("never")]).toEqual(["idle", "offline"]);
  kill.abort(new Error("over"));
  const listening = listener(client, await client.openSession(setId));
  await clock.runFor(60_000);
  simulator.queueJob({ runsOn: "linux" });
  const startedMs = clock.now();
  const jitConfig = await client.jit(setId, "lingers");
  await clock.runUntilSettled(
    runSimulatedRunner({ jitConfig, fetch: simulator.fetch, clock, behaviour: { lingerMs: 90_000 } }),
  );
  expect(clock.now() - startedMs).toBeGreaterThan(90_000);
  expect(simulator.summary().succeeded).toBe(1);
  listening.stop();
});

test("a service that drops idle runners makes them exit 0 without a job", async () => {
  const it = await world({ idleRunnerTtlMs: 10 * minuteMs });
  const { clock, simulator, client } = it;
  const runner = await startRunner(it, await client.createSet(), "r-1");
  expect(await clock.runUntilSettled(runner.exit)).toBe(0);
  expect(simulator.summary()).toMatchObject({ leaked: 0, registrations: 1 });
});
