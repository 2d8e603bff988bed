import type { Clock } from "@scaleset/client";
import { type Claim, fairShares } from "./fair-share.js";
import { PlaceTurns } from "./place-turns.js";
import { Tries } from "./tries.js";

/** What a scale set has on a backend, and wants there. */
export interface CeilingClaim {
  /** Runners that jobs and the minimum ask for. */
  readonly wanted: number;
  /** Instances and creates under way. */
  readonly live: number;
  /** What its running poll announces, where it may accept more than one job. */
  readonly promised: number;
  /** Instances. */
  readonly made: number;
  /** Creates under way above the ceiling. */
  readonly trying: number;
  /** Whether as many jobs are assigned as it announces: more may wait. */
  readonly full: boolean;
  readonly max: number;
  readonly weight: number;
}

/** A scale set as the division of a backend sees it. */
export interface CeilingUser {
  ceilingClaim(): CeilingClaim;
  /** @param trials launches above it that may be tried now */
  setCeiling(most: number | undefined, trials: number): void;
}

/** Between two launches that try whether a full backend has room again. @unit milliseconds */
const TRY_MIN_MS = 5 * 60_000;
const TRY_MAX_MS = 30 * 60_000;
/** Most that are tried at once after others succeeded. */
const MOST_AT_ONCE = 8;

/**
 * What a backend can hold, known once it had no room, and divided between its scale sets. Above that nothing is promised:
 * from time to time, while jobs may wait or a minimum is not met, one instance is made to see whether there is room
 * again. Each that succeeds is followed at once by more, so that a backend that was full for a moment is used again
 * within minutes.
 */
export class BackendCeiling {
  readonly #clock: Clock;
  readonly #users = new Set<CeilingUser>();
  readonly #turns = new PlaceTurns<CeilingUser>();
  readonly #tries = new Tries<CeilingUser>();
  #most: number | undefined;
  #atOnce = 1;
  #pauseMs = TRY_MIN_MS;
  #tryAt = 0;
  /** When it is to be divided again though nothing has changed. */
  #dueAt = Number.POSITIVE_INFINITY;
  #dividing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Most that the backend can hold, as far as known. */
  get most(): number | undefined {
    return this.#most;
  }

  /** When the next launch above it may be tried, monotonic milliseconds; `Infinity` while there is no ceiling. */
  get tryAt(): number {
    return this.#most === undefined ? Number.POSITIVE_INFINITY : this.#tryAt;
  }

  get mayTry(): boolean {
    return this.#clock.monotonic() >= this.tryAt;
  }

  /** When it is to be divided again though nothing has changed, monotonic milliseconds. */
  get dueAt(): number {
    return this.#dueAt;
  }

  join(user: CeilingUser): void {
    this.#users.add(user);
    this.divide();
  }

  leave(user: CeilingUser): void {
    if (!this.#users.delete(user)) return;
    this.#tries.forget(user);
    user.setCeiling(undefined, 0);
    this.divide();
  }

  /** The backend had no room. `left`: whether something of the failed launch is there still, and is counted as live. */
  hit(left: boolean): void {
    const now = this.#clock.monotonic();
    const live = this.#sum(({ live }) => live) - (left ? 1 : 0);
    const wasTrial = this.#most !== undefined && live >= this.#most;
    this.#most = Math.min(this.#most ?? Number.POSITIVE_INFINITY, live);
    // Several launches of one trial may fail: they are one failure.
    if (now >= this.#tryAt || !wasTrial) {
      this.#tryAt = now + this.#pauseMs;
      if (wasTrial) this.#pauseMs = Math.min(TRY_MAX_MS, this.#pauseMs * 2);
    }
    this.#atOnce = 1;
    this.divide();
  }

  /** An instance was made. */
  made(): void {
    if (this.#most === undefined) return;
    const made = this.#sum(({ made }) => made);
    if (made <= this.#most) return;
    this.#most = made;
    this.#pauseMs = TRY_MIN_MS;
    // A failure since has ended the row.
    if (this.#clock.monotonic() >= this.#tryAt && this.#sum(({ trying }) => trying) === 0) {
      this.#atOnce = Math.min(MOST_AT_ONCE, this.#atOnce * 2);
    }
    this.divide();
  }

  /** To be called before a freed place is filled, and whenever a claim has changed. */
  divide(): void {
    if (this.#most === undefined || this.#dividing) return;
    this.#dividing = true;
    const now = this.#clock.monotonic();
    const users = [...this.#users].map((user) => ({ user, claim: user.ceilingClaim() }));
    const claims = users.map(({ user, claim }): Claim => {
      const { turn, waitingSince } = this.#turns.note(user, claim, now);
      // What no set wants goes first to those for which jobs may wait. Nobody wants more for that: a ceiling is no share.
      const full = this.#tries.note(user, claim, now);
      return { ...claim, held: claim.live, full, turn, waitingSince };
    });
    this.#turns.settle(claims);
    const shares = this.#shares(users, claims, this.#most);
    const due = users.map(({ user, claim }, index) =>
      this.#tries.given(user, { share: shares[index] ?? 0, wanted: claim.wanted }, now),
    );
    this.#dueAt = Math.min(...due);
    const next = this.#whoTries(users, { claims, shares, now });
    for (const [index, { user }] of users.entries()) {
      user.setCeiling(shares[index] ?? 0, index === next ? this.#atOnce : 0);
    }
    this.#dividing = false;
  }

  /** What a running poll promises is not given to another set. It is no room either: it may be older than the ceiling. */
  #shares(users: readonly { readonly claim: CeilingClaim }[], claims: readonly Claim[], most: number): number[] {
    const promised = claims.map((claim, index) => {
      const { promised = 0 } = users[index]?.claim ?? {};
      return { ...claim, held: Math.max(claim.held, promised) };
    });
    const room = fairShares(claims, most);
    return fairShares(promised, most).map((share, index) => Math.min(share, room[index] ?? 0));
  }

  /** Of the sets for which jobs may wait, or that want more than their share, the one whose turn it is. */
  #whoTries(
    users: readonly { readonly claim: CeilingClaim }[],
    {
      claims,
      shares,
      now,
    }: { readonly claims: readonly Claim[]; readonly shares: readonly number[]; readonly now: number },
  ): number | undefined {
    const live = users.reduce((sum, { claim }) => sum + claim.live, 0);
    if (now < this.#tryAt || live > (this.#most ?? 0)) return undefined;
    let next: number | undefined;
    for (const [index, { claim }] of users.entries()) {
      const lacks = claim.full || claim.wanted > (shares[index] ?? 0);
      if (!lacks || claim.live >= claim.max) continue;
      if (next === undefined || (claims[index]?.turn ?? 0) < (claims[next]?.turn ?? 0)) next = index;
    }
    return next;
  }

  #sum(of: (claim: CeilingClaim) => number): number {
    let sum = 0;
    for (const user of this.#users) sum += of(user.ceilingClaim());
    return sum;
  }
}
