import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HostImage, makeHostImage } from "../../src/host-image.js";
import { SCALE_SET } from "./daemon.js";
import { type Daemon, FleetStage, until } from "./fleet-stage.js";
import { TestEngine } from "./test-engine.js";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url)).replace(/\/$/, "");
const JOBS = 24;

/** An engine of our own, to be killed. */
let engine: TestEngine;
let image: HostImage["options"];

beforeAll(async () => {
  engine = await TestEngine.start();
  const made = await makeHostImage({
    engine: { host: engine.host },
    paths: [ROOT],
    signal: AbortSignal.timeout(60_000),
  });
  image = made.options;
});

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
});

interface Middle {
  readonly stage: FleetStage;
  readonly daemon: Daemon;
  /** Starts the next daemon. */
  again(): Daemon;
  /** Containers at the moment before anything was killed. */
  readonly containers: ReadonlySet<string>;
}

/** Jobs under way: some have run, some run, most wait. What the service ends itself, it ends soon. */
async function inTheMiddle(act: (middle: Middle) => Promise<void>, jobs = JOBS, jobS = 2): Promise<void> {
  await using stage = await FleetStage.set({ jobLockMs: 40_000, runnerTimeoutMs: 5_000 });
  const { simulator } = stage;
  const orders = stage.orders({ maxRunners: 6, docker: { ...image, engine: { host: engine.host } } });
  simulator.queueJobs(
    Array.from({ length: jobs }, (_, index) => ({ scaleSet: SCALE_SET, script: `sleep ${index < 4 ? 1 : jobS}` })),
  );
  const daemon = stage.startDaemon(orders);
  await until(
    "some jobs have run and others run",
    () => simulator.summary().succeeded >= 3 && simulator.state().jobs.running >= 2,
    60_000,
    () => daemon.output().slice(-3_000),
  );
  const { containers } = await engine.contents();
  const names = new Set(containers.map((name) => name.slice(1)));
  await act({ stage, daemon, again: () => stage.startDaemon(orders), containers: names });
}

/** Everything came to its end by itself, and nothing is left. */
async function settles({ simulator }: FleetStage, daemon: () => Daemon): Promise<void> {
  let seen = "";
  const state = (): unknown => [seen, simulator.summary(), daemon().output().slice(-4_000)];
  await until("every job has ended", () => simulator.summary().open === 0, 120_000, state);
  await until("no registration is left", () => simulator.state().runners.length === 0, 60_000, state);
  const empty = { containers: [], networks: [], volumes: [] };
  const left = async (): Promise<string> => {
    seen = JSON.stringify(await engine.contents());
    return seen;
  };
  await until("nothing is left in the engine", async () => (await left()) === JSON.stringify(empty), 60_000, state);
}

describe("killed in the middle", () => {
  test("an engine with live-restore comes back, and no job is lost", async () => {
    await engine.kill("SIGTERM");
    await engine.up({ liveRestore: true });
    await inTheMiddle(async ({ stage, daemon }) => {
      await engine.kill();
      await until("the daemon has seen it", () => /no Docker engine|gave no answer/.test(daemon.output()), 30_000);
      await engine.up({ liveRestore: true });
      await settles(stage, () => daemon);
      expect(stage.simulator.summary()).toMatchObject({ succeeded: JOBS, lost: 0, twice: 0, leaked: 0 });
    });
  });

  test("an engine without it ends the containers it had: their jobs are lost with it, all others run, nothing leaks", async () => {
    await engine.kill("SIGTERM");
    await engine.up();
    await inTheMiddle(
      async ({ stage, daemon, containers }) => {
        await engine.kill();
        await engine.up();
        await settles(stage, () => daemon);
        const { succeeded, lost, twice, leaked } = stage.simulator.summary();
        const killed = stage.simulator.jobs().filter((job) => job.lost);
        console.log(`the engine took ${killed.length} of 12 jobs with it`);
        expect(killed.every(({ runnerName }) => runnerName !== undefined && containers.has(runnerName))).toBe(true);
        expect({ all: succeeded + lost, twice, leaked }).toEqual({ all: 12, twice: 0, leaked: 0 });
        expect(lost).toBe(killed.length);
        expect(lost).toBeGreaterThan(0);
        expect(lost).toBeLessThanOrEqual(6);
      },
      12,
      // Longer than the ten seconds that an engine gives containers to end.
      18,
    );
  });

  test("a daemon leaves its containers working, and the next one brings everything to its end", async () => {
    await inTheMiddle(async ({ stage, daemon, again }) => {
      const atWork = stage.simulator.jobs().filter(({ state }) => state === "running");
      daemon.kill("SIGKILL");
      await daemon.ended;
      const next = again();
      await settles(stage, () => next);
      expect(stage.simulator.summary()).toMatchObject({ succeeded: JOBS, lost: 0, twice: 0, leaked: 0 });
      for (const { id, attempt, runnerName } of atWork)
        expect(stage.simulator.job(id)).toMatchObject({ attempt, runnerName, result: "succeeded" });
    });
  });

  test("both at once: an engine with live-restore and the next daemon lose nothing", async () => {
    await engine.kill("SIGTERM");
    await engine.up({ liveRestore: true });
    await inTheMiddle(async ({ stage, daemon, again }) => {
      daemon.kill("SIGKILL");
      await engine.kill();
      await daemon.ended;
      // The daemon comes up first, to an engine that is not there.
      const next = again();
      await until("it has missed the engine", () => next.output().includes("no Docker engine"), 30_000);
      await engine.up({ liveRestore: true });
      await settles(stage, () => next);
      expect(stage.simulator.summary()).toMatchObject({ succeeded: JOBS, lost: 0, twice: 0, leaked: 0 });
    });
  });
}, 300_000);
