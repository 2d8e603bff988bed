import { realClock } from "@scaleset/client";
import { createSimulator } from "@scaleset/simulator";
import type { Figure } from "./figures.js";
import { inMemoryDaemon } from "./in-memory-daemon.js";

export interface BurstEffort {
  readonly rounds: number;
  readonly jobs: number;
}

const JIT_CALL_MS = 50;
const START_MS = 100;
const CONCURRENCY = 10;
/** Of a burst that is launched one after the other, so many are measured and the rest reckoned. */
const ONE_BY_ONE_SHARE = 0.1;

/**
 * A burst of jobs at an idle scale set, until the last runner is started, where the JIT call takes 50 ms and the start
 * 100 ms; against those waits alone, as many at once, and against one launch after the other.
 */
export async function benchBurst({ rounds, jobs }: BurstEffort): Promise<Figure[]> {
  const ours: number[] = [];
  const waits: number[] = [];
  const oneByOne: number[] = [];
  await burst(jobs, CONCURRENCY);
  for (let round = 0; round < rounds; round++) {
    waits.push(await waitsAlone(jobs));
    ours.push(await burst(jobs, CONCURRENCY));
    const few = Math.ceil(jobs * ONE_BY_ONE_SHARE);
    oneByOne.push((await burst(few, 1)) * (jobs / few));
  }
  const ideal = Math.ceil(jobs / CONCURRENCY) * (JIT_CALL_MS + START_MS);
  const what = `burst of ${jobs} jobs, ${CONCURRENCY} launches at once`;
  return [
    { name: `${what}, against its waits alone`, unit: "ms", ours, bare: waits, goal: 1.1 },
    { name: `${what}, against the ideal by the clock`, unit: "ms", ours, bare: [ideal], goal: undefined },
    { name: `${what}, against one launch after the other`, unit: "ms", ours, bare: oneByOne, goal: undefined },
  ];
}

/** The ideal as this machine can do it now: the same waits, as many at once, and nothing else to do. */
async function waitsAlone(jobs: number): Promise<number> {
  let left = jobs;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      await realClock.sleep(JIT_CALL_MS);
      await realClock.sleep(START_MS);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  return performance.now() - startedAt;
}

/** Milliseconds from the jobs' arrival until every one has a started runner. */
async function burst(jobs: number, launchConcurrency: number): Promise<number> {
  const clock = realClock;
  await using simulator = createSimulator();
  simulator.faults.add({ call: "generate-jit-config", effect: { kind: "latency", ms: JIT_CALL_MS } });
  let started = 0;
  let all = (): void => {};
  const done = new Promise<void>((resolve) => {
    all = resolve;
  });
  const stop = new AbortController();
  const daemon = inMemoryDaemon({
    url: simulator.configUrl("bench"),
    token: simulator.token,
    names: ["burst"],
    maxRunners: jobs,
    launchConcurrency,
    latencies: { create: 0, start: START_MS },
    onStart: () => {
      started += 1;
      if (started === jobs) all();
      return new Promise(() => {});
    },
    ports: { fetch: simulator.fetch },
  });
  const running = daemon.run(stop.signal);
  while (!daemon.holdsAll()) await clock.sleep(5);
  // What a new session says of itself stands until a poll was held for a second.
  await clock.sleep(1_500);
  globalThis.gc?.();
  const startedAt = performance.now();
  simulator.queueJobs(Array.from({ length: jobs }, () => ({ scaleSet: "burst", durationMs: 600_000 })));
  await done;
  const ms = performance.now() - startedAt;
  stop.abort();
  await running;
  return ms;
}
