/** What an entry is about. */
export type JournalSubject = "job" | "runner" | "session" | "message" | "scale-set" | "request" | "fault";

/** One thing that happened in the service. Fields that have no meaning for it are absent. */
export interface JournalEntry {
  /** Counts from 1 without gaps. */
  readonly seq: number;
  /** By the simulator's clock. @unit milliseconds since the epoch */
  readonly atMs: number;
  readonly subject: JournalSubject;
  /** What happened, e.g. `queued`, `assigned`, `lapsed`, `online`, `opened`, `delivered`. */
  readonly event: string;
  /** Why, in a few words. */
  readonly cause: string;
  readonly scaleSetId?: number;
  readonly sessionId?: string;
  readonly messageId?: number;
  readonly runnerId?: number;
  readonly runnerName?: string;
  /** The simulator's own number of a job, the same through all its attempts. */
  readonly job?: number;
  /** The id of one attempt of a job, as messages carry it. */
  readonly jobId?: string;
  /** For requests: the name of the call, never its query, body or credentials. */
  readonly call?: string;
  readonly status?: number;
}

/** An entry as its maker gives it; the journal adds number and time. */
export type JournalRecord = Omit<JournalEntry, "seq" | "atMs">;
