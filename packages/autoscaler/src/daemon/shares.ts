import type { Clock } from "@scaleset/client";
import { type Claim, fairShares } from "../engine/fair-share.js";

/** A scale set as the division of the shared limit sees it. */
export interface Sharer {
  /** Undefined while it has no worker. */
  demand(): { readonly wanted: number; readonly live: number } | undefined;
  readonly maxRunners: number;
  readonly priority: number;
  setShare(share: number | undefined): void;
}

/** Divides `limits.maxRunners` again whenever what a scale set wants has changed. */
export class Shares {
  readonly #clock: Clock;
  readonly #sharers = new Set<Sharer>();
  /** Since when each has wanted more than it has. */
  readonly #waiting = new Map<Sharer, number>();
  #total: number | undefined;
  #due = false;

  constructor(clock: Clock, total: number | undefined) {
    this.#clock = clock;
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
    this.#waiting.delete(sharer);
    this.divideSoon();
  }

  /** Once for all that changes in this turn. */
  divideSoon(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      this.#divide();
    });
  }

  #divide(): void {
    if (this.#total === undefined) {
      for (const sharer of this.#sharers) sharer.setShare(undefined);
      return;
    }
    const present = [...this.#sharers].flatMap((sharer) => {
      const demand = sharer.demand();
      return demand === undefined ? [] : [{ sharer, claim: this.#claim(sharer, demand) }];
    });
    const claims = present.map(({ claim }) => claim);
    for (const [index, share] of fairShares(claims, this.#total).entries()) present[index]?.sharer.setShare(share);
  }

  #claim(sharer: Sharer, { wanted, live }: { readonly wanted: number; readonly live: number }): Claim {
    const now = this.#clock.monotonic();
    if (Math.min(wanted, sharer.maxRunners) <= live) this.#waiting.delete(sharer);
    else if (!this.#waiting.has(sharer)) this.#waiting.set(sharer, now);
    return {
      wanted,
      live,
      max: sharer.maxRunners,
      weight: sharer.priority,
      waitingSince: this.#waiting.get(sharer) ?? now,
    };
  }
}
