import type { Clock } from "@scaleset/client";
import { type Claim, fairShares, roomBeside } from "../engine/fair-share.js";
import type { Wakeups } from "../engine/wakeups.js";

/** A scale set as the division of the shared limit sees it. */
export interface Sharer {
  /** Undefined while it has no worker. */
  demand(): { readonly wanted: number; readonly live: number } | undefined;
  readonly maxRunners: number;
  readonly priority: number;
  /** `room`: the most that it may have beside what others have just now, where that is less than its share. */
  setShare(share: number | undefined, room: number | undefined): void;
}

/** A full set is given room for more for so long, to see whether more jobs come. @unit milliseconds */
const TRY_MS = 5_000;
/** When none came, it is tried again after this. @unit milliseconds */
const TRY_AGAIN_MS = 60_000;

interface Standing {
  share: number | undefined;
  /** Since when it has wanted more than it has. */
  waitingSince: number | undefined;
  /** Since when it has been given room for more than this. */
  trial: { readonly wanted: number; readonly since: number } | undefined;
}

/**
 * Divides `limits.maxRunners` again whenever what a scale set wants has changed. The service assigns no more jobs than a
 * set announces, so a set that uses all of its share may have more waiting than can be seen: it is given room for twice
 * as many for a moment, and keeps it when jobs come. So a small share is no trap, and room that nobody needs is not held.
 */
export class Shares {
  readonly #clock: Clock;
  readonly #wakeups: Wakeups;
  readonly #sharers = new Map<Sharer, Standing>();
  #total: number | undefined;
  #due = false;

  constructor(clock: Clock, wakeups: Wakeups, total: number | undefined) {
    this.#clock = clock;
    this.#wakeups = wakeups;
    this.#total = total;
  }

  set total(total: number | undefined) {
    this.#total = total;
    this.divideSoon();
  }

  join(sharer: Sharer): void {
    this.#sharers.set(sharer, { share: undefined, waitingSince: undefined, trial: undefined });
    this.divideSoon();
  }

  leave(sharer: Sharer): void {
    this.#sharers.delete(sharer);
    this.divideSoon();
  }

  /** Once for all that changes in this turn. */
  readonly divideSoon = (): void => {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#divide();
    });
  };

  #divide(): void {
    if (this.#total === undefined) {
      for (const sharer of this.#sharers.keys()) sharer.setShare(undefined, undefined);
      return;
    }
    const present = [...this.#sharers].flatMap(([sharer, standing]) => {
      const demand = sharer.demand();
      return demand === undefined ? [] : [{ sharer, standing, demand, claim: this.#claim(sharer, standing, demand) }];
    });
    const claims = present.map(({ claim }) => claim);
    const shares = fairShares(claims, this.#total);
    const rooms = roomBeside(claims, this.#total);
    let wakeAt = Number.POSITIVE_INFINITY;
    for (const [index, { sharer, standing, demand, claim }] of present.entries()) {
      const share = shares[index] ?? 0;
      standing.share = share;
      // Without any room it has not been tried.
      if (claim.full && share <= demand.wanted) standing.trial = undefined;
      else if (claim.full && standing.trial !== undefined) wakeAt = Math.min(wakeAt, standing.trial.since + TRY_MS);
      const room = rooms[index] ?? 0;
      sharer.setShare(share, room < share ? room : undefined);
    }
    this.#wakeups.set(this.divideSoon, wakeAt);
  }

  #claim(
    { maxRunners: max, priority: weight }: Sharer,
    standing: Standing,
    { wanted, live }: { readonly wanted: number; readonly live: number },
  ): Claim {
    const now = this.#clock.monotonic();
    standing.waitingSince = Math.min(wanted, max) <= live ? undefined : (standing.waitingSince ?? now);
    const announced = Math.max(1, live, Math.min(standing.share ?? max, max));
    const over = standing.trial !== undefined && now - standing.trial.since >= TRY_AGAIN_MS;
    if (over || wanted > (standing.trial?.wanted ?? 0)) standing.trial = undefined;
    if (wanted >= announced && wanted < max) standing.trial ??= { wanted, since: now };
    const full = standing.trial !== undefined && now - standing.trial.since < TRY_MS;
    const room = full ? Math.max(1, wanted) : 0;
    return { live, wanted: wanted + room, full, max, weight, waitingSince: standing.waitingSince ?? now };
  }
}
