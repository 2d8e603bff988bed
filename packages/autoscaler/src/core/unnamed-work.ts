/** Readings kept; enough for every short job between two messages. */
const MEMORY = 32;

/**
 * Jobs that readings count beyond the runners known to work. They prove that some runner works whose job no message
 * named, so that an exit without a message is no failure. Each counted job explains one exit.
 */
export class UnnamedWork {
  readonly #readings: { readonly asOf: number; left: number }[] = [];

  /** @param excess running jobs minus runners known to work */
  hear(asOf: number, excess: number): void {
    if (excess <= 0) return;
    this.#readings.push({ asOf, left: excess });
    if (this.#readings.length > MEMORY) this.#readings.shift();
  }

  /** Whether a reading since its launch counts a job that may have been this runner's. If so, that job is used up. */
  explains(launchedAt: number): boolean {
    const since = this.#readings.filter(({ asOf, left }) => asOf >= launchedAt && left > 0);
    for (const reading of since) reading.left -= 1;
    return since.length > 0;
  }
}
