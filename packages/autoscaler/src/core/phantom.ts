import type { Reading } from "./model.js";
import type { Timings } from "./settings.js";

/**
 * Jobs that are assigned, as the service says, and that none of the idle runners gets (F11): a count that is stuck after
 * an incident. More runners would be as idle.
 */
export class Phantom {
  readonly #timings: Timings;
  #since: number | undefined;

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  /** Since when jobs wait beside idle runners; undefined while they don't. */
  get since(): number | undefined {
    return this.#since;
  }

  hear(reading: Reading): void {
    if (reading.idle > 0 && reading.assigned > reading.running) this.#since ??= reading.asOf;
    else this.#since = undefined;
  }

  /** A runner took a job, or a new job was assigned: the count moves. */
  moved(): void {
    this.#since = undefined;
  }

  get beginsAt(): number {
    return this.#since === undefined ? Number.POSITIVE_INFINITY : this.#since + this.#timings.phantomMs;
  }

  active(now: number): boolean {
    return now >= this.beginsAt;
  }
}
