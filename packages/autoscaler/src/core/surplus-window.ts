/**
 * How many runners were too many *all the time* lately. A window remembers the smallest surplus it saw; when it has
 * lasted long enough that many may go, and the next window begins.
 */
export class SurplusWindow {
  readonly #lengthMs: number;
  #since = 0;
  #least = 0;

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  observe(surplus: number, at: number): void {
    if (surplus <= 0) {
      this.#least = 0;
    } else if (this.#least === 0) {
      this.#least = surplus;
      this.#since = at;
    } else {
      this.#least = Math.min(this.#least, surplus);
    }
  }

  /** When those that are too many may go; `Infinity` when none are. */
  get ripeAt(): number {
    return this.#least === 0 ? Number.POSITIVE_INFINITY : this.#since + this.#lengthMs;
  }

  /** The number that may go at `now`. */
  ripe(now: number): number {
    return now >= this.ripeAt ? this.#least : 0;
  }
}
