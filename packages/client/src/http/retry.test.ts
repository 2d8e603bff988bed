import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ScaleSetError, type ScaleSetErrorCode } from "../errors.js";
import { backoffMs, type FailedAttempt, jittered, nextStep, type RetryPolicy } from "./retry.js";

const policy: RetryPolicy = { attempts: 4, baseMs: 250, maxMs: 10_000, maxRetryAfterMs: 60_000 };

function failed(code: ScaleSetErrorCode, rest: Partial<FailedAttempt> & { retryAfterMs?: number } = {}): FailedAttempt {
  const { retryAfterMs, ...other } = rest;
  const error = new ScaleSetError(code, "x", { operation: "listRunners", retryAfterMs });
  return { attempt: 1, error, sent: true, repeat: "safe", passing: false, ...other };
}

const step = (attempt: FailedAttempt, random = 0.5) => nextStep(attempt, policy, () => random);

describe("the next step after a failure", () => {
  test("waits longer each time, between half and all of it", () => {
    expect(step(failed("NETWORK"), 0)).toEqual({ waitMs: 125 });
    expect(step(failed("NETWORK", { attempt: 3 }), 1)).toEqual({ waitMs: 1_000 });
  });

  test("stops when the attempts are used up, or nothing will change", () => {
    expect(step(failed("NETWORK", { attempt: 4 }))).toBe("stop");
    expect(step(failed("FORBIDDEN"))).toBe("stop");
    expect(step(failed("JOB_STILL_RUNNING"))).toBe("stop");
  });

  test("a refusal that passes is tried again", () => {
    expect(step(failed("FORBIDDEN", { passing: true }))).toEqual({ waitMs: 187.5 });
  });

  test("what may have happened is never done twice", () => {
    for (const code of ["NETWORK", "TIMEOUT", "PROTOCOL", "SERVER_ERROR"] as const) {
      expect(step(failed(code, { repeat: "uncommitted" }))).toBe("stop");
    }
    expect(step(failed("NETWORK", { repeat: "uncommitted", sent: false }))).not.toBe("stop");
    expect(step(failed("RATE_LIMITED", { repeat: "uncommitted" }))).not.toBe("stop");
    expect(step(failed("NETWORK", { repeat: "never", sent: false }))).toBe("stop");
  });

  test("is never earlier than the service asked, and not at all when it asked for too long", () => {
    const asked = fc.double({ min: 0, max: 200_000, noNaN: true });
    fc.assert(
      fc.property(
        asked,
        fc.integer({ min: 1, max: 3 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (ms, attempt, random) => {
          const next = step(failed("SERVER_ERROR", { retryAfterMs: ms, attempt }), random);
          if (ms > policy.maxRetryAfterMs) expect(next).toBe("stop");
          else expect(next !== "stop" && next.waitMs >= ms && next.waitMs <= ms + policy.maxMs).toBe(true);
        },
      ),
    );
  });

  test("waits never pass their limit, however many attempts there were", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, random) => {
          const waitMs = jittered(backoffMs(attempt, 250, 30_000), () => random);
          expect(waitMs).toBeGreaterThanOrEqual(125);
          expect(waitMs).toBeLessThanOrEqual(30_000);
        },
      ),
    );
  });
});
