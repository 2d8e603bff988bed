import type { Clock } from "@scaleset/simulator";

/** One machine's clock, as wrong as clocks are. */
export interface Skew {
  /** How far its wall clock is ahead. @unit milliseconds */
  readonly aheadMs: number;
  /** How fast it runs; 1.001 gains a second in 1000. */
  readonly rate: number;
}

/**
 * The time that a process sees from its start on. Its monotonic clock begins at 0, and runs at the machine's pace; a wait
 * is never short by that clock, since it is rounded up to whole milliseconds of the true one.
 */
export function skewedClock(truth: Clock, { aheadMs, rate }: Skew): Clock {
  const bootMs = truth.monotonic();
  const bootWallMs = truth.now();
  const elapsed = (): number => (truth.monotonic() - bootMs) * rate;
  const trueMs = (ms: number): number => Math.ceil(Math.max(0, ms) / rate);
  return {
    now: () => Math.floor(bootWallMs + aheadMs + elapsed()),
    monotonic: elapsed,
    uptime: elapsed,
    sleep: (ms, options) => truth.sleep(trueMs(ms), options),
    deadline: (ms, options) => truth.deadline(trueMs(ms), options),
  };
}
