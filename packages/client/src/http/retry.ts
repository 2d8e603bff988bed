import type { Random } from "../clock.js";
import type { ScaleSetError } from "../errors.js";

/**
 * When a call that failed is sent again. Only what may pass by itself is, and only where doing it twice is safe: creating a
 * scale set, opening a session and asking for a JIT config are repeated only when the first can't have happened.
 */
export interface RetryPolicy {
  /** Attempts in all, the first included; 1 = never again. @default 4 */
  readonly attempts: number;
  /** The first wait; it doubles, and half of each wait is chance. @unit milliseconds @default 250 */
  readonly baseMs: number;
  /** The longest wait of our own choosing. @unit milliseconds @default 10_000 */
  readonly maxMs: number;
  /** A service that asks for more than this is not waited for: the error tells how long. @unit milliseconds @default 60_000 */
  readonly maxRetryAfterMs: number;
}

/**
 * - `safe`: doing it twice is like doing it once;
 * - `uncommitted`: only after a failure that proves that nothing happened at the service;
 * - `never`: the caller decides.
 */
export type Repeat = "safe" | "uncommitted" | "never";

export interface FailedAttempt {
  /** 1 for the first. */
  readonly attempt: number;
  readonly error: ScaleSetError;
  /** False when the request can't have reached the service. */
  readonly sent: boolean;
  readonly repeat: Repeat;
  /** A refusal that this one call may meet for a moment: fresh registration tokens do. */
  readonly passing: boolean;
}

export type NextStep = { readonly waitMs: number } | "stop";

/** What to do after a failed attempt: wait and try again, or stop. Pure, but for the jitter's `random`. */
export function nextStep(failed: FailedAttempt, policy: RetryPolicy, random: Random): NextStep {
  const { attempt, error, repeat } = failed;
  if (attempt >= policy.attempts || repeat === "never") return "stop";
  if (!error.retryable && !failed.passing) return "stop";
  if (repeat === "uncommitted" && failed.sent && error.code !== "RATE_LIMITED" && !failed.passing) return "stop";
  const ownMs = jittered(backoffMs(attempt, policy.baseMs, policy.maxMs), random);
  const askedMs = error.retryAfterMs;
  if (askedMs === undefined) return { waitMs: ownMs };
  if (askedMs > policy.maxRetryAfterMs) return "stop";
  // On top of what was asked for, or all who were told the same would come back together.
  return { waitMs: askedMs + ownMs };
}

/** Doubles from `minMs` with each attempt (1 for the first), up to `maxMs`. */
export function backoffMs(attempt: number, minMs: number, maxMs: number): number {
  return Math.min(maxMs, minMs * 2 ** Math.min(attempt - 1, 30));
}

/** Between half of it and all of it. */
export function jittered(ms: number, random: Random): number {
  return ms * (0.5 + random() / 2);
}
