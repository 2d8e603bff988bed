import { ProbingGate } from "./probing-gate.js";
import type { Timings } from "./settings.js";

/** How a runner failed: it exited at once without a job, or it never came online. */
export type BootFailure = "exited at once" | "never came online";

/**
 * Runners that fail one after the other, with nothing between that shows that they can do their work: launches pause,
 * longer each time, so that the number of JIT configs asked for stays bounded (F20).
 */
export class Breaker extends ProbingGate {
  readonly #timings: Timings;
  #running = 0;
  #since = Number.NEGATIVE_INFINITY;
  #trips = 0;
  #last: BootFailure = "exited at once";
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(timings: Timings) {
    super();
    this.#timings = timings;
  }

  /** Failures one after the other. */
  get running(): number {
    return this.#running;
  }

  /** The newest one's kind. */
  get last(): BootFailure {
    return this.#last;
  }

  /** When the newest one was. */
  get lastAt(): number {
    return this.#lastAt;
  }

  get tripped(): boolean {
    return this.shutAt !== undefined;
  }

  failed(how: BootFailure, launchedAt: number, at: number): void {
    // Those launched before it tripped fail as well, and say nothing new.
    if (this.tripped && !this.concerns(launchedAt)) return;
    this.#last = how;
    this.#lastAt = at;
    if (this.#running === 0) this.#since = launchedAt;
    this.#running += 1;
    if (this.#running < this.#timings.breakerFailures) return;
    const pauseMs = Math.min(this.#timings.breakerMaxMs, this.#timings.breakerMinMs * 2 ** Math.min(this.#trips, 30));
    this.#trips += 1;
    this.shut(at, at + pauseMs);
  }

  /**
   * A runner had a job, was counted by the service, or lived for a while. Living is no proof where the others never came
   * online: those live, too.
   */
  proved(how: "had a job" | "came online" | "lived", launchedAt: number): void {
    if (how === "lived" && this.#last === "never came online") return;
    if (this.tripped ? !this.concerns(launchedAt) : launchedAt < this.#since) return;
    this.forget();
  }

  /** What runners are made from has changed: earlier failures say nothing about it. */
  forget(): void {
    this.open();
    this.#running = 0;
    this.#trips = 0;
  }
}
