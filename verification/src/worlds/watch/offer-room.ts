import type { Asked } from "../request.js";
import type { Answered } from "./events.js";
import { type MessageSeen, sessionIn, statisticsIn } from "./wire.js";

/** Statistics of a message may be older than a grant, for so long. @unit milliseconds */
const COUNTED_AFTER_MS = 60_000;
/** By how much a daemon's clock may be off in that time. @unit milliseconds */
const SKEW_MS = 400;

/**
 * How many offered jobs one life of a daemon may acquire, by what it was told: what it announced, less the assigned of its
 * newest reading, less what it acquired that this reading may not know of.
 */
export class OfferRoom {
  /** What its newest poll announced. */
  capacity = 0;
  #assigned = 0;
  /** When the newest reading of a message came, and when the newest other one was asked for. */
  #heardMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;
  /** Granted in an answer that is being taken in. */
  readonly #grantedMs = new Map<string, number>();
  /** Asked for, or granted, and not named since. */
  readonly #acquiredMs = new Map<string, number>();
  /** Named by a message since they were offered: the statistics count them. */
  readonly #named = new Set<string>();
  /** Asked for without a response: they may be taken, and counted by statistics, before the request is repeated. */
  readonly #unanswered = new Set<string>();
  readonly #responded = new WeakSet<Asked>();
  readonly #sentMs = new WeakMap<Asked, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  asked(asked: Asked): void {
    this.#sentMs.set(asked, this.#now());
    if (asked.kind === "poll") this.capacity = asked.capacity;
    if (asked.kind === "acquire") for (const id of asked.requestIds) this.#acquiredMs.set(id, this.#now());
  }

  answered(asked: Asked, { status, body }: Answered): void {
    this.#responded.add(asked);
    if (status !== 200) return;
    if (asked.kind === "acquire") {
      for (const id of grantedIn(body) ?? asked.requestIds) this.#grantedMs.set(id, this.#now());
    }
    const counts =
      asked.kind === "open" || asked.kind === "refresh"
        ? sessionIn(body)?.statistics
        : asked.kind === "get-set"
          ? statisticsIn(body)
          : undefined;
    const sentMs = this.#sentMs.get(asked);
    if (counts === undefined || sentMs === undefined) return;
    this.#assigned = counts.assigned;
    this.#askedMs = Math.max(this.#askedMs, sentMs);
  }

  /** Nothing more comes of a request: what was not granted takes no room. */
  over(asked: Asked): void {
    if (asked.kind !== "acquire") return;
    for (const id of asked.requestIds) {
      const grantedMs = this.#grantedMs.get(id);
      if (this.#responded.has(asked)) this.#unanswered.delete(id);
      else this.#unanswered.add(id);
      if (grantedMs === undefined) this.#acquiredMs.delete(id);
      else this.#acquiredMs.set(id, grantedMs);
      this.#grantedMs.delete(id);
    }
  }

  /** A message, when it came first. */
  heard({ statistics, jobs }: MessageSeen): void {
    for (const { kind, requestId } of jobs ?? []) {
      if (kind === "JobAvailable") this.#named.delete(requestId);
      else {
        this.#acquiredMs.delete(requestId);
        this.#named.add(requestId);
      }
    }
    if (statistics === undefined) return;
    this.#assigned = statistics.assigned;
    this.#heardMs = this.#now();
  }

  /** Of jobs that are asked for, those that are not taken already: a request whose answer was lost is repeated. */
  newOf(ids: readonly string[]): readonly string[] {
    return ids.filter((id) => !this.#named.has(id) && !this.#unanswered.has(id));
  }

  /** Jobs that stand against what is announced, beside these: as many as a daemon may think, by its clock, or as few. */
  taken(beside: readonly string[], by: "most" | "fewest"): number {
    const heardMs = this.#heardMs - COUNTED_AFTER_MS + (by === "most" ? -SKEW_MS : SKEW_MS);
    const countedMs = Math.max(this.#askedMs, heardMs);
    const uncounted = [...this.#acquiredMs].filter(
      ([id, atMs]) => (by === "most" ? atMs >= countedMs : atMs > countedMs) && !beside.includes(id),
    );
    return this.#assigned + uncounted.length;
  }
}

function grantedIn(body: string | undefined): string[] | undefined {
  return /"value":\s*\[([^\]]*)\]/.exec(body ?? "")?.[1]?.match(/\d+/g) ?? (body === undefined ? undefined : []);
}
