import type { FailedRunnerStatus } from "./worker-facts.js";

/** Enough to see what goes wrong. */
const KEPT = 5;

/** The newest runners that did not come up, oldest first. */
export class FailedRunners {
  readonly #newest: FailedRunnerStatus[] = [];

  add(failed: FailedRunnerStatus): void {
    this.#newest.push(failed);
    if (this.#newest.length > KEPT) this.#newest.shift();
  }

  get newest(): readonly FailedRunnerStatus[] {
    return this.#newest;
  }
}
