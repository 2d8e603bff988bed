import type { Clock } from "@scaleset/client";
import { type Claim, fairShares } from "../engine/fair-share.js";
import { PlaceTurns } from "../engine/place-turns.js";
import { Tries } from "../engine/tries.js";
import type { Wakeups } from "../engine/wakeups.js";
import type { SharedDemand } from "../engine/worker-options.js";

/** A scale set as the division of the shared limit sees it. */
export interface Sharer {
  /** Undefined while it has no worker. */
  demand(): SharedDemand | undefined;
  readonly maxRunners: number;
  readonly priority: number;
  setShare(share: number | undefined): void;
}

/**
 * Divides `limits.maxRunners` again whenever what a scale set wants has changed, and before a freed place is filled. The
 * service assigns no more jobs than a set announces, so a set that uses all of its share may have more waiting than can be
 * seen: it is given room for twice as many for a moment, and keeps it when jobs come. So a small share is no trap, and
 * room that no set needs is not held.
 */
export class Shares {
  readonly #clock: Clock;
  readonly #wakeups: Wakeups;
  readonly #sharers = new Set<Sharer>();
  readonly #turns = new PlaceTurns<Sharer>();
  readonly #tries = new Tries<Sharer>();
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
    this.#sharers.add(sharer);
    this.divideSoon();
  }

  leave(sharer: Sharer): void {
    this.#sharers.delete(sharer);
    this.#tries.forget(sharer);
    this.divideSoon();
  }

  /** Once for all that changes in this turn. */
  readonly divideSoon = (): void => {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      if (this.#due) this.divide();
    });
  };

  /** At once: a place is free, and whoever had it must not take it again unless it is next. */
  divide(): void {
    this.#due = false;
    if (this.#total === undefined) {
      for (const sharer of this.#sharers) sharer.setShare(undefined);
      return;
    }
    const now = this.#clock.monotonic();
    const present = [...this.#sharers].flatMap((sharer) => {
      const demand = sharer.demand();
      return demand === undefined ? [] : [{ sharer, demand, claim: this.#claim(sharer, demand, now) }];
    });
    const claims = present.map(({ claim }) => claim);
    this.#turns.settle(claims);
    const shares = fairShares(claims, this.#total);
    let wakeAt = Number.POSITIVE_INFINITY;
    for (const [index, { sharer, demand }] of present.entries()) {
      const given = { share: shares[index] ?? 0, wanted: demand.wanted };
      wakeAt = Math.min(wakeAt, this.#tries.given(sharer, given, now));
    }
    this.#wakeups.set(this.divideSoon, wakeAt);
    for (const [index, { sharer }] of present.entries()) sharer.setShare(shares[index] ?? 0);
  }

  #claim(sharer: Sharer, { wanted, live, promised, full: uses }: SharedDemand, now: number): Claim {
    const { maxRunners: max, priority: weight } = sharer;
    const { turn, waitingSince } = this.#turns.note(sharer, { wanted, live, weight }, now);
    const full = this.#tries.note(sharer, { wanted, full: uses, max }, now);
    const held = Math.max(live, promised);
    return { held, wanted: full ? wanted + Math.max(1, wanted) : wanted, full, max, weight, turn, waitingSince };
  }
}
