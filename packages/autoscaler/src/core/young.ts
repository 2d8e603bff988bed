import { IndexedHeap } from "./indexed-heap.js";
import type { Runner } from "./model.js";

/**
 * Started runners without a known job, by two ages that mean something: whether one has lived for a while, and whether
 * it had all the time it may take to come online.
 */
export class Young {
  readonly #booting = new IndexedHeap<Runner>();
  readonly #proving = new IndexedHeap<Runner>();
  #lastOverdue = Number.NEGATIVE_INFINITY;

  /** How many may still be on their way to the service. */
  get booting(): number {
    return this.#booting.size;
  }

  /** When the newest that had all its time should have been online. */
  get lastOverdue(): number {
    return this.#lastOverdue;
  }

  /** When something here changes by itself. */
  get nextAt(): number {
    return Math.min(this.#booting.first, this.#proving.first);
  }

  started(runner: Runner, onlineBy: number, provedAt: number): void {
    this.#booting.set(runner, onlineBy);
    this.#proving.set(runner, provedAt);
  }

  /** It has a job, or is started no more. */
  delete(runner: Runner): void {
    this.#booting.delete(runner);
    this.#proving.delete(runner);
  }

  /** Those that have lived for a while since the last time. Counts those whose time to come online is over. */
  grown(now: number): Runner[] {
    for (let due = this.#booting.first; due <= now; due = this.#booting.first) {
      this.#booting.takeUntil(now);
      this.#lastOverdue = Math.max(this.#lastOverdue, due);
    }
    const proved: Runner[] = [];
    for (let next = this.#proving.takeUntil(now); next !== undefined; next = this.#proving.takeUntil(now)) {
      proved.push(next);
    }
    return proved;
  }
}
