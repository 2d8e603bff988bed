/**
 * How many runners were too many *all the time* lately. A window remembers the smallest surplus it saw; when it has
 * lasted long enough that many may go. It ends when they have gone, or could not, and the next one begins.
 */
export class SurplusWindow {
  readonly #lengthMs: number;
  #since = 0;
  #least = 0;
  /** When it was first seen to be ripe. */
  #offeredAt: number | undefined;

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  observe(surplus: number, at: number): void {
    const over = this.#least === 0 || (this.#offeredAt !== undefined && at > this.#offeredAt);
    if (surplus <= 0 || over) {
      this.#least = Math.max(0, surplus);
      this.#since = at;
      this.#offeredAt = undefined;
    } else {
      this.#least = Math.min(this.#least, surplus);
    }
    if (at >= this.ripeAt) this.#offeredAt ??= at;
  }

  /** When those that are too many may go; `Infinity` when none are. */
  get ripeAt(): number {
    return this.#least === 0 ? Number.POSITIVE_INFINITY : this.#since + this.#lengthMs;
  }

  /** The number that may go at `now`. */
  ripe(now: number): number {
    return now >= this.ripeAt ? this.#least : 0;
  }

  /** One of them is told to go. */
  spend(): void {
    this.#least = Math.max(0, this.#least - 1);
  }
}
