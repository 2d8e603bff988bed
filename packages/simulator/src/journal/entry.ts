export const journalSubjects = [
  "job",
  "runner",
  "session",
  "message",
  "scale-set",
  "request",
  "fault",
  "service",
] as const;

/** What an entry is about. */
export type JournalSubject = (typeof journalSubjects)[number];

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
  /** For requests: why it was refused, by the name of the exception. */
  readonly refusal?: string;
  /** For requests: the fault that answered it, or spoilt its answer. */
  readonly fault?: string;
  /** For sessions: what a poll announced; absent when it announced nothing. */
  readonly capacity?: number;
  /** For jobs that ended: how it counts. */
  readonly end?: "finished" | "cancelled" | "lost" | "host-died";
  /** For runners: how it was told to misbehave, as JSON. */
  readonly behaviour?: string;
}

/** An entry as its maker gives it; the journal adds number and time. */
export type JournalRecord = Omit<JournalEntry, "seq" | "atMs">;
