import type { Reading } from "./model.js";
import type { Timings } from "./settings.js";

/**
 * Which statistics to believe. A session opens with fresh ones, while the messages that waited for it may carry old
 * ones: so the session's own stand until the backlog is surely through, which is when a poll found nothing to answer
 * for a while, or some seconds have passed. What came meanwhile is kept, and the newest of it believed then.
 */
export class Readings {
  readonly #timings: Timings;
  #believed: Reading | undefined;
  #waiting: Reading | undefined;
  #standsUntil = Number.NEGATIVE_INFINITY;
  #pollBeganAt: number | undefined;

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  /** The reading to act on at `now`. */
  current(now: number): Reading | undefined {
    return this.#waiting !== undefined && now >= this.settlesAt ? this.#waiting : this.#believed;
  }

  /** When `current` changes by itself; `Infinity` when it does not. */
  get settlesAt(): number {
    if (this.#waiting === undefined) return Number.POSITIVE_INFINITY;
    const heldLongEnough = (this.#pollBeganAt ?? Number.POSITIVE_INFINITY) + this.#timings.pollHeldMs;
    return Math.min(this.#standsUntil, heldLongEnough);
  }

  sessionOpened(reading: Reading): void {
    const at = reading.asOf;
    this.#believed = reading;
    this.#waiting = undefined;
    this.#standsUntil = at + this.#timings.sessionReadingMs;
    this.#pollBeganAt = undefined;
  }

  sessionEnded(at: number): void {
    this.#settle(at);
    this.#pollBeganAt = undefined;
  }

  message(reading: Reading): void {
    this.#settle(reading.asOf);
    if (reading.asOf < this.#standsUntil) this.#waiting = reading;
    else this.#believed = reading;
  }

  /** One that was asked for beside the messages: nothing is older than the question. */
  asked(reading: Reading): void {
    this.#settle(reading.asOf);
    this.#waiting = undefined;
    this.#believed = reading;
    // A message that waited in the queue may carry older ones.
    this.#standsUntil = reading.asOf + this.#timings.sessionReadingMs;
  }

  pollBegan(at: number): void {
    this.#pollBeganAt = at;
  }

  pollAnswered(heldMs: number, at: number): void {
    this.#settle(at);
    this.#pollBeganAt = undefined;
    if (heldMs >= this.#timings.pollHeldMs) this.#standsUntil = at;
  }

  #settle(at: number): void {
    if (this.#waiting === undefined || at < this.settlesAt) return;
    this.#believed = this.#waiting;
    this.#waiting = undefined;
    this.#standsUntil = at;
  }
}
