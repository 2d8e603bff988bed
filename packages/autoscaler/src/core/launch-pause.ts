import { retryDelayMs } from "./retry.js";
import type { Timings } from "./settings.js";

/** Keeps a fleet whose launches fail from asking again and again: nothing is launched while it lasts. */
export class LaunchPause {
  readonly #timings: Timings;
  #failures = 0;
  #until = Number.NEGATIVE_INFINITY;
  #reason = "";

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  /** When it ends; in the past when there is none. */
  get until(): number {
    return this.#until;
  }

  /** What went wrong, in the words of whoever refused. Empty when nothing did since the last success. */
  get reason(): string {
    return this.#reason;
  }

  /** A launch failed in a way that may mend itself. Launches that began before a pause do not lengthen it. */
  failed(reason: string, at: number): void {
    this.#reason = reason;
    if (at < this.#until) return;
    this.#until = at + retryDelayMs(this.#failures, this.#timings);
    this.#failures += 1;
  }

  /** A launch was refused for a reason that only a person can mend. */
  refused(reason: string, at: number): void {
    this.#reason = reason;
    this.#until = Math.max(this.#until, at + this.#timings.refusedPauseMs);
  }

  /** A runner was started: the way is free. */
  succeeded(): void {
    this.#failures = 0;
    this.#until = Number.NEGATIVE_INFINITY;
    this.#reason = "";
  }
}
