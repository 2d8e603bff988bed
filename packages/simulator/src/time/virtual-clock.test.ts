import { setMaxListeners } from "node:events";
import { expect, test } from "vitest";
import { seededRandom } from "./random.js";
import { VirtualClock } from "./virtual-clock.js";

test("equal deadlines fire in the order they were set, each with all that comes of it before the next", async () => {
  const clock = new VirtualClock({ startMs: 0 });
  const seen: string[] = [];
  const sleeper = async (name: string): Promise<void> => {
    await clock.sleep(10);
    seen.push(name);
    await Promise.resolve().then(() => Promise.resolve());
    seen.push(`${name}, later`);
  };
  void sleeper("a");
  void sleeper("b");
  await clock.runFor(10);
  expect(seen).toEqual(["a", "a, later", "b", "b, later"]);
});

test("a day passes without waiting, and time stands still in between", async () => {
  const clock = new VirtualClock({ startMs: 0 });
  let woken = 0;
  void (async () => {
    for (;;) {
      await clock.sleep(3_600_000);
      woken += 1;
    }
  })();
  await clock.runFor(86_400_000);
  expect([woken, clock.now(), clock.monotonic()]).toEqual([24, 86_400_000, 86_400_000]);
  expect(clock.pending()).toEqual([{ atMs: 86_400_000 + 3_600_000 }]);
});

test("waiting for what never comes fails, and says when", async () => {
  const clock = new VirtualClock({ startMs: 0 });
  await expect(clock.runUntil(() => false)).rejects.toThrow("nothing waits");
  void clock.sleep(2_000).catch(() => undefined);
  await expect(clock.runUntil(() => false, { limitMs: 1_000 })).rejects.toThrow("1000 ms have passed");
});

test("an aborted sleep and a disposed deadline leave nothing behind", async () => {
  const clock = new VirtualClock();
  const gone = new AbortController();
  const sleeping = clock.sleep(1_000, { signal: gone.signal });
  const deadline = clock.deadline(1_000, { signal: gone.signal });
  expect(clock.pending()).toHaveLength(2);
  deadline[Symbol.dispose]();
  gone.abort(new Error("gone"));
  await expect(sleeping).rejects.toThrow("gone");
  expect(clock.pending()).toEqual([]);
  expect(deadline.signal.aborted).toBe(false);
});

test("a deadline aborts with a TimeoutError, or with the reason of its signal", async () => {
  const clock = new VirtualClock();
  using late = clock.deadline(1_000);
  const gone = new AbortController();
  using cut = clock.deadline(1_000, { signal: gone.signal });
  gone.abort(new Error("gone"));
  await clock.runFor(1_000);
  expect(late.signal.reason).toMatchObject({ name: "TimeoutError" });
  expect(cut.signal.reason).toMatchObject({ message: "gone" });
});

test("a skewed view tells another time of day, and waits as long", async () => {
  const clock = new VirtualClock({ startMs: 0 });
  const fast = clock.skewed(90_000);
  expect(fast.now()).toBe(90_000);
  const woken = fast.sleep(1_000);
  await clock.runUntilSettled(woken);
  expect([clock.now(), fast.now(), fast.monotonic()]).toEqual([1_000, 91_000, 1_000]);
});

test("thousands of timers, many taken back, fire in order", async () => {
  const clock = new VirtualClock({ startMs: 0 });
  const random = seededRandom("timers");
  const fired: number[] = [];
  const taken = new AbortController();
  setMaxListeners(0, taken.signal);
  for (let index = 0; index < 3_000; index++) {
    const at = Math.floor(random() * 1_000);
    const signal = random() < 0.5 ? taken.signal : undefined;
    clock.sleep(at, { signal }).then(
      () => fired.push(at),
      () => undefined,
    );
  }
  taken.abort(new Error("taken back"));
  await clock.runFor(1_000);
  expect(fired.length).toBeGreaterThan(1_000);
  expect(fired).toEqual([...fired].sort((a, b) => a - b));
});

test("two drivers at once are refused", async () => {
  const clock = new VirtualClock();
  const first = clock.runFor(10);
  await expect(clock.runFor(10)).rejects.toThrow("only one driver");
  await first;
});

test("a seed gives the same numbers each time, another seed others, evenly spread", () => {
  const numbers = (seed: number | string) => Array.from({ length: 10_000 }, seededRandom(seed));
  expect(numbers(1)).toEqual(numbers(1));
  expect(numbers(1)).not.toEqual(numbers(2));
  const all = numbers("spread");
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
  expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...all)).toBeLessThan(1);
});
