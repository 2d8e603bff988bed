import type { JournalEntry, JournalRecord, JournalSubject } from "./entry.js";

/** Which entries `Journal.entries` answers. */
export interface JournalQuery {
  /** Only entries with a higher number. @default 0 */
  readonly after?: number | undefined;
  readonly subject?: JournalSubject | undefined;
  /** At most so many, the newest. @default all that are kept */
  readonly limit?: number | undefined;
}

/**
 * What happened, in order: every transition of jobs, runners, sessions and messages, and every request. It keeps the
 * newest entries only; whoever needs all of them subscribes. It holds no token, key or JIT config, since nobody hands
 * it one.
 */
export class Journal {
  readonly #capacity: number;
  readonly #now: () => number;
  readonly #listeners = new Set<(entry: JournalEntry) => void>();
  readonly #ring: JournalEntry[] = [];
  #seq = 0;

  /** @param options.capacity Entries kept. @default 100_000 */
  constructor(options: { readonly now: () => number; readonly capacity?: number | undefined }) {
    this.#now = options.now;
    this.#capacity = options.capacity ?? 100_000;
  }

  /** The number of the newest entry; 0 before the first. */
  get lastSeq(): number {
    return this.#seq;
  }

  /** Adds an entry and tells every subscriber. */
  record(record: JournalRecord): void {
    const entry: JournalEntry = { seq: ++this.#seq, atMs: this.#now(), ...record };
    this.#ring[(entry.seq - 1) % this.#capacity] = entry;
    for (const listener of [...this.#listeners]) listener(entry);
  }

  /** The kept entries, oldest first. */
  entries({ after = 0, subject, limit }: JournalQuery = {}): JournalEntry[] {
    const found: JournalEntry[] = [];
    for (let seq = Math.max(after, this.#seq - this.#capacity, 0) + 1; seq <= this.#seq; seq++) {
      const entry = this.#ring[(seq - 1) % this.#capacity];
      if (entry !== undefined && (subject === undefined || entry.subject === subject)) found.push(entry);
    }
    return limit === undefined || limit >= found.length ? found : found.slice(found.length - limit);
  }

  /** Calls `listener` with each new entry, at once, until the answered function is called. */
  subscribe(listener: (entry: JournalEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** New entries as they come, until `signal` aborts or the loop is left. */
  async *follow({ signal }: { readonly signal?: AbortSignal | undefined } = {}): AsyncGenerator<JournalEntry, void> {
    const waiting: JournalEntry[] = [];
    let wake = (): void => undefined;
    const unsubscribe = this.subscribe((entry) => {
      waiting.push(entry);
      wake();
    });
    const onAbort = (): void => wake();
    signal?.addEventListener("abort", onAbort);
    try {
      while (!signal?.aborted) {
        const entry = waiting.shift();
        if (entry !== undefined) {
          yield entry;
          continue;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      unsubscribe();
      signal?.removeEventListener("abort", onAbort);
    }
  }
}
