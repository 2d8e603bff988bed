import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Claim, fairShares } from "./fair-share.js";

const claim = (some: Partial<Claim>): Claim => ({
  held: 0,
  wanted: 0,
  full: false,
  max: 100,
  weight: 1,
  turn: 0,
  waitingSince: 0,
  ...some,
});

const claims = fc.array(
  fc.record({
    held: fc.nat(20),
    wanted: fc.nat(60),
    full: fc.boolean(),
    max: fc.integer({ min: 1, max: 50 }),
    weight: fc.constantFrom(0.5, 1, 2, 3),
    turn: fc.nat(20),
    waitingSince: fc.nat(1_000),
  }),
  { minLength: 1, maxLength: 12 },
);
const total = fc.integer({ min: 1, max: 200 });
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

describe("runners of a process shared between its scale sets", () => {
  test("go to whoever wants them while there are enough", () => {
    expect(fairShares([claim({ wanted: 30, max: 30 }), claim({ wanted: 5, max: 5 })], 100)).toEqual([30, 5]);
  });

  test("are divided evenly between those that want more, and a modest one gets all it wants", () => {
    expect(fairShares([claim({ wanted: 100 }), claim({ wanted: 100 }), claim({ wanted: 2 })], 20)).toEqual([9, 9, 2]);
  });

  test("are divided by weight", () => {
    expect(fairShares([claim({ wanted: 100, weight: 2 }), claim({ wanted: 100 })], 30)).toEqual([20, 10]);
  });

  test("are not launched by who has more than its part, and the others get what there is room for", () => {
    expect(fairShares([claim({ held: 9, wanted: 9 }), claim({ wanted: 9 })], 10)).toEqual([5, 1]);
    expect(fairShares([claim({ held: 12, wanted: 12 }), claim({ wanted: 9 })], 10)).toEqual([5, 0]);
  });

  test("that nobody wants are held out to everybody, so that a burst is not accepted one by one", () => {
    expect(fairShares([claim({}), claim({})], 10)).toEqual([5, 5]);
    expect(fairShares([claim({ wanted: 1, held: 1 }), claim({ max: 3 })], 10)).toEqual([7, 3]);
  });

  test("that nobody wants go first to who uses all it may, since more jobs may wait for it than are shown", () => {
    expect(fairShares([claim({ wanted: 4, held: 4, full: true }), claim({})], 10)).toEqual([10, 0]);
  });

  test("go to who has waited longest where they are fewer than the scale sets", () => {
    const waiting = [30, 10, 20].map((waitingSince) => claim({ wanted: 5, waitingSince }));
    expect(fairShares(waiting, 2)).toEqual([0, 1, 1]);
  });
});

describe("for any claims", () => {
  test("launching up to the shares never makes more than the total, nor more than a set's own limit", () => {
    fc.assert(
      fc.property(claims, total, (all, most) => {
        const shares = fairShares(all, most);
        for (const [index, { max }] of all.entries()) expect(shares[index]).toBeLessThanOrEqual(max);
        const lives = sum(all.map(({ held }) => held));
        const then = sum(all.map(({ held }, index) => Math.max(held, shares[index] ?? 0)));
        expect(then).toBeLessThanOrEqual(Math.max(most, lives));
      }),
    );
  });

  test("nothing lies idle while somebody may have it", () => {
    fc.assert(
      fc.property(claims, total, (all, most) => {
        const shares = fairShares(all, most);
        const then = all.map(({ held }, index) => Math.max(held, shares[index] ?? 0));
        const room = all.some(({ max }, index) => (then[index] ?? 0) < max);
        if (room) expect(sum(then)).toBeGreaterThanOrEqual(most);
      }),
    );
  });

  test("it is max-min fair: who lacks something could have it only from one that has no more for its weight", () => {
    fc.assert(
      fc.property(claims, total, (all, most) => {
        const shares = fairShares(all, most);
        for (const [index, lacking] of all.entries()) {
          const has = shares[index] ?? 0;
          if (has >= Math.min(lacking.wanted, lacking.max)) continue;
          for (const [other, rich] of all.entries()) {
            const theirs = shares[other] ?? 0;
            if (other === index || theirs <= rich.held) continue;
            // One runner more for the one that lacks would leave the other with less, for its weight, than it then has.
            expect((has + 1) / lacking.weight).toBeGreaterThan((theirs - 1) / rich.weight);
            expect(theirs).toBeLessThanOrEqual(Math.min(rich.wanted, rich.max));
          }
        }
      }),
    );
  });

  test("no set is forgotten: whoever has nothing and waits longest is served before anybody gets a second one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 10 }), fc.integer({ min: 1, max: 9 }), (sets, most) => {
        const all = Array.from({ length: sets }, (_, index) => claim({ wanted: 50, waitingSince: sets - index }));
        const shares = fairShares(all, most);
        if (most <= sets) expect(shares).toEqual(all.map((_, index) => (index >= sets - most ? 1 : 0)));
        else expect(Math.min(...shares)).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  test("a thousand sets are divided in a moment", () => {
    const all = Array.from({ length: 1_000 }, (_, index) => claim({ wanted: index % 50, held: index % 7 }));
    const begun = performance.now();
    fairShares(all, 10_000);
    expect(performance.now() - begun).toBeLessThan(500);
  });
});
