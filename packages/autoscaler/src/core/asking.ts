import type { Timings } from "./settings.js";
import type { Spread } from "./spread.js";

/** When statistics are asked for beside the messages: a message may expire in the queue, and some questions need a fresh count. */
export class Asking {
  readonly #timings: Timings;
  readonly #spread: Spread;
  #extraMs: number;
  #askedAt = Number.NEGATIVE_INFINITY;
  #wantedFrom = Number.POSITIVE_INFINITY;

  constructor(timings: Timings, spread: Spread) {
    this.#timings = timings;
    this.#spread = spread;
    this.#extraMs = this.#drawExtra();
  }

  /** When they were last asked for. */
  get askedAt(): number {
    return this.#askedAt;
  }

  asked(at: number): void {
    this.#askedAt = at;
    this.#wantedFrom = Number.POSITIVE_INFINITY;
    this.#extraMs = this.#drawExtra();
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
    const { askedReadingMinMs, askedReadingGapMs } = this.#timings;
    const routine = Math.max(asOf, this.#askedAt) + askedReadingMinMs + this.#extraMs;
    return Math.min(routine, Math.max(this.#wantedFrom, this.#askedAt + askedReadingGapMs));
  }

  #drawExtra(): number {
    return this.#spread.next(this.#timings.askedReadingMaxMs - this.#timings.askedReadingMinMs);
  }
}
