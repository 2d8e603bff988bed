/**
 * Shut after something went wrong with launches, for a while; then one launch at a time is let through to see whether
 * it is mended, and one that turns out well opens it again.
 */
export class ProbingGate {
  #shutAt: number | undefined;
  #probesFrom = Number.NEGATIVE_INFINITY;
  #probe: string | undefined;

  /** When it was shut; undefined while it is open. */
  get shutAt(): number | undefined {
    return this.#shutAt;
  }

  /** From when on one launch at a time may try. */
  get probesFrom(): number {
    return this.#probesFrom;
  }

  /** The launch that tries now. */
  get probe(): string | undefined {
    return this.#probe;
  }

  /** Launches that began before this count for nothing from now on. */
  shut(at: number, probesFrom: number): void {
    this.#shutAt = at;
    this.#probesFrom = probesFrom;
    this.#probe = undefined;
  }

  open(): void {
    this.#shutAt = undefined;
    this.#probe = undefined;
  }

  /** How many launches it lets through at `now`. */
  allowance(now: number): number {
    if (this.#shutAt === undefined) return Number.POSITIVE_INFINITY;
    return now >= this.#probesFrom && this.#probe === undefined ? 1 : 0;
  }

  launched(name: string, at: number): void {
    if (this.allowance(at) === 1) this.#probe = name;
  }

  /** The probe came to its end without a verdict: another may try. */
  ended(name: string): void {
    if (this.#probe === name) this.#probe = undefined;
  }

  /** Whether a launch that began then says something about the time since it was shut. */
  concerns(launchedAt: number): boolean {
    return this.#shutAt !== undefined && launchedAt >= this.#shutAt;
  }
}
