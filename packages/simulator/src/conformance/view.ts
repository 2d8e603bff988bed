import type { JournalEntry } from "../journal/entry.js";

/** A runner as the journal tells of it, until it is removed. */
export interface RunnerSeen {
  readonly id: number;
  readonly name: string;
  readonly set: SetSeen;
  readonly registeredAtMs: number;
  readonly misbehaves: boolean;
  online: boolean;
  everOnline: boolean;
  hadJob: boolean;
  offlineSinceMs: number;
  offlineCause: string;
  readonly events: JournalEntry[];
}

/** A scale set as the journal tells of it, until it is deleted. */
export interface SetSeen {
  readonly id: number;
  readonly runners: Set<RunnerSeen>;
  /** Jobs that wait for a runner of the set or run on one. */
  readonly assigned: Set<number>;
  session: { readonly openedAtMs: number } | undefined;
  sessionEndedAtMs: number | undefined;
  /** What the newest poll announced; undefined before the first. */
  capacity: number | undefined;
  deleted: boolean;
  faultAtMs: number;
  /** Faults that may have eaten the answer to a JIT request, by time. */
  readonly lostJitAtMs: number[];
  /** When each unacknowledged message was first handed out. */
  readonly delivered: Map<number, number>;
  readonly events: JournalEntry[];
}

export interface JobSeen {
  readonly id: number;
  started: boolean;
  readonly events: JournalEntry[];
}

const eventsKept = 20;
const never = Number.NEGATIVE_INFINITY;

/** The service as its journal tells of it: as much as the checks need, and nothing of what is over. */
export class View {
  readonly sets = new Map<number, SetSeen>();
  readonly runners = new Map<number, RunnerSeen>();
  readonly jobs = new Map<number, JobSeen>();
  /** When a fault last struck a call that belongs to no scale set: all may have suffered. */
  faultAtMs = never;
  runnersDeprecated = false;
  runnersAcceptedAtMs = never;

  /** Takes an entry in. What it ends is still there when the rules look, and forgotten by `forget`. */
  take(entry: JournalEntry): void {
    const { scaleSetId, runnerId, job } = entry;
    const set = scaleSetId === undefined ? undefined : this.#set(scaleSetId);
    if (set !== undefined && isTelling(entry)) keep(set.events, entry);
    if (entry.subject === "session" && set !== undefined) this.#takeSession(set, entry);
    else if (entry.subject === "runner" && set !== undefined && runnerId !== undefined)
      this.#takeRunner(set, runnerId, entry);
    else if (entry.subject === "job" && job !== undefined) this.#takeJob(job, set, entry);
    else if (entry.subject === "message" && set !== undefined && entry.messageId !== undefined) {
      if (entry.event === "delivered") set.delivered.set(entry.messageId, entry.atMs);
    } else if (entry.subject === "fault") {
      if (set === undefined) this.faultAtMs = entry.atMs;
      else set.faultAtMs = entry.atMs;
      if (entry.call === "generate-jit-config") set?.lostJitAtMs.push(entry.atMs);
    } else if (entry.subject === "scale-set" && entry.event === "deleted" && set !== undefined) set.deleted = true;
    else if (entry.subject === "service") this.#takeService(entry);
  }

  /** Forgets what the entry ended. */
  forget({ subject, event, scaleSetId, runnerId, job, messageId }: JournalEntry): void {
    if (subject === "runner" && runnerId !== undefined && (event === "removed" || event === "orphaned")) {
      const runner = this.runners.get(runnerId);
      runner?.set.runners.delete(runner);
      this.runners.delete(runnerId);
    }
    if (subject === "job" && job !== undefined && event === "completed") this.jobs.delete(job);
    if (subject === "message" && event === "acknowledged" && scaleSetId !== undefined && messageId !== undefined) {
      this.sets.get(scaleSetId)?.delivered.delete(messageId);
    }
    if (subject === "scale-set" && event === "deleted" && scaleSetId !== undefined) this.sets.delete(scaleSetId);
  }

  /** Whether a fault struck the set, or everyone, since then. */
  faultSince(set: SetSeen | undefined, sinceMs: number): boolean {
    return Math.max(this.faultAtMs, set?.faultAtMs ?? never) >= sinceMs;
  }

  #set(id: number): SetSeen {
    const known = this.sets.get(id);
    if (known !== undefined) return known;
    const set: SetSeen = {
      id,
      runners: new Set(),
      assigned: new Set(),
      session: undefined,
      sessionEndedAtMs: undefined,
      capacity: undefined,
      deleted: false,
      faultAtMs: never,
      lostJitAtMs: [],
      delivered: new Map(),
      events: [],
    };
    this.sets.set(id, set);
    return set;
  }

  #takeSession(set: SetSeen, { event, atMs, capacity }: JournalEntry): void {
    if (event === "opened") set.session = { openedAtMs: atMs };
    else if (event === "capacity") set.capacity = capacity ?? Number.POSITIVE_INFINITY;
    else {
      set.session = undefined;
      set.sessionEndedAtMs = atMs;
      set.capacity = undefined;
    }
  }

  #takeRunner(set: SetSeen, id: number, entry: JournalEntry): void {
    const { event, atMs, cause } = entry;
    if (event === "registered") {
      const runner: RunnerSeen = {
        id,
        name: entry.runnerName ?? "",
        set,
        registeredAtMs: atMs,
        misbehaves: entry.behaviour !== undefined,
        online: false,
        everOnline: false,
        hadJob: false,
        offlineSinceMs: atMs,
        offlineCause: "",
        events: [],
      };
      this.runners.set(id, runner);
      set.runners.add(runner);
    }
    const runner = this.runners.get(id);
    if (runner === undefined) return;
    keep(runner.events, entry);
    if (event === "online") {
      runner.online = true;
      runner.everOnline = true;
    }
    if (event === "busy") runner.hadJob = true;
    if (event === "offline") {
      runner.online = false;
      runner.offlineSinceMs = atMs;
      runner.offlineCause = cause;
    }
  }

  #takeJob(id: number, set: SetSeen | undefined, entry: JournalEntry): void {
    const job = this.jobs.get(id) ?? { id, started: false, events: [] };
    this.jobs.set(id, job);
    keep(job.events, entry);
    if (entry.event === "started") job.started = true;
    if (entry.event === "lapsed") job.started = false;
    if (entry.event === "assigned") set?.assigned.add(id);
    if (entry.event === "lapsed" || entry.event === "completed") set?.assigned.delete(id);
  }

  #takeService({ event, atMs }: JournalEntry): void {
    if (event === "runners-deprecated") this.runnersDeprecated = true;
    if (event === "runners-accepted") {
      this.runnersDeprecated = false;
      this.runnersAcceptedAtMs = atMs;
    }
    if (event === "tokens-revoked") this.faultAtMs = atMs;
  }
}

/** Successful polls of runners and clients tell nothing, and would push out what does. */
function isTelling({ subject, status, call }: JournalEntry): boolean {
  return subject !== "request" || (status ?? 500) >= 300 || call === "generate-jit-config";
}

function keep(events: JournalEntry[], entry: JournalEntry): void {
  events.push(entry);
  if (events.length > eventsKept) events.shift();
}
