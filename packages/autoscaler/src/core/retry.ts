import type { Timings } from "./settings.js";

/** Pause after the given number of earlier failures: doubling from the shortest to the longest. */
export function retryDelayMs(failures: number, timings: Pick<Timings, "retryMinMs" | "retryMaxMs">): number {
  return Math.min(timings.retryMaxMs, timings.retryMinMs * 2 ** Math.min(failures, 30));
}
