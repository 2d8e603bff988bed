import { VirtualClock } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { BackendCeiling, type CeilingClaim, type CeilingUser } from "./backend-ceiling.js";

const MINUTE = 60_000;

class User implements CeilingUser {
  most: number | undefined;
  trials = 0;
  claim: CeilingClaim = { wanted: 10, live: 0, promised: 0, made: 0, trying: 0, full: true, max: 100, weight: 1 };

  ceilingClaim(): CeilingClaim {
    return this.claim;
  }

  setCeiling(most: number | undefined, trials: number): void {
    this.most = most;
    this.trials = trials;
  }

  has(live: number, made = live): void {
    this.claim = { ...this.claim, live, made, trying: live - made };
  }
}

function ceiling(): { clock: VirtualClock; ceiling: BackendCeiling; a: User; b: User } {
  const clock = new VirtualClock();
  const made = new BackendCeiling(clock);
  const [a, b] = [new User(), new User()];
  made.join(a);
  made.join(b);
  return { clock, ceiling: made, a, b };
}

test("is what lived when there was no room, falls with each further failure, and rises with each instance made above it", () => {
  const { ceiling: held, a } = ceiling();
  a.has(9, 3);
  held.hit(false);
  expect(held.most).toBe(9);
  a.has(4, 3);
  held.hit(false);
  expect(held.most).toBe(4);
  a.has(4, 3);
  held.hit(true);
  expect(held.most).toBe(3);
  a.has(5, 5);
  held.made();
  expect(held.most).toBe(5);
});

test("is divided among the sets of the backend, and a freed place goes round", () => {
  const { ceiling: held, a, b } = ceiling();
  a.has(1);
  b.has(0);
  held.hit(false);
  expect([a.most, b.most]).toEqual([0, 0]);
  a.has(0);
  held.divide();
  expect([a.most, b.most]).toEqual([0, 1]);
  b.has(1);
  held.divide();
  b.has(0);
  held.divide();
  expect([a.most, b.most]).toEqual([1, 0]);
});

test("one launch above it is tried after 5 minutes, then after 10, 20 and 30, and only where jobs may wait or a minimum is not met", async () => {
  const { clock, ceiling: held, a, b } = ceiling();
  b.claim = { ...b.claim, full: false, wanted: 0 };
  a.has(3);
  held.hit(false);
  expect([a.trials, b.trials]).toEqual([0, 0]);
  for (const minutes of [5, 5, 10, 20, 30, 30]) {
    await clock.runFor(minutes * MINUTE - 1);
    held.divide();
    expect(a.trials, `before ${minutes}`).toBe(0);
    await clock.runFor(1);
    held.divide();
    expect([a.trials, b.trials]).toEqual([1, 0]);
    a.has(4, 3);
    held.divide();
    expect(a.trials, "one at a time").toBe(0);
    a.has(3);
    held.hit(false);
    expect(held.most).toBe(3);
  }
  await clock.runFor(60 * MINUTE);
  a.claim = { ...a.claim, full: false, wanted: 3 };
  held.divide();
  expect(a.trials).toBe(0);
  a.claim = { ...a.claim, wanted: 4 };
  held.divide();
  expect(a.trials, "a minimum that is not met").toBe(1);
});

test("one that succeeds is followed at once by two, four and eight, until there is no room", async () => {
  const { clock, ceiling: held, a, b } = ceiling();
  b.claim = { ...b.claim, full: false, wanted: 0 };
  a.has(30);
  held.hit(false);
  await clock.runFor(5 * MINUTE);
  held.divide();
  let live = 30;
  for (const atOnce of [1, 2, 4, 8, 8]) {
    expect(a.trials).toBe(atOnce);
    a.has(live + atOnce, live);
    held.divide();
    for (let made = 1; made <= atOnce; made++) {
      a.has(live + atOnce, live + made);
      held.made();
      if (made < atOnce) expect(a.trials).toBe(0);
    }
    live += atOnce;
  }
  a.has(live + 7, live);
  held.hit(false);
  expect(a.trials).toBe(0);
  a.has(live + 1, live + 1);
  held.made();
  expect(a.trials, "a failure ends the row").toBe(0);
});

test("a set that leaves gives up its part", () => {
  const { ceiling: held, a, b } = ceiling();
  a.has(2);
  b.has(0);
  held.hit(false);
  a.has(0);
  held.leave(a);
  expect([a.most, b.most]).toEqual([undefined, 2]);
});

test("a place that no set wants is lent to those for which jobs may wait, one after the other, once a minute", async () => {
  const { clock, ceiling: held, a, b } = ceiling();
  const c = new User();
  held.join(c);
  a.claim = { ...a.claim, wanted: 1, full: false };
  b.claim = { ...b.claim, wanted: 1 };
  c.claim = { ...c.claim, wanted: 1 };
  a.has(2);
  for (const user of [b, c]) user.has(1);
  held.hit(false);
  a.has(1);
  held.divide();
  const lent: (number | undefined)[][] = [];
  for (let second = 0; second < 70; second += 5) {
    held.divide();
    lent.push([a.most, b.most, c.most]);
    expect(held.dueAt).toBeGreaterThan(clock.monotonic());
    await clock.runFor(5_000);
  }
  const [toA, toB, toC] = [
    [2, 1, 1],
    [1, 2, 1],
    [1, 1, 2],
  ];
  expect(lent).toEqual([toB, toC, ...Array.from({ length: 10 }, () => toA), toB, toC]);
});

test("a place that a running poll promises is not lent to another set", () => {
  const { ceiling: held, a, b } = ceiling();
  a.claim = { ...a.claim, wanted: 1, full: false, promised: 2 };
  b.claim = { ...b.claim, wanted: 1 };
  a.has(2);
  b.has(1);
  held.hit(false);
  a.has(1);
  held.divide();
  expect([a.most, b.most]).toEqual([1, 1]);
  a.claim = { ...a.claim, promised: 1 };
  held.divide();
  expect([a.most, b.most]).toEqual([1, 2]);
});

test("what was promised before the ceiling was known is no room", () => {
  const { ceiling: held, a, b } = ceiling();
  a.claim = { ...a.claim, wanted: 2, full: false, promised: 5 };
  b.claim = { ...b.claim, wanted: 2, promised: 4 };
  a.has(3);
  b.has(1);
  held.hit(false);
  expect([a.most, b.most]).toEqual([2, 1]);
});
