/**
 * A priority queue whose entries can be moved and taken out by key, so that it never holds stale ones.
 * Equal priorities leave in the order in which they came.
 */
export class IndexedHeap<Key> {
  readonly #entries: Entry<Key>[] = [];
  readonly #byKey = new Map<Key, Entry<Key>>();
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
    const known = this.#byKey.get(key);
    if (known?.priority === priority) return;
    if (priority === Number.POSITIVE_INFINITY) {
      this.delete(key);
    } else if (known !== undefined) {
      known.priority = priority;
      known.arrival = this.#arrivals++;
      this.#settle(known);
    } else {
      const entry = { key, priority, arrival: this.#arrivals++, place: this.#entries.length };
      this.#byKey.set(key, entry);
      this.#entries.push(entry);
      this.#up(entry);
    }
  }

  delete(key: Key): void {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return;
    this.#byKey.delete(key);
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#put(last, entry.place);
    this.#settle(last);
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
    entry.place = place;
  }

  #settle(entry: Entry<Key>): void {
    this.#up(entry);
    this.#down(entry);
  }

  #up(entry: Entry<Key>): void {
    let { place } = entry;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#entries[above];
      if (parent === undefined || !before(entry, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(entry, place);
  }

  #down(entry: Entry<Key>): void {
    let { place } = entry;
    for (;;) {
      const left = this.#entries[2 * place + 1];
      const right = this.#entries[2 * place + 2];
      if (left === undefined) break;
      const child = right !== undefined && before(right, left) ? right : left;
      if (!before(child, entry)) break;
      const below = child.place;
      this.#put(child, place);
      place = below;
    }
    this.#put(entry, place);
  }
}

interface Entry<Key> {
  readonly key: Key;
  priority: number;
  arrival: number;
  place: number;
}

function before<Key>(a: Entry<Key>, b: Entry<Key>): boolean {
  return a.priority < b.priority || (a.priority === b.priority && a.arrival < b.arrival);
}
