import { ProbingGate } from "./probing-gate.js";
import type { Timings } from "./settings.js";

/**
 * A runner ended with exit code 7: its version is deprecated and will never get a job, nor will another of the same
 * version (F19). Nothing is launched but one probe from time to time, until what runners are made from changes.
 */
export class Outdated {
  readonly #timings: Timings;
  readonly #gate = new ProbingGate();

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  /** Since when runners are known to be outdated; undefined while they are not. */
  get since(): number | undefined {
    return this.#gate.shutAt;
  }

  get probesFrom(): number {
    return this.#gate.probesFrom;
  }

  allowance(now: number): number {
    return this.#gate.allowance(now);
  }

  launched(name: string, at: number): void {
    this.#gate.launched(name, at);
  }

  ended(name: string): void {
    this.#gate.ended(name);
  }

  found(at: number): void {
    this.#gate.shut(at, at + this.#timings.outdatedProbeMs);
  }

  /** A runner launched since had a job, or lived for a while. */
  proved(launchedAt: number): void {
    if (this.#gate.concerns(launchedAt)) this.#gate.open();
  }

  forget(): void {
    this.#gate.open();
  }
}
