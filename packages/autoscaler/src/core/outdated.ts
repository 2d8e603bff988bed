import { ProbingGate } from "./probing-gate.js";
import type { Timings } from "./settings.js";

/**
 * A runner ended with exit code 7: its version is deprecated and will never get a job, nor will another of the same
 * version (F19). Nothing is launched but one probe from time to time, until what runners are made from changes.
 */
export class Outdated extends ProbingGate {
  readonly #timings: Timings;

  constructor(timings: Timings) {
    super();
    this.#timings = timings;
  }

  found(launchedAt: number, at: number): void {
    // Those launched before it was shut end the same way, and say nothing new.
    if (this.shutAt !== undefined && !this.concerns(launchedAt)) return;
    this.shut(at, at + this.#timings.outdatedProbeMs);
  }

  /** A runner launched since had a job, or lived for a while. */
  proved(launchedAt: number): void {
    if (this.concerns(launchedAt)) this.open();
  }
}
