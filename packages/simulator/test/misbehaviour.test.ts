import { spawn } from "node:child_process";
import { createSimulator, type RunnerBehaviour, runSimulatedRunner, simulatedRunnerPath } from "@scaleset/simulator";
import { afterEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "./kit/temporary-folder.js";
import { RawClient, type RawSession, world } from "./raw-client.js";

/** Every way in which a runner misbehaves, told in its JIT config: whoever starts it need not know. */

const over: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of over.splice(0)) await end();
});

/** Polls and acknowledges, so that jobs are assigned. */
async function listen(client: RawClient, session: RawSession): Promise<void> {
  const stop = new AbortController();
  over.push(() => stop.abort(new Error("over")));
  for (let last = 0; ; ) {
    const answer = await client.poll(session, { last, signal: stop.signal }).catch(() => undefined);
    if (answer === undefined) return;
    if (answer.status !== 200) continue;
    last = answer.body.messageId;
    await client.acknowledge(session, last).catch(() => undefined);
  }
}

describe("in process, under virtual time", () => {
  async function runner(behaviour: RunnerBehaviour, { job = false, minutes = 10 } = {}) {
    const it = await world({ jobLockMs: 300_000 });
    const { simulator, client, clock } = it;
    const setId = await client.createSet();
    void listen(client, await client.openSession(setId));
    simulator.misbehaveRunners([{ behaviour }]);
    const kill = new AbortController();
    over.push(() => kill.abort(new Error("over")));
    const startedMs = clock.now();
    let exit: number | undefined;
    let exitMs = 0;
    const jitConfig = await client.jit(setId, "r-1");
    const life = { jitConfig, fetch: simulator.fetch, clock, kill: kill.signal, returnVersionDeprecatedExitCode: true };
    void runSimulatedRunner(life).then((code) => {
      exit = code;
      exitMs = clock.now() - startedMs;
    });
    if (job) simulator.queueJob({ runsOn: "linux", durationMs: 60_000 });
    await clock.runFor(minutes * 60_000);
    const events = simulator.journal
      .entries({ runner: "r-1", subject: "runner" })
      .map(({ event, cause, atMs }) => ({ event, cause, afterMs: atMs - startedMs }));
    return { simulator, exit: () => exit, exitMs: () => exitMs, events };
  }

  test("late: online only after its delay", async () => {
    const { events } = await runner({ startDelayMs: 90_000 });
    expect(events.find(({ event }) => event === "online")?.afterMs).toBe(90_000);
  });

  test("never online: it runs, holds its registration, and nobody sees it", async () => {
    const { simulator, exit, events } = await runner({ neverOnline: true }, { job: true, minutes: 4 });
    expect(events.map(({ event }) => event)).toEqual(["registered"]);
    expect(exit()).toBeUndefined();
    expect(simulator.summary()).toMatchObject({ leaked: 1, open: 1 });
  });

  test("exits idle: 0 without a job, and leaves its registration behind", async () => {
    const { simulator, exit, exitMs } = await runner({ exitIdleAfterMs: 30_000 });
    expect([exit(), exitMs()]).toEqual([0, 30_000]);
    expect(simulator.summary()).toMatchObject({ leaked: 1, succeeded: 0 });
  });

  test("outdated: exit code 7, which the wrapper lets through where the environment asks for it", async () => {
    const { exit, simulator } = await runner({ outdated: true }, { job: true, minutes: 4 });
    expect(exit()).toBe(7);
    expect(simulator.summary().open).toBe(1);
  });

  test("crashes at work: not a word more, and its job is given up when its lock ends, as nobody's loss", async () => {
    const { simulator, exit, exitMs } = await runner({ crashAfterMs: 20_000 }, { job: true });
    expect([exit(), exitMs()]).toEqual([137, 20_000]);
    expect(simulator.summary()).toMatchObject({ hostDied: 1, lost: 0, open: 0 });
  });

  test("outlives its job: its registration is gone, and it runs on", async () => {
    const { simulator, exitMs, events } = await runner({ lingerMs: 120_000 }, { job: true });
    expect(simulator.summary()).toMatchObject({ succeeded: 1, leaked: 0 });
    const removedMs = events.find(({ event }) => event === "removed")?.afterMs ?? 0;
    expect(exitMs() - removedMs).toBe(120_000);
  });

  test("its registration deleted under it: it hears so at its poll, and exits", async () => {
    const { simulator, exit, exitMs } = await runner({ registrationDroppedAfterMs: 45_000 });
    expect([exit(), exitMs()]).toEqual([0, 45_000]);
    expect(simulator.summary().leaked).toBe(0);
  });

  test("outlives its registration: it is told that it is gone, and lives on without a word (actions/runner#4617)", async () => {
    const { simulator, exit, events } = await runner(
      { outlivesRegistration: true, registrationDroppedAfterMs: 45_000 },
      { minutes: 30 },
    );
    expect(events.map(({ event }) => event)).toEqual(["registered", "online", "offline", "removed"]);
    expect(exit()).toBeUndefined();
    const removed = simulator.journal.entries({ runner: "r-1" }).at(-1);
    expect(simulator.journal.entries({ call: "runner-get-message" }).at(-1)?.atMs).toBe(removed?.atMs);
  });

  test("its JIT config used twice: one of the two is refused, and the job runs once", async () => {
    const { simulator } = await runner({ usedTwice: true }, { job: true });
    expect(simulator.summary()).toMatchObject({ succeeded: 1, twice: 0 });
    const conflicts = simulator.journal
      .entries({ call: "runner-open-session" })
      .filter(({ refusal }) => refusal === "TaskAgentSessionConflictException");
    expect(conflicts.length).toBeGreaterThan(0);
  });
});

