import type { Asked } from "../request.js";
import type { Answered } from "./events.js";
import { type Counts, type MessageSeen, sessionIn, statisticsIn } from "./wire.js";

/** Statistics of a message may be older than a grant, for so long; half a percent more, for clocks that run slow. @unit milliseconds */
const COUNTED_AFTER_MS = 60_000 * 1.006;

/**
 * How many offered jobs one life of a daemon may acquire, by what it was told: what it announced, less the assigned of its
 * newest reading, less what it acquired that this reading may not know of.
 */
export class OfferRoom {
  /** What its newest poll announced. */
  capacity = 0;
  #assigned = 0;
  #readMs = Number.NEGATIVE_INFINITY;
  readonly #acquiredMs = new Map<string, number>();
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
    if (asked.kind === "acquire" && status === 200)
      for (const id of asked.requestIds) this.#acquiredMs.set(id, this.#now());
    if (status !== 200) return;
    const counts =
      asked.kind === "open" || asked.kind === "refresh"
        ? sessionIn(body)?.statistics
        : asked.kind === "get-set"
          ? statisticsIn(body)
          : undefined;
    const sentMs = this.#sentMs.get(asked);
    if (counts !== undefined && sentMs !== undefined) this.#reads(counts, sentMs);
  }

  /** A message, when it came first. */
  heard({ statistics, jobs }: MessageSeen): void {
    for (const { kind, requestId } of jobs ?? []) if (kind !== "JobAvailable") this.#acquiredMs.delete(requestId);
    if (statistics !== undefined) this.#reads(statistics, this.#now() - COUNTED_AFTER_MS);
  }

  /** Jobs that stand against what is announced, beside these. */
  taken(beside: readonly string[]): number {
    const uncounted = [...this.#acquiredMs].filter(([id, atMs]) => atMs > this.#readMs && !beside.includes(id));
    return this.#assigned + uncounted.length;
  }

  /** What was acquired before then, it counts. */
  #reads({ assigned }: Counts, sinceMs: number): void {
    this.#assigned = assigned;
    this.#readMs = Math.max(this.#readMs, sinceMs);
  }
}
