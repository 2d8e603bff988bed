import type { Clock } from "../clock.js";

/**
 * Spreads requests so that a thousand scale sets that start together, or a loop gone wild, stay bounded: a bucket that
 * holds a second's worth. Each caller takes its turn at once, in order, and waits for it by itself.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #burst: number;
  /** When the next turn would come if the bucket had no room. @unit milliseconds, monotonic */
  #nextTurn = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#intervalMs = 1_000 / perSecond;
    this.#burst = Math.max(1, perSecond);
  }

  /** Takes the next turn. Answers how long it is until then. @unit milliseconds */
  turnMs(): number {
    const now = this.#clock.monotonic();
    this.#nextTurn = Math.max(this.#nextTurn, now - (this.#burst - 1) * this.#intervalMs);
    const waitMs = this.#nextTurn - now;
    this.#nextTurn += this.#intervalMs;
    return waitMs;
  }
}
