/** Something due at a time. */
export interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

interface Entry extends Timer {
  readonly order: number;
  index: number;
}

/**
 * Timers by due time, and among equals by the order they were set. A binary heap in which each entry knows its place:
 * worlds keep thousands of timers, and nearly every one is taken back before it fires.
 */
export class TimerQueue {
  readonly #heap: Entry[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** The one due first. */
  first(): Timer | undefined {
    return this.#heap[0];
  }

  /** All of them, earliest first. */
  inOrder(): Timer[] {
    return [...this.#heap].sort(compare);
  }

  /** Adds one, and answers how to take it back; taking back twice, or after it fired, does nothing. */
  add(atMs: number, fire: () => void): () => void {
    const entry: Entry = { atMs, fire, order: this.#order++, index: this.#heap.length };
    this.#heap.push(entry);
    this.#rise(entry);
    return () => this.#remove(entry);
  }

  /** Removes and answers the one due first, if it is due at `nowMs`. */
  takeDue(nowMs: number): Timer | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    this.#remove(first);
    return first;
  }

  #remove(entry: Entry): void {
    if (this.#heap[entry.index] !== entry) return;
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    last.index = entry.index;
    this.#heap[last.index] = last;
    this.#rise(last);
    this.#sink(last);
  }

  #rise(entry: Entry): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1];
      if (parent === undefined || compare(parent, entry) < 0) return;
      this.#swap(parent, entry);
    }
  }

  #sink(entry: Entry): void {
    for (;;) {
      const left = this.#heap[entry.index * 2 + 1];
      const right = this.#heap[entry.index * 2 + 2];
      if (left === undefined) return;
      const child = right !== undefined && compare(right, left) < 0 ? right : left;
      if (compare(entry, child) < 0) return;
      this.#swap(entry, child);
    }
  }

  #swap(a: Entry, b: Entry): void {
    [a.index, b.index] = [b.index, a.index];
    this.#heap[a.index] = a;
    this.#heap[b.index] = b;
  }
}

function compare(a: Entry, b: Entry): number {
  return a.atMs - b.atMs || a.order - b.order;
}