describe("as a program, over HTTP", () => {
  async function program(behaviour: RunnerBehaviour, { seconds = 0 }: { seconds?: number } = {}) {
    const simulator = createSimulator({ pollHoldMs: 200 });
    over.push(() => simulator.close());
    await simulator.listen();
    const client = await RawClient.connect(simulator, { fetch: (input, init) => fetch(input, init) });
    const setId = await client.createSet();
    void listen(client, await client.openSession(setId));
    simulator.misbehaveRunners([{ behaviour, count: 1 }]);
    if (seconds > 0) simulator.queueJob({ runsOn: "linux", script: `sleep ${seconds}` });
    const start = async (name: string) => {
      const env = {
        PATH: process.env["PATH"] ?? "",
        ACTIONS_RUNNER_INPUT_JITCONFIG: await client.jit(setId, name),
        ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE: "1",
      };
      const cwd = temporaryFolder();
      const started = spawn(process.execPath, [simulatedRunnerPath], { cwd, env, stdio: "ignore" });
      over.push(() => started.kill("SIGKILL"));
      return started;
    };
    const child = await start("r-1");
    const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const happened = (event: string) =>
      simulator.when(() => simulator.journal.entries({ runner: "r-1" }).some((entry) => entry.event === event));
    const at = (event: string) =>
      simulator.journal.entries({ runner: "r-1", subject: "runner" }).find((entry) => entry.event === event)?.atMs ?? 0;
    return { simulator, start, child, exit, happened, at };
  }

  test("late", async () => {
    const { happened, at } = await program({ startDelayMs: 300 });
    await happened("online");
    expect(at("online") - at("registered")).toBeGreaterThanOrEqual(300);
  });

  test("never online: it lives until it is killed", async () => {
    const { simulator, start, child, exit } = await program({ neverOnline: true }, { seconds: 0.1 });
    // Another one that came after it has had a whole life meanwhile.
    await start("r-2");
    await simulator.settled();
    expect(simulator.state().runners).toMatchObject([{ name: "r-1", everOnline: false }]);
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
  });

  test("exits idle", async () => {
    const { simulator, exit } = await program({ exitIdleAfterMs: 200 });
    expect(await exit).toBe(0);
    expect(simulator.state().runners).toMatchObject([{ everOnline: true, job: undefined }]);
  });

  test("outdated: exit code 7", async () => {
    expect(await (await program({ outdated: true })).exit).toBe(7);
  });

  test("crashes at work: its job is left running at the service", async () => {
    const { simulator, exit } = await program({ crashAfterMs: 200 }, { seconds: 30 });
    expect(await exit).toBe(0);
    expect(simulator.jobs()).toMatchObject([{ state: "running" }]);
  });

  test("outlives its job", async () => {
    const { happened, exit, at } = await program({ lingerMs: 400 }, { seconds: 0.1 });
    await happened("removed");
    expect(await exit).toBe(0);
    expect(Math.round(performance.timeOrigin + performance.now()) - at("removed")).toBeGreaterThanOrEqual(390);
  });

  test("its registration deleted under it", async () => {
    const { simulator, exit } = await program({ registrationDroppedAfterMs: 200 });
    expect(await exit).toBe(0);
    expect(simulator.state().runners).toEqual([]);
  });

  test("its JIT config used twice", async () => {
    const { simulator } = await program({ usedTwice: true }, { seconds: 0.1 });
    await simulator.settled();
    const conflict = (): boolean =>
      simulator.journal.entries({ call: "runner-open-session" }).some(({ status }) => status === 409 || status === 401);
    await simulator.when(conflict);
    expect(simulator.summary()).toMatchObject({ succeeded: 1, twice: 0 });
  });
});
