import { retryDelayMs } from "./retry.js";
import type { Timings } from "./settings.js";

/** Where a launch failed: the backend has no room, the backend for another reason, or the service's JIT config. */
type Failure = "capacity" | "backend" | "jit";

/** Keeps a fleet whose launches fail from asking again and again: nothing is launched while it lasts. */
export class LaunchPause {
  readonly #timings: Timings;
  #failures = 0;
  #begunAt = Number.NEGATIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;
  #reason = "";
  #cause: Failure | "refused" | undefined;
  #room = 0;

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  /** When it ends; in the past when there is none. */
  get until(): number {
    return this.#until;
  }

  /** What went wrong, in the words of whoever refused. Empty when nothing did since the last success. */
  get reason(): string {
    return this.#reason;
  }

  /** Whether instances that are made already had better wait with their JIT request, too. */
  holdsJit(now: number): boolean {
    return now < this.#until && this.#cause === "jit";
  }

  /** A launch failed in a way that may mend itself. Launches that began before a pause do not lengthen it. */
  failed(cause: Failure, reason: string, at: number): void {
    if (at < this.#until) return;
    this.#begin(cause, reason, at, at + retryDelayMs(this.#failures, this.#timings));
    this.#failures += 1;
  }

  /** A launch was refused for a reason that only a person can mend. */
  refused(reason: string, at: number): void {
    this.#begin("refused", reason, at, at + this.#timings.refusedPauseMs);
  }

  /** A runner was started. Only one whose launch began since the pause did shows that the way is free. */
  succeeded(launchedAt: number): void {
    if (launchedAt < this.#begunAt) return;
    this.#failures = 0;
    this.#until = Number.NEGATIVE_INFINITY;
    this.#reason = "";
    this.#cause = undefined;
  }

  /** Whether only a person can mend what is wrong. */
  get refusing(): boolean {
    return this.#cause === "refused";
  }

  /** What launches are made from has changed: earlier failures say nothing about it. */
  forget(): void {
    this.succeeded(Number.POSITIVE_INFINITY);
  }

  /** An instance is gone: where there was no room, there is some for one launch. */
  roomMade(): void {
    if (this.#cause === "capacity") this.#room += 1;
  }

  /** How many launches may begin at `now`. */
  allowance(now: number): number {
    return now < this.#until ? this.#room : Number.POSITIVE_INFINITY;
  }

  launched(): void {
    this.#room = Math.max(0, this.#room - 1);
  }

  #begin(cause: Failure | "refused", reason: string, at: number, until: number): void {
    this.#cause = cause;
    this.#reason = reason;
    this.#begunAt = at;
    this.#until = until;
    this.#room = 0;
  }
}
