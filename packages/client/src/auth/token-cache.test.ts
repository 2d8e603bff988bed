import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../test/kit/virtual-clock.js";
import { lifeMs, TokenCache } from "./token-cache.js";

const HOUR = 3_600_000;

describe("a token cache", () => {
  test("renews in the background between 60 % and 90 % of the life, spread by chance", async () => {
    for (const [random, at] of [
      [0, 0.6],
      [0.5, 0.75],
      [0.999999, 0.9],
    ] as const) {
      const clock = new VirtualClock();
      const cache = new TokenCache<number>(clock, () => random);
      let issued = 0;
      const issue = async () => ({ value: ++issued, lifeMs: HOUR });
      expect(await cache.get(issue)).toBe(1);
      await clock.advance(HOUR * at - 1_000);
      expect(await cache.get(issue)).toBe(1);
      await clock.advance(2_000);
      // The old one serves while the new one is on its way.
      expect(await cache.get(issue)).toBe(1);
      await clock.advance(1);
      expect(await cache.get(issue)).toBe(2);
    }
  });

  test("goes on with the old one while renewing fails, and waits for a new one when it ran out", async () => {
    const clock = new VirtualClock();
    const cache = new TokenCache<number>(clock, () => 0.5);
    let tries = 0;
    await cache.get(async () => ({ value: 1, lifeMs: HOUR }));
    const failing = async (): Promise<never> => {
      tries += 1;
      throw new Error("down");
    };
    await clock.advance(HOUR * 0.8);
    for (let minute = 0; minute < 10; minute++) {
      expect(await cache.get(failing)).toBe(1);
      await clock.advance(60_000);
    }
    expect(tries).toBeGreaterThan(2);
    expect(tries).toBeLessThan(12);
    await clock.advance(HOUR);
    await expect(cache.get(failing)).rejects.toThrow("down");
    await clock.advance(60_000);
    expect(await cache.get(async () => ({ value: 2, lifeMs: HOUR }))).toBe(2);
  });

  test("a caller that leaves does not end the renewal of the others", async () => {
    const clock = new VirtualClock();
    const cache = new TokenCache<number>(clock, () => 0.5);
    const leaving = new AbortController();
    const issue = async () => {
      await clock.sleep(1_000);
      return { value: 1, lifeMs: HOUR };
    };
    const one = cache.get(issue, leaving.signal);
    const other = cache.get(issue);
    leaving.abort(new Error("left"));
    await expect(one).rejects.toThrow("left");
    expect(await clock.run(other)).toBe(1);
  });
});

describe("the life of a token", () => {
  test("of no sense is ten minutes, so that a wrong clock renews early and never in a loop", () => {
    expect(lifeMs(undefined, 0)).toBe(600_000);
    expect(lifeMs(5, 10)).toBe(600_000);
    expect(lifeMs(Number.NaN, 10)).toBe(600_000);
    expect(lifeMs(HOUR, 0)).toBe(HOUR);
  });
});
