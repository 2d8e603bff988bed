import type { Runner } from "./model.js";

/**
 * Live runners that the service answers 404 about. One 404 is a rumor: during incidents the service hides registrations
 * for minutes. A live process is ended only after a long unbroken row of 404s and readings that leave no job for it.
 */
export class DeniedRunners {
  /** Runners with an unbroken row of 404s. */
  readonly open = new Set<Runner>();
  /** Those that the newest reading asked for leaves no doubt about. */
  readonly proved = new Set<Runner>();

  delete(runner: Runner): void {
    this.open.delete(runner);
    this.proved.delete(runner);
  }
}
