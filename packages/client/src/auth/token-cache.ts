import { SingleFlight } from "../async/single-flight.js";
import type { Clock, Random } from "../clock.js";
import { isScaleSetError } from "../errors.js";
import { backoffMs, jittered } from "../http/retry.js";

export interface Issued<T> {
  readonly value: T;
  /** How long it is good for, from now. @unit milliseconds */
  readonly lifeMs: number;
}

interface Held<T> {
  readonly value: T;
  /** Both on the monotonic clock, so that a wall clock that jumps renews nothing. @unit milliseconds */
  readonly renewAt: number;
  readonly staleAt: number;
}

/** So short a rest is not used: the call could outlive it. */
const MARGIN_MS = 60_000;
/** A token that was refused this soon after another one is not the token's fault. */
const REFUSAL_GAP_MS = 30_000;
/** Whatever the service asks for: GitHub's rate limits last an hour. */
const LONGEST_REST_MS = 60 * 60_000;

/**
 * A token that renews itself: in the background at a random point between 60 % and 90 % of its life (so that a fleet's
 * renewals spread), at once when it has run out. Failures are remembered for a while: a thousand callers with bad
 * credentials are not a thousand requests.
 */
export class TokenCache<T> {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #flight = new SingleFlight<T>();
  #held: Held<T> | undefined;
  #failures = 0;
  #failed: { readonly error: unknown; readonly until: number } | undefined;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The token that is held, while it needs no renewal. */
  current(): T | undefined {
    const held = this.#held;
    return held !== undefined && this.#clock.monotonic() < held.renewAt ? held.value : undefined;
  }

  /** The token; `issue` gets a new one when needed, once for all who wait. */
  async get(issue: () => Promise<Issued<T>>, signal?: AbortSignal): Promise<T> {
    const now = this.#clock.monotonic();
    const held = this.#held;
    if (held !== undefined && now < held.staleAt) {
      if (now >= held.renewAt && !this.#resting(now)) this.#flight.run(() => this.#renew(issue)).catch(() => {});
      return held.value;
    }
    if (this.#failed !== undefined && this.#resting(now)) throw this.#failed.error;
    return this.#flight.run(() => this.#renew(issue), signal);
  }

  /** The service refused this token. Answers whether another one may be had now. */
  refuse(value: T): boolean {
    if (this.#held === undefined || this.#held.value !== value) return true;
    const now = this.#clock.monotonic();
    if (now - this.#refusedAt < REFUSAL_GAP_MS) return false;
    this.#refusedAt = now;
    this.#held = undefined;
    return true;
  }

  #resting(now: number): boolean {
    return this.#failed !== undefined && now < this.#failed.until;
  }

  async #renew(issue: () => Promise<Issued<T>>): Promise<T> {
    try {
      const issued = await issue();
      const now = this.#clock.monotonic();
      const renewAt = now + issued.lifeMs * (0.6 + 0.3 * this.#random());
      this.#held = {
        value: issued.value,
        renewAt,
        staleAt: now + Math.max(issued.lifeMs - MARGIN_MS, issued.lifeMs / 2),
      };
      this.#failures = 0;
      this.#failed = undefined;
      return issued.value;
    } catch (error) {
      if (!isScaleSetError(error, "CLOSED")) this.#remember(error);
      throw error;
    }
  }

  #remember(error: unknown): void {
    this.#failures += 1;
    const ownMs = jittered(backoffMs(this.#failures, 1_000, 60_000), this.#random);
    const askedMs = isScaleSetError(error) ? Math.min(error.retryAfterMs ?? 0, LONGEST_REST_MS) : 0;
    this.#failed = { error, until: this.#clock.monotonic() + Math.max(ownMs, askedMs) };
  }
}

const FALLBACK_LIFE_MS = 10 * 60_000;
const LONGEST_LIFE_MS = 24 * 60 * 60_000;

/**
 * How long a token lives, by the server's own clock where the answer told it. Nonsense (no time, a past one: a clock that
 * is far off) counts as ten minutes: renewed early, never in a loop.
 */
export function lifeMs(expiresAtMs: number | undefined, serverNowMs: number): number {
  const life = (expiresAtMs ?? Number.NaN) - serverNowMs;
  return life > 0 ? Math.min(life, LONGEST_LIFE_MS) : FALLBACK_LIFE_MS;
}
