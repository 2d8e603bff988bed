/** A message session as a daemon records it; the autoscaler's own port has the same shape. */
interface RecordedSession {
  readonly identity: string;
  readonly configUrl: string;
  readonly owner: string;
  readonly scaleSetId: number;
  readonly sessionId: string;
}

/** What a daemon remembers beyond the end of its process. */
export interface SessionMemory {
  read(identity: string): RecordedSession | undefined;
  write(record: RecordedSession): void;
  delete(identity: string): void;
}

interface Stored {
  readonly record: RecordedSession;
  readonly bootId: number;
  readonly folder: object;
}

/**
 * The state folder of a daemon, as far as worlds have one: it outlives the lives of the daemon, and can be lost, or
 * overwritten with a copy of another. As on disk, records from before a reboot and copied ones are ignored.
 */
export class StateFolder {
  #stored = new Map<string, Stored>();
  #bootId = 0;

  get size(): number {
    return this.#stored.size;
  }

  /** As one life of the daemon sees it: what it does after its death changes nothing. */
  open(alive: () => boolean): SessionMemory {
    return {
      read: (identity) => {
        const stored = this.#stored.get(identity);
        return stored?.bootId === this.#bootId && stored.folder === this ? stored.record : undefined;
      },
      write: (record) => {
        if (alive()) this.#stored.set(record.identity, { record, bootId: this.#bootId, folder: this });
      },
      delete: (identity) => {
        if (alive()) this.#stored.delete(identity);
      },
    };
  }

  /** Its machine restarts. */
  reboot(): void {
    this.#bootId += 1;
  }

  /** Everything in it is gone. Whether there was anything. */
  lose(): boolean {
    const had = this.#stored.size > 0;
    this.#stored.clear();
    return had;
  }

  /** A copy of another folder takes its place. Whether there was anything in that. */
  restoreFrom(other: StateFolder): boolean {
    this.#stored = new Map(other.#stored);
    return this.#stored.size > 0;
  }
}
