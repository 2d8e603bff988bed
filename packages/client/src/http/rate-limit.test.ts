import { describe, expect, test } from "vitest";
import { retryAfterMs } from "./rate-limit.js";

const now = Date.UTC(2026, 0, 1);
const of = (headers: Record<string, string>) => retryAfterMs((name) => headers[name], now);

describe("how long the service wants to be left alone", () => {
  test("is read from seconds and from dates", () => {
    expect(of({ "retry-after": "7" })).toBe(7_000);
    expect(of({ "retry-after": new Date(now + 9_000).toUTCString() })).toBe(9_000);
    expect(of({ "retry-after": new Date(now - 9_000).toUTCString() })).toBe(0);
  });

  test("is measured by the server's clock where it is told", () => {
    const theirs = now + 3_600_000;
    expect(of({ "retry-after": new Date(theirs + 5_000).toUTCString(), date: new Date(theirs).toUTCString() })).toBe(
      5_000,
    );
  });

  test("is the reset of a rate limit, only when it is used up", () => {
    const reset = String(now / 1_000 + 30);
    expect(of({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset })).toBe(30_000);
    expect(of({ "x-ratelimit-remaining": "1", "x-ratelimit-reset": reset })).toBeUndefined();
  });

  test("is unknown where the headers are nonsense", () => {
    expect(of({})).toBeUndefined();
    expect(of({ "retry-after": "soon" })).toBeUndefined();
    expect(of({ "retry-after": "-5" })).not.toBeGreaterThan(0);
    expect(of({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "never" })).toBeUndefined();
  });
});
