import type { Timings } from "./settings.js";

/**
 * The service drops idle runners from time to time, and each exits without a job. Those that no job asks for are
 * replaced slowly, so that a service that drops them at once is not fed with new ones for ever.
 */
export class Refill {
  readonly #timings: Timings;
  #owed = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  get owed(): number {
    return this.#owed;
  }

  /** When the next one may be replaced. */
  get nextAt(): number {
    return this.#lastAt + this.#timings.refillMs;
  }

  idleExit(): void {
    this.#owed += 1;
  }

  /** A runner is launched that no job asks for. */
  launched(at: number): void {
    if (this.#owed === 0) return;
    this.#owed -= 1;
    this.#lastAt = at;
  }

  /** No more are owed than are missing. */
  missing(count: number): void {
    this.#owed = Math.min(this.#owed, Math.max(0, count));
  }
}
