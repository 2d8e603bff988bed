import type { JournalEntry, JournalRecord, JournalSubject } from "./entry.js";

/** Which entries `Journal.entries` answers. */
export interface JournalQuery {
  /** Only entries with a higher number. @default 0 */
  readonly after?: number | undefined;
  readonly subject?: JournalSubject | undefined;
  /** Only requests and faults of this call. */
  readonly call?: string | undefined;
  readonly scaleSetId?: number | undefined;
  /** Only this job, and the runners that it was given to, while it had them. */
  readonly job?: number | undefined;
  /** Only the runner of this name. */
  readonly runner?: string | undefined;
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
  entries({ after = 0, limit, ...wanted }: JournalQuery = {}): JournalEntry[] {
    const found: JournalEntry[] = [];
    const fits = matcher(wanted);
    for (let seq = Math.max(after, this.#seq - this.#capacity, 0) + 1; seq <= this.#seq; seq++) {
      const entry = this.#ring[(seq - 1) % this.#capacity];
      if (entry !== undefined && fits(entry)) found.push(entry);
    }
    return limit === undefined || limit >= found.length ? found : found.slice(found.length - limit);
  }

  /** The life of a job: its own entries, and those of runners while they had it. The number is the simulator's own. */
  lifeOf(job: number): JournalEntry[] {
    return this.entries({ job });
  }

  /** New entries as they come, until the loop is left. */
  [Symbol.asyncIterator](): AsyncGenerator<JournalEntry, void> {
    return this.follow();
  }

  /** Calls `listener` with each new entry, at once, until the answered function is called. */
  subscribe(listener: (entry: JournalEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** New entries as they come, until `signal` aborts or the loop is left. Who is slower than the ring misses some: their numbers tell. */
  async *follow({ signal }: { readonly signal?: AbortSignal | undefined } = {}): AsyncGenerator<JournalEntry, void> {
    let told = this.#seq;
    let wake = (): void => undefined;
    const unsubscribe = this.subscribe(() => wake());
    const onAbort = (): void => wake();
    signal?.addEventListener("abort", onAbort);
    try {
      while (!signal?.aborted) {
        if (told < this.#seq) {
          told = Math.max(told, this.#seq - this.#capacity) + 1;
          const entry = this.#ring[(told - 1) % this.#capacity];
          if (entry !== undefined) yield entry;
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

/** Looks at entries in their order, since which runner has a job changes on the way. */
function matcher({ subject, call, scaleSetId, job, runner }: JournalQuery): (entry: JournalEntry) => boolean {
  let holder: number | undefined;
  const ofJob = (entry: JournalEntry): boolean => {
    if (entry.job === job) {
      holder = entry.runnerId;
      return true;
    }
    return entry.subject === "runner" && holder !== undefined && entry.runnerId === holder;
  };
  return (entry) =>
    (job === undefined || ofJob(entry)) &&
    (subject === undefined || entry.subject === subject) &&
    (call === undefined || entry.call === call) &&
    (scaleSetId === undefined || entry.scaleSetId === scaleSetId) &&
    (runner === undefined || entry.runnerName === runner);
}
