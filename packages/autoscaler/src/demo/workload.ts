/** One job of the demo: a real shell script. */
interface DemoJob {
  readonly displayName: string;
  readonly script: string;
  readonly durationMs: number;
}

export interface Workload {
  readonly jobs: readonly DemoJob[];
  /** The one that fails on purpose, to show that a failed job is no failed runner. */
  readonly failingJob: string;
}

const SHORTEST_MS = 200;
const LONGEST_MS = 3_000;

/** Jobs of mixed length, many short and a few long, one of which fails. The same seed gives the same ones. */
export function makeWorkload(options: { readonly jobs: number; readonly seed: number }): Workload {
  const random = seeded(options.seed);
  const failing = Math.floor(random() * options.jobs);
  const jobs = Array.from({ length: options.jobs }, (_, index): DemoJob => {
    // Squared, since most jobs of a real day are short.
    const durationMs = Math.round(SHORTEST_MS + random() ** 2 * (LONGEST_MS - SHORTEST_MS));
    const sleep = `sleep ${(durationMs / 1_000).toFixed(3)}`;
    return {
      displayName: `demo job ${index + 1}`,
      script: index === failing ? `${sleep}; echo "this one fails on purpose"; exit 1` : `${sleep}; echo done`,
      durationMs,
    };
  });
  return { jobs, failingJob: `demo job ${failing + 1}` };
}

/** mulberry32: small, and good enough to choose lengths. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
