import { onlineOf, type Reading } from "./model.js";
import type { Timings } from "./settings.js";

/** What a reading is compared with. */
export interface Known {
  /** Runners of ours that must be online by now: past their boot deadline, or with a job. */
  readonly mustBeOnline: number;
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
  #offline = 0;
  #countsUnusable = false;

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  /** How many of the oldest idle runners are ghosts. */
  get found(): number {
    return this.#found;
  }

  /** Runners that the newest counts lack, also where they are not believed. */
  get offline(): number {
    return this.#offline;
  }

  /** The service counted a running job and no runner online, so its counts of runners say nothing. */
  get countsUnusable(): boolean {
    return this.#countsUnusable;
  }

  /** When a reading would settle what an earlier one showed; `Infinity` when nothing is open. */
  get confirmsAt(): number {
    const since = Math.min(
      this.#missing?.since ?? Number.POSITIVE_INFINITY,
      this.#waitingSince ?? Number.POSITIVE_INFINITY,
    );
    return since + this.#timings.ghostConfirmMs;
  }

  /** Counts that are not believed: enough for a report, too little to end anything. */
  suspect(mustBeOnline: number): void {
    this.#offline = Math.max(0, mustBeOnline);
  }

  hear(reading: Reading, { mustBeOnline, suspects, foreign }: Known): void {
    this.#found = 0;
    this.#countsUnusable ||= reading.running > 0 && onlineOf(reading) === 0;
    const missing = this.#countsUnusable ? 0 : mustBeOnline - Math.max(0, onlineOf(reading) - foreign);
    this.#offline = Math.max(0, missing);
    this.#compareCounts(reading.asOf, missing);
    if (!suspects || reading.assigned <= reading.running) {
      this.#waitingSince = undefined;
    } else if (this.#waitingSince === undefined) {
      this.#waitingSince = reading.asOf;
    } else if (this.#confirms(this.#waitingSince, reading.asOf)) {
      this.#found = Math.max(1, this.#found);
      this.#waitingSince = reading.asOf;
    }
  }

  #compareCounts(asOf: number, missing: number): void {
    if (missing <= 0) {
      this.#missing = undefined;
    } else if (this.#missing === undefined) {
      this.#missing = { since: asOf, least: missing };
    } else {
      const least = Math.min(this.#missing.least, missing);
      const over = this.#confirms(this.#missing.since, asOf);
      if (over) this.#found = least;
      this.#missing = over ? { since: asOf, least: missing } : { since: this.#missing.since, least };
    }
  }

  #confirms(since: number, asOf: number): boolean {
    return asOf - since >= this.#timings.ghostConfirmMs;
  }

  /** One of those found is asked to retire. */
  spend(): void {
    this.#found = Math.max(0, this.#found - 1);
  }

  /** Counts of the past say nothing about the scale set that there is now. */
  forget(): void {
    this.#missing = undefined;
    this.#waitingSince = undefined;
    this.#found = 0;
    this.#offline = 0;
    this.#countsUnusable = false;
  }
}
