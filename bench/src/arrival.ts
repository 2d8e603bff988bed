import { type FetchLike, realClock } from "@scaleset/client";
import { createSimulator, type Simulator } from "@scaleset/simulator";
import type { Figure } from "./figures.js";
import { inMemoryDaemon } from "./in-memory-daemon.js";

export interface ArrivalEffort {
  readonly rounds: number;
  /** Jobs of each scale set, one after the other. */
  readonly jobs: number;
  readonly sets: number;
}

/** Between two jobs of one scale set. */
const PAUSE_MS = 1_000;

/**
 * From the arrival of a message's answer to the begin of the JIT request that follows from it: decoding, deciding, an
 * instance that takes no time. The slowest of a hundred, with many busy scale sets, against one alone. The simulator
 * works in the same process, so its time counts too.
 */
export async function benchArrival({ rounds, jobs, sets }: ArrivalEffort): Promise<Figure[]> {
  const many: number[] = [];
  const alone: number[] = [];
  for (let round = 0; round < rounds; round++) {
    alone.push(p99(await waits(1, jobs)));
    many.push(p99(await waits(sets, jobs)));
  }
  return [
    {
      name: `from a message to its JIT request, slowest of a hundred, ${sets} busy scale sets, against 1`,
      unit: "ms",
      ours: many,
      bare: alone,
      goal: undefined,
      limit: 10,
    },
  ];
}

async function waits(sets: number, jobs: number): Promise<number[]> {
  const clock = realClock;
  await using simulator = createSimulator();
  const arrivedAt = new Map<string, number>();
  const waited: number[] = [];
  const stop = new AbortController();
  const names = Array.from({ length: sets }, (_, index) => `set-${index}`);
  const daemon = inMemoryDaemon({
    url: simulator.configUrl("bench"),
    token: simulator.token,
    names,
    maxRunners: 1_000,
    launchConcurrency: 1_000,
    latencies: {},
    onStart: () => new Promise(() => {}),
    ports: { fetch: timing(simulator, arrivedAt, waited) },
  });
  const running = daemon.run(stop.signal);
  while (!daemon.holdsAll()) await clock.sleep(5);
  // What a new session says of itself stands until a poll was held for a second.
  await clock.sleep(1_500);
  await Promise.all(
    names.map(async (scaleSet, index) => {
      await clock.sleep((PAUSE_MS * index) / sets);
      for (let job = 0; job < jobs; job++) {
        simulator.queueJobs([{ scaleSet, durationMs: 600_000 }]);
        await clock.sleep(PAUSE_MS);
      }
    }),
  );
  stop.abort();
  await running;
  return waited;
}

/** Notes when a message's answer is there, and how long after it the scale set's next JIT request begins. */
function timing({ fetch }: Simulator, arrivedAt: Map<string, number>, waited: number[]): FetchLike {
  return async (input, init) => {
    const url = String(input);
    const jit = /runnerscalesets\/(\d+)\/generatejitconfig/.exec(url)?.[1];
    const since = jit === undefined ? undefined : arrivedAt.get(jit);
    if (jit !== undefined && since !== undefined) {
      waited.push(performance.now() - since);
      arrivedAt.delete(jit);
    }
    const answer = await fetch(input, init);
    const queue = /queue\/(\d+)\/message\?/.exec(url)?.[1];
    if (queue !== undefined && answer.status === 200) arrivedAt.set(queue, performance.now());
    return answer;
  };
}

function p99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Number.NaN;
}
