/**
 * When runners ended lately: exited, or completed their job. The service's next statistics know of it; until they have
 * come, or for a while at most, each still stands for the job that the last ones counted, so that it launches nothing.
 */
export class RecentEnds {
  readonly #memoryMs: number;
  /** Times of the last ones, oldest first; the first of them is number `#forgotten`. */
  readonly #times: number[] = [];
  #forgotten = 0;

  constructor(memoryMs: number) {
    this.#memoryMs = memoryMs;
  }

  /** How many there were, ever. */
  get total(): number {
    return this.#forgotten + this.#times.length;
  }

  note(at: number): void {
    const kept = this.#times.findIndex((time) => time > at - this.#memoryMs);
    const forgotten = kept < 0 ? this.#times.length : kept;
    this.#times.splice(0, forgotten);
    this.#forgotten += forgotten;
    this.#times.push(at);
  }

  /** How many came after the first `known`, and not long ago. */
  since(known: number, now: number): number {
    let count = 0;
    for (let number = this.total - 1; number >= Math.max(known, this.#forgotten); number--) {
      const time = this.#times[number - this.#forgotten];
      if (time === undefined || time <= now - this.#memoryMs) break;
      count += 1;
    }
    return count;
  }

  /** When the oldest that counts will count no more; `Infinity` when none does. */
  nextLapse(now: number): number {
    const oldest = this.#times.find((time) => time > now - this.#memoryMs);
    return oldest === undefined ? Number.POSITIVE_INFINITY : oldest + this.#memoryMs;
  }
}
