import type { Timings } from "./settings.js";

/**
 * Jobs that a message said were assigned while its own statistics knew of none (F10). Each counts as demand until it
 * starts, ends, or the statistics count again; for a while at most.
 */
export class Unbacked {
  readonly #timings: Timings;
  readonly #jobs = new Map<string, number>();

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  /** In order of age, so the oldest lapses first. */
  count(now: number): number {
    let count = this.#jobs.size;
    for (const at of this.#jobs.values()) {
      if (at + this.#timings.unbackedMs > now) break;
      count -= 1;
    }
    return count;
  }

  nextLapse(now: number): number {
    for (const at of this.#jobs.values()) {
      if (at + this.#timings.unbackedMs > now) return at + this.#timings.unbackedMs;
    }
    return Number.POSITIVE_INFINITY;
  }

  add(jobId: string, at: number): void {
    if (!this.#jobs.has(jobId)) this.#jobs.set(jobId, at);
  }

  delete(jobId: string): void {
    this.#jobs.delete(jobId);
  }

  clear(): void {
    this.#jobs.clear();
  }

  /** Lets go of those that count no more. */
  prune(now: number): void {
    for (const [jobId, at] of this.#jobs) {
      if (at + this.#timings.unbackedMs > now) return;
      this.#jobs.delete(jobId);
    }
  }
}
