import { IndexedHeap } from "./indexed-heap.js";
import type { Timings } from "./settings.js";

interface KeptName {
  readonly name: string;
  readonly runnerId: number | undefined;
}

/**
 * Names of runners that are gone although only an unexplained 404 said that their registration is. That 404 may have
 * been false, so their removal is asked for once more, much later.
 */
export class KeptNames {
  readonly #timings: Timings;
  readonly #names = new Map<string, KeptName>();
  readonly #due = new IndexedHeap<KeptName>();

  constructor(timings: Timings) {
    this.#timings = timings;
  }

  get nextAt(): number {
    return this.#due.first;
  }

  keep({ name, runnerId }: KeptName, at: number): void {
    if (this.#names.has(name)) return;
    const kept = { name, runnerId };
    this.#names.set(name, kept);
    this.#due.set(kept, at + this.#timings.secondRemovalMs);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  due(now: number): readonly KeptName[] {
    return this.#due.until(now);
  }

  /** Its removal is under way. */
  asked(name: string): void {
    const kept = this.#names.get(name);
    if (kept !== undefined) this.#due.delete(kept);
  }

  /** There was no usable answer: the removal is asked for again. */
  again(name: string, at: number): void {
    const kept = this.#names.get(name);
    if (kept !== undefined) this.#due.set(kept, at + this.#timings.retryMaxMs);
  }

  /** The service answered that the registration is gone. */
  forget(name: string): void {
    this.asked(name);
    this.#names.delete(name);
  }
}
