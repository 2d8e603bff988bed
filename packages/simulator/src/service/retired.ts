/**
 * What is over, in the order in which it ended: the newest are still known, so that late callers are told what became
 * of theirs, and each older one is forgotten. So a service that runs for weeks stays as large as what it has to do.
 */
export class Retired<T> {
  readonly #items: (T | undefined)[] = [];
  readonly #kept: number;
  readonly #forget: (item: T) => void;
  /** Where the oldest stands: what is before it is cut off now and then, not each time. */
  #start = 0;

  constructor(kept: number, forget: (item: T) => void) {
    this.#kept = kept;
    this.#forget = forget;
  }

  add(item: T): void {
    this.#items.push(item);
    while (this.#items.length - this.#start > this.#kept) {
      const oldest = this.#items[this.#start];
      this.#items[this.#start] = undefined;
      this.#start += 1;
      if (oldest !== undefined) this.#forget(oldest);
    }
    if (this.#start <= this.#kept) return;
    this.#items.splice(0, this.#start);
    this.#start = 0;
  }
}
