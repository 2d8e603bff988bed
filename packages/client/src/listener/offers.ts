import type { RunnerScaleSetMessage, RunnerScaleSetStatistics } from "../types.js";

/** Most ids of each kind that are remembered. More are listed by the service again. */
const MOST = 1_000;

/** A grant that no message names counts as part of the statistics after this. @unit milliseconds */
const COUNTED_AFTER_MS = 60_000;

/**
 * Jobs that the service offers (GHES), which may be more than is announced. What fits is acquired, the rest is kept until
 * there is room: to acquire a job that no runner can take would lose it. Pure: no I/O, time is passed in.
 */
export class Offers {
  readonly #kept = new Set<string>();
  readonly #asked = new Set<string>();
  /** Acquired, and maybe not in the newest statistics yet: the moment of the answer. @unit milliseconds, uptime */
  readonly #granted = new Map<string, number>();
  readonly #declined = new Set<string>();
  #taken = 0;
  #available = 0;

  /** Jobs that could be acquired by the newest statistics. */
  get available(): number {
    return this.#available;
  }

  /** The ids that wait for room, oldest first. */
  get kept(): readonly string[] {
    return [...this.#kept];
  }

  /** Whether any id waits for room. */
  get waiting(): boolean {
    return this.#kept.size > 0;
  }

  /**
   * Takes a reading in.
   *
   * @param sentAt - when a refresh or an opening that brought it was sent; undefined for that of a message, which may be old
   */
  read(statistics: RunnerScaleSetStatistics, now: number, sentAt?: number): void {
    const { totalAssignedJobs, totalAcquiredJobs, totalAvailableJobs } = statistics;
    this.#taken = totalAssignedJobs + totalAcquiredJobs;
    this.#available = totalAvailableJobs;
    const counted = sentAt ?? now - COUNTED_AFTER_MS;
    for (const [id, grantedAt] of this.#granted) if (grantedAt <= counted) this.#granted.delete(id);
  }

  /** Jobs that a message names are counted by its statistics, and one that ended is no longer offered. */
  named({ jobs }: RunnerScaleSetMessage): void {
    for (const job of jobs) {
      if (job.messageType === "JobAvailable" || job.messageType === "unknown") continue;
      this.#granted.delete(job.runnerRequestId);
      if (job.messageType === "JobCompleted") this.#kept.delete(job.runnerRequestId);
    }
  }

  /** Keeps what is offered, until {@link take} takes it. */
  keep(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.#asked.has(id) || this.#granted.has(id) || this.#declined.has(id)) continue;
      if (this.#kept.size < MOST) this.#kept.add(id);
    }
  }

  /** What the service lists. Of those kept when it was asked, what it does not list is gone. */
  listed(ids: readonly string[], keptBefore: readonly string[]): void {
    const there = new Set(ids);
    this.drop(keptBefore.filter((id) => !there.has(id)));
    this.keep(ids);
  }

  /** The handler does not want them. */
  decline(ids: readonly string[]): void {
    for (const id of ids) {
      this.#kept.delete(id);
      this.#declined.add(id);
      if (this.#declined.size > MOST) forgetFirst(this.#declined);
    }
  }

  /** Takes kept ids for as much room as there is, oldest first. Each take is ended by {@link answered} or {@link failed}. */
  take(capacity: number): string[] {
    const room = capacity - this.#taken - this.#granted.size - this.#asked.size;
    const ids: string[] = [];
    for (const id of this.#kept) {
      if (ids.length >= room) break;
      ids.push(id);
    }
    this.ask(ids);
    return ids;
  }

  /** They are being asked for. */
  ask(ids: readonly string[]): void {
    for (const id of ids) {
      this.#kept.delete(id);
      this.#asked.add(id);
    }
  }

  /** What was asked for and not granted is gone. */
  answered(asked: readonly string[], granted: readonly string[], now: number): void {
    for (const id of asked) this.#asked.delete(id);
    for (const id of granted) {
      this.#granted.set(id, now);
      if (this.#granted.size > MOST) forgetFirst(this.#granted);
    }
  }

  /** The service did not answer: they are asked for again. */
  failed(asked: readonly string[]): void {
    for (const id of asked) this.#asked.delete(id);
    this.keep(asked);
  }

  /** They can't be had. */
  drop(ids: readonly string[]): void {
    for (const id of ids) this.#kept.delete(id);
  }

  /** Another scale set: nothing of this one counts. */
  clear(): void {
    for (const ids of [this.#kept, this.#asked, this.#granted, this.#declined]) ids.clear();
    this.#taken = 0;
    this.#available = 0;
  }
}

function forgetFirst(ids: { keys(): Iterable<string>; delete(id: string): boolean }): void {
  for (const first of ids.keys()) {
    ids.delete(first);
    return;
  }
}
