import type { Reading } from "./model.js";
import type { Timings } from "./settings.js";

/** What a reading is compared with. */
export interface Known {
  /** Runners of ours that must be registered by now: past their boot deadline, or with a job. */
  readonly mustBeRegistered: number;
  /** Whether any of them is past its boot deadline without a job. */
  readonly suspects: boolean;
  readonly foreign: number;
}

/**
 * Runners that were started and never came online, or whose registration is gone (F6). The service names none of them,
 * so they are found by counting: where it counts fewer runners than there must be, in two readings apart, so many of
 * the oldest idle ones are ghosts. Where it counts what is registered without being online, jobs that wait while
 * runners are there give them away, one at a time.
 */
export class Ghosts {
  readonly #timings: Timings;
  #missing: { readonly since: number; readonly least: number } | undefined;
  #waitingSince: number | undefined;
  #found = 0;
  /** Retired one after the other without a job in between. */
  #running = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #trusted = false;

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  /** How many of the oldest idle runners are to go. */
  get found(): number {
    return this.#found;
  }

  /** When a reading would settle what an earlier one showed; `Infinity` when nothing is open. */
  get confirmsAt(): number {
    const since = Math.min(
      this.#missing?.since ?? Number.POSITIVE_INFINITY,
      this.#waitingSince ?? Number.POSITIVE_INFINITY,
    );
    return since + this.#timings.ghostConfirmMs;
  }

  /** When a reading may be asked for again. */
  get asksFrom(): number {
    const resting = this.#running >= this.#timings.ghostsBeforeRest && this.#waitingSince === undefined;
    return this.#askedAt + (resting ? this.#timings.ghostRestMs : this.#timings.ghostAskMs);
  }

  /** When a reading was last asked for. */
  get askedAt(): number {
    return this.#askedAt;
  }

  asked(at: number): void {
    this.#askedAt = at;
  }

  /** Whether an asked reading can be believed: not before one showed that it counts runners at all. */
  trusts(registered: number): boolean {
    this.#trusted ||= registered > 0;
    return this.#trusted;
  }

  hear(reading: Reading, { mustBeRegistered, suspects, foreign }: Known): void {
    const missing = mustBeRegistered - Math.max(0, reading.registered - foreign);
    const confirmed = (since: number): boolean => reading.asOf - since >= this.#timings.ghostConfirmMs;
    this.#found = 0;
    if (missing <= 0) {
      this.#missing = undefined;
    } else if (this.#missing === undefined) {
      this.#missing = { since: reading.asOf, least: missing };
    } else {
      const least = Math.min(this.#missing.least, missing);
      const over = confirmed(this.#missing.since);
      if (over) this.#found = least;
      this.#missing = over ? { since: reading.asOf, least: missing } : { since: this.#missing.since, least };
    }
    if (!suspects || reading.assigned <= reading.running) {
      this.#waitingSince = undefined;
    } else if (this.#waitingSince === undefined) {
      this.#waitingSince = reading.asOf;
    } else if (confirmed(this.#waitingSince)) {
      this.#found = Math.max(1, this.#found);
      this.#waitingSince = reading.asOf;
    }
  }

  /** One of those found is asked to go. */
  spend(): void {
    this.#found = Math.max(0, this.#found - 1);
    this.#running += 1;
  }

  /** A runner took a job: runners do come online. */
  claimed(): void {
    this.#running = 0;
  }

  /** What counted so far says nothing any more. */
  forget(): void {
    this.#missing = undefined;
    this.#waitingSince = undefined;
    this.#found = 0;
  }
}
