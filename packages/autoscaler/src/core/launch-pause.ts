import { retryDelayMs } from "./retry.js";
import type { Timings } from "./settings.js";

/** Where a launch failed: at the backend, or at the service's JIT config. A backend without room has a ceiling instead. */
type Failure = "backend" | "jit";

/** Keeps a fleet whose launches fail from asking again and again: nothing is launched while it lasts. */
export class LaunchPause {
  readonly #timings: Timings;
  #failures = 0;
  #begunAt = Number.NEGATIVE_INFINITY;
  #until = Number.NEGATIVE_INFINITY;
  #reason = "";
  #cause: Failure | "refused" | undefined;
  #failedInARow = 0;
  #blockedAt: number | undefined;

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

  /**
   * Whether nothing beyond the present runners can be promised: launches were refused, or failed several times in a row,
   * and no launch that began since has started. The end of a pause proves nothing.
   */
  get blocked(): boolean {
    return this.#blockedAt !== undefined;
  }

  /** Whether instances that are made already had better wait with their JIT request, too. */
  holdsJit(now: number): boolean {
    return now < this.#until && this.#cause === "jit";
  }

  /** A launch failed in a way that may pass by itself. Launches that began before a pause do not lengthen it. */
  failed(cause: Failure, reason: string, at: number): void {
    this.#failedInARow += 1;
    if (this.#failedInARow >= this.#timings.blockingFailures) this.#blockedAt ??= at;
    if (at < this.#until) return;
    this.#begin(cause, reason, at, at + retryDelayMs(this.#failures, this.#timings));
    this.#failures += 1;
  }

  /** A launch was refused for a reason that only a person can remove. */
  refused(reason: string, at: number): void {
    this.#blockedAt ??= at;
    this.#begin("refused", reason, at, at + this.#timings.refusedPauseMs);
  }

  /** A runner was started. Only one whose launch began since the pause did shows that the way is free. */
  succeeded(launchedAt: number): void {
    if (launchedAt < (this.#blockedAt ?? Number.NEGATIVE_INFINITY)) return;
    this.#failedInARow = 0;
    this.#blockedAt = undefined;
    if (launchedAt < this.#begunAt) return;
    this.#failures = 0;
    this.retry();
    this.#reason = "";
    this.#cause = undefined;
  }

  /** Whether only a person can remove what is wrong. */
  get refusing(): boolean {
    return this.#cause === "refused";
  }

  /** Launches may be tried at once. Whether they work again is not known yet. */
  retry(): void {
    this.#until = Number.NEGATIVE_INFINITY;
  }

  /** What launches are made from has changed: earlier failures say nothing about it. */
  forget(): void {
    this.succeeded(Number.POSITIVE_INFINITY);
  }

  /** How many launches may begin at `now`. */
  allowance(now: number): number {
    return now < this.#until ? 0 : Number.POSITIVE_INFINITY;
  }

  #begin(cause: Failure | "refused", reason: string, at: number, until: number): void {
    this.#cause = cause;
    this.#reason = reason;
    this.#begunAt = at;
    this.#until = until;
  }
}
