import type { Timings } from "./settings.js";

/**
 * The service drops idle runners from time to time, and each exits without a job. Those that no job asks for are
 * replaced slowly, so that a service that drops them at once is not fed with new ones forever. A service that drops them
 * while jobs wait (actions-runner-controller#4397) gets no more for its jobs either.
 */
export class Refill {
  readonly #timings: Timings;
  #owed = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  /** Idle exits in a row while jobs waited and none was claimed. */
  #row = 0;

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  get owed(): number {
    return this.#owed;
  }

  /** Whether launches that jobs ask for are limited, too. */
  get limitsDemand(): boolean {
    return this.#row >= this.#timings.idleExitsInRow;
  }

  /** When the next one may be replaced. */
  get nextAt(): number {
    return this.#lastAt + this.#timings.refillMs;
  }

  idleExit(jobsWait: boolean): void {
    this.#owed += 1;
    this.#row = jobsWait ? this.#row + 1 : 0;
  }

  /** A runner took a job. */
  claimed(): void {
    this.#row = 0;
  }

  /** A runner is launched. @param forJob whether a job asks for it */
  launched(forJob: boolean, at: number): void {
    if (this.#owed === 0 || (forJob && !this.limitsDemand)) return;
    this.#owed -= 1;
    this.#lastAt = at;
  }

  /** No more are owed than are missing. */
  missing(count: number): void {
    this.#owed = Math.min(this.#owed, Math.max(0, count));
  }
}
