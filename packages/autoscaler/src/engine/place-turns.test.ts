import { expect, test } from "vitest";
import { fairShares } from "./fair-share.js";
import { PlaceTurns } from "./place-turns.js";

interface Set {
  readonly weight: number;
  wanted: number;
  live: number;
  served: number;
}

/** One place, handed on each time that its job ends. Answers who had it, in order. */
function serve(sets: readonly Set[], times: number, turns = new PlaceTurns<Set>()): string {
  let order = "";
  for (let time = 0; time < times; time++) {
    for (const set of sets) set.live = 0;
    const claims = sets.map((set) => {
      const { turn, waitingSince } = turns.note(set, set, time);
      return { held: 0, wanted: set.wanted, full: false, max: 9, weight: set.weight, turn, waitingSince };
    });
    turns.settle(claims);
    const next = fairShares(claims, 1).indexOf(1);
    const set = sets[next];
    if (set === undefined) throw new Error("no set has the place");
    set.live = 1;
    set.served += 1;
    turns.note(set, set, time);
    order += "abc"[next];
  }
  return order;
}

const set = (wanted: number, weight = 1): Set => ({ weight, wanted, live: 0, served: 0 });

test("one place goes round between those that want it", () => {
  expect(serve([set(9), set(9), set(9)], 6)).toBe("abcabc");
});

test("a priority of 2 gets two of three", () => {
  const sets = [set(9, 2), set(9)];
  serve(sets, 30);
  expect(sets.map(({ served }) => served)).toEqual([20, 10]);
});

test("a set that was alone owes the others nothing, and one that wanted nothing has saved nothing", () => {
  const turns = new PlaceTurns<Set>();
  const [a, b] = [set(9), set(0)];
  expect(serve([a, b], 20, turns)).toBe("a".repeat(20));
  b.wanted = 9;
  expect(serve([a, b], 10, turns)).toMatch(/^b?(ab|ba)+[ab]?$/);
  a.wanted = 0;
  serve([a, b], 20, turns);
  a.wanted = 9;
  const order = serve([a, b], 10, turns);
  expect(order).toMatch(/^a?(ab|ba)+[ab]?$/);
});

test("a set whose launches failed for long is owed no more than a few turns in a row", () => {
  const turns = new PlaceTurns<Set>();
  const [stuck, b, c] = [set(9), set(9), set(9)];
  const note = (one: Set, time: number) => ({ ...turns.note(one, one, time), ...one });
  for (let time = 0; time < 40; time++) {
    for (const one of [b, c]) {
      one.live = time % 2;
      turns.settle([stuck, b, c].map((each) => note(each, time)));
    }
  }
  expect(note(b, 40).turn).toBe(20);
  expect(note(stuck, 40).turn).toBeGreaterThanOrEqual(18);
  expect(serve([stuck, b, c], 6, turns)).toMatch(/^a{1,3}(b|c)/);
});
