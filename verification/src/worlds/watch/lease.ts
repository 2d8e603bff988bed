import type { Asked } from "../request.js";
import type { Answered } from "./events.js";
import type { WatchedDaemon } from "./scene.js";
import { type Counts, holderIn, messageIn, sessionIn, statisticsIn } from "./wire.js";

/** A row of look-ups and removals of one runner that answered nothing but "no such runner". */
export interface AbsentRow {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
}

/** Statistics that a daemon asked for, beside those of messages. */
export interface AskedReading {
  readonly sentMs: number;
  readonly running: number;
  /** Runners that live and that an open job names, or that answered "still running" lately. */
  readonly working: ReadonlySet<string>;
}

export interface LeaseContext {
  now(): number;
  /** Instances of the scale set that live, by name. */
  alive(lease: Lease): Iterable<string>;
  /** Whether the service has a job running on this runner. */
  works(runner: string): boolean;
}

/** Answers of "still running" stand this long. @unit milliseconds */
const BUSY_STANDS_MS = 31 * 60_000;

/**
 * What one life of a daemon asked about one scale set, and what it was answered: the session, the readings, the job
 * messages, and the look-ups of its runners. All times are those of the world's own clock, which never stops.
 */
export class Lease {
  readonly daemon: WatchedDaemon;
  readonly scaleSet: string;
  state: "none" | "held" | "closed" = "none";
  openedAtMs = Number.NEGATIVE_INFINITY;
  /** When it last stopped holding a session. */
  endedAtMs = Number.NEGATIVE_INFINITY;
  /** When the newest answered call of the session was sent. */
  sentAtMs = Number.NEGATIVE_INFINITY;
  /** 409s in a row that say the same, and since when. */
  refusal:
    | { readonly by: "another" | "unnamed" | "own"; readonly holder?: string; readonly sinceMs: number }
    | undefined;
  /** Decisions so far; a message that was handled was followed by one. */
  decisions = 0;
  /** Runners that an open job names, and that job. */
  readonly named = new Map<string, string>();
  /** When a message said that a runner's job is over. */
  readonly completedAtMs = new Map<string, number>();
  readonly absent = new Map<string, AbsentRow>();
  readonly busyAtMs = new Map<string, number>();
  readonly readings: AskedReading[] = [];
  /** Whether any statistics counted anything: until then, zeros beside a runner may be empty ones (lifecycle.md §2). */
  countsShown = false;
  readonly #context: LeaseContext;
  readonly #sent = new WeakMap<Asked, number>();

  constructor(daemon: WatchedDaemon, scaleSet: string, context: LeaseContext) {
    this.daemon = daemon;
    this.scaleSet = scaleSet;
    this.#context = context;
  }

  asked(asked: Asked): void {
    this.#sent.set(asked, this.#context.now());
    if (asked.kind === "close") this.#ends("closed");
    if (asked.kind === "open" && this.state === "held") this.#ends("none");
  }

  answered(asked: Asked, { status, body }: Answered): void {
    const well = status >= 200 && status < 300;
    const sentMs = this.#sent.get(asked) ?? this.#context.now();
    if (asked.kind === "open") {
      this.#opening({ status, body }, sentMs);
      return;
    }
    if (asked.kind === "refresh" || asked.kind === "poll") {
      if (status === 404 || status === 400) this.#ends("none");
    }
    if (!well) return;
    if (asked.kind === "get-set") {
      this.#reading(statisticsIn(body), sentMs);
      return;
    }
    this.sentAtMs = Math.max(this.sentAtMs, sentMs);
    if (asked.kind === "refresh") this.#reading(sessionIn(body)?.statistics, sentMs);
    if (asked.kind === "poll") {
      this.#counted(messageIn(body)?.statistics);
      this.#jobs(body);
    }
  }

  /** An answer about one of its runners, to a look-up or a removal. */
  about(runner: string, says: "absent" | "there" | "busy"): void {
    const nowMs = this.#context.now();
    if (says === "busy") this.busyAtMs.set(runner, nowMs);
    if (says !== "absent") {
      this.absent.delete(runner);
      return;
    }
    const { firstMs = nowMs, count = 0 } = this.absent.get(runner) ?? {};
    this.absent.set(runner, { firstMs, lastMs: nowMs, count: count + 1 });
  }

  #opening({ status, body }: Answered, sentMs: number): void {
    const nowMs = this.#context.now();
    if (status === 409) {
      this.state = "none";
      const holder = holderIn(body);
      const by = holder === undefined ? "unnamed" : holder === this.daemon.name ? "own" : "another";
      if (this.refusal?.by !== by) this.refusal = { by, sinceMs: nowMs, ...(holder !== undefined && { holder }) };
    }
    const session = status === 200 ? sessionIn(body) : undefined;
    if (session === undefined) return;
    this.#counted(session.statistics);
    this.refusal = undefined;
    this.state = "held";
    this.openedAtMs = nowMs;
    this.sentAtMs = sentMs;
  }

  #ends(state: "none" | "closed"): void {
    if (this.state === "held") this.endedAtMs = this.#context.now();
    this.state = state;
  }

  #reading(counts: Counts | undefined, sentMs: number): void {
    if (counts === undefined) return;
    this.#counted(counts);
    const nowMs = this.#context.now();
    const working = new Set<string>();
    for (const name of this.#context.alive(this)) {
      const busyAtMs = this.busyAtMs.get(name) ?? Number.NEGATIVE_INFINITY;
      if (this.named.has(name) || this.#context.works(name) || nowMs - busyAtMs < BUSY_STANDS_MS) working.add(name);
    }
    this.readings.push({ sentMs, running: counts.running, working });
    if (this.readings.length > 100) this.readings.shift();
  }

  #counted(counts: Counts | undefined): void {
    this.countsShown ||= counts !== undefined && Object.values(counts).some((count) => count !== 0);
  }

  #jobs(body: string | undefined): void {
    for (const { kind, jobId, runnerName } of messageIn(body)?.jobs ?? []) {
      if (kind === "JobStarted" && runnerName !== "") this.named.set(runnerName, jobId);
      if (kind !== "JobCompleted") continue;
      if (runnerName !== "") this.completedAtMs.set(runnerName, this.#context.now());
      for (const [name, open] of this.named) if (open === jobId) this.named.delete(name);
    }
  }
}
