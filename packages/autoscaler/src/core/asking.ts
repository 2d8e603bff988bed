import type { Timings } from "./settings.js";
import type { Spread } from "./spread.js";

/** When statistics are asked for beside the messages: a message may expire in the queue, and some questions need a fresh count. */
export class Asking {
  readonly #timings: Timings;
  readonly #spread: Spread;
  #share: number;
  #askedAt = Number.NEGATIVE_INFINITY;
  #wantedFrom = Number.POSITIVE_INFINITY;

  constructor(timings: Timings, spread: Spread) {
    this.#timings = timings;
    this.#spread = spread;
    this.#share = spread.next();
  }

  /** When they were last asked for. */
  get askedAt(): number {
    return this.#askedAt;
  }

  asked(at: number): void {
    this.#askedAt = at;
    this.#wantedFrom = Number.POSITIVE_INFINITY;
    this.#share = this.#spread.next();
  }

  /** A rule needs a reading that is asked for then or later. */
  want(at: number): void {
    this.#wantedFrom = Math.min(this.#wantedFrom, at);
  }

  /** Whether a rule waits for one. */
  get wanted(): boolean {
    return this.#wantedFrom !== Number.POSITIVE_INFINITY;
  }

  /** When to ask next. @param asOf time of the newest reading */
  dueAt(asOf: number): number {
    const { askedReadingMinMs: min, askedReadingMaxMs: max, askedReadingGapMs: gap } = this.#timings;
    const routine = Math.max(asOf, this.#askedAt) + min + this.#share * (max - min);
    return Math.min(routine, Math.max(this.#wantedFrom, this.#askedAt + gap));
  }
}
