import type { Timings } from "./settings.js";

/** A runner that exited without a job that we know of. */
export interface OpenExit {
  readonly name: string;
  readonly launchedAt: number;
  readonly at: number;
  /** It exited right after its start; otherwise it had been idle. */
  readonly fast: boolean;
}

/**
 * Exits that look as if no job had been done. The news of a job can come after the exit of its runner, so each is judged
 * when a poll was answered after it, or after a while; a message that names the runner clears it.
 */
export class Verdicts {
  readonly #timings: Timings;
  readonly #open = new Map<string, OpenExit>();
  #idle = 0;

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  /** Idle exits that are not judged yet. */
  get idle(): number {
    return this.#idle;
  }

  get nextAt(): number {
    for (const exit of this.#open.values()) return exit.at + this.#timings.verdictMs;
    return Number.POSITIVE_INFINITY;
  }

  has(name: string): boolean {
    return this.#open.has(name);
  }

  note(exit: OpenExit): void {
    this.#open.set(exit.name, exit);
    if (!exit.fast) this.#idle += 1;
  }

  /** A message named it: it had a job. */
  clear(name: string): OpenExit | undefined {
    const exit = this.#open.get(name);
    if (exit === undefined) return undefined;
    this.#open.delete(name);
    if (!exit.fast) this.#idle -= 1;
    return exit;
  }

  /** Those that can be judged: a poll that was answered after them is fully told, or it took too long. */
  take(pollToldAt: number, now: number): OpenExit[] {
    const ripe: OpenExit[] = [];
    for (const exit of this.#open.values()) {
      if (exit.at >= pollToldAt && exit.at + this.#timings.verdictMs > now) break;
      ripe.push(exit);
    }
    for (const { name } of ripe) this.clear(name);
    return ripe;
  }
}
