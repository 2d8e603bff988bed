/**
 * A priority queue whose entries can be moved and taken out by key, so that it never holds stale ones.
 * Equal priorities leave in the order in which they came.
 */
export class IndexedHeap<Key> {
  readonly #entries: Entry<Key>[] = [];
  readonly #places = new Map<Key, number>();
  #arrivals = 0;

  /** The smallest priority, or `Infinity` when empty. */
  get first(): number {
    return this.#entries[0]?.priority ?? Number.POSITIVE_INFINITY;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Puts a key in, or moves it. A priority of `Infinity` takes it out. */
  set(key: Key, priority: number): void {
    const place = this.#places.get(key);
    if (place !== undefined && this.#entries[place]?.priority === priority) return;
    this.delete(key);
    if (priority === Number.POSITIVE_INFINITY) return;
    this.#entries.push({ key, priority, arrival: this.#arrivals++ });
    this.#up(this.#entries.length - 1);
  }

  delete(key: Key): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#places.delete(key);
    const last = this.#entries.pop();
    if (last === undefined || place === this.#entries.length) return;
    this.#put(last, place);
    this.#up(place);
    this.#down(place);
  }

  /** Takes the first key out when its priority is at most `limit`. */
  takeUntil(limit: number): Key | undefined {
    const first = this.#entries[0];
    if (first === undefined || first.priority > limit) return undefined;
    this.delete(first.key);
    return first.key;
  }

  /** All keys with a priority of at most `limit`, in order; costs only what it yields. The heap stays as it is. */
  until(limit: number): Key[] {
    if (this.first > limit) return [];
    const found: Entry<Key>[] = [];
    const visit = (place: number): void => {
      const entry = this.#entries[place];
      if (entry === undefined || entry.priority > limit) return;
      found.push(entry);
      visit(2 * place + 1);
      visit(2 * place + 2);
    };
    visit(0);
    return found.sort((a, b) => (before(a, b) ? -1 : 1)).map((entry) => entry.key);
  }

  /** The smallest priority above `limit`, or `Infinity`; costs only what is at or below the limit. */
  firstAfter(limit: number): number {
    if (this.first > limit) return this.first;
    const visit = (place: number): number => {
      const entry = this.#entries[place];
      if (entry === undefined) return Number.POSITIVE_INFINITY;
      if (entry.priority > limit) return entry.priority;
      return Math.min(visit(2 * place + 1), visit(2 * place + 2));
    };
    return visit(0);
  }

  #put(entry: Entry<Key>, place: number): void {
    this.#entries[place] = entry;
    this.#places.set(entry.key, place);
  }

  #up(from: number): void {
    let place = from;
    const entry = this.#entries[place];
    if (entry === undefined) return;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#entries[above];
      if (parent === undefined || !before(entry, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(entry, place);
  }

  #down(from: number): void {
    let place = from;
    const entry = this.#entries[place];
    if (entry === undefined) return;
    for (;;) {
      const left = this.#entries[2 * place + 1];
      const right = this.#entries[2 * place + 2];
      if (left === undefined) break;
      const [child, below] =
        right !== undefined && before(right, left) ? [right, 2 * place + 2] : [left, 2 * place + 1];
      if (!before(child, entry)) break;
      this.#put(child, place);
      place = below;
    }
    this.#put(entry, place);
  }
}

interface Entry<Key> {
  readonly key: Key;
  readonly priority: number;
  readonly arrival: number;
}

function before<Key>(a: Entry<Key>, b: Entry<Key>): boolean {
  return a.priority < b.priority || (a.priority === b.priority && a.arrival < b.arrival);
}
