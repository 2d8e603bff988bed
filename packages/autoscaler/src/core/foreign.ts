/**
 * Runners of this scale set on machines that we can't see: another daemon's, left behind when we took its session over.
 * The service counts them, so they are known by number alone. Fixed at the takeover; from then on it only falls, since
 * nobody but the holder launches. Those online count: a registration that is offline is mostly one whose machine died,
 * and the service keeps it for a day.
 */
export class Foreign {
  #count = 0;
  #due = true;

  get count(): number {
    return this.#count;
  }

  /** Whether a reading must come before the number is known. */
  get due(): boolean {
    return this.#due;
  }

  /** Somebody else held the session: what it launched meanwhile is not known. */
  stoodBy(): void {
    this.#due = true;
  }

  /** `own`: all of ours that may be registered. */
  fix(online: number, own: number): void {
    this.#count = Math.max(0, online - own);
    this.#due = false;
  }

  /** No reading came in time: it goes by what was known before. */
  settle(): void {
    this.#due = false;
  }

  /** `own`: those of ours that must be registered by now. */
  hear(online: number, own: number): void {
    this.#count = Math.min(this.#count, Math.max(0, online - own));
  }
}
