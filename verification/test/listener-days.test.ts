import { describe, expect, test } from "vitest";
import { LONGEST_SILENCE_MS, MOST_REQUESTS_A_MINUTE } from "../src/listener-days/checker.js";
import { type Day, runListenerDay } from "../src/listener-days/day.js";
import { failures } from "../src/listener-days/failures.js";

/** New ones each time, so that every run looks where none looked before. */
const random = [Date.now() % 1_000_000];
const seeds = [1, 2, 3, ...random];

function expectWell(day: Day): void {
  const story = `seed ${day.seed}\n${day.broken.join("\n")}\n${day.trace.join("\n")}`;
  expect(day.broken, story).toEqual([]);
  expect(day.mostInAMinute, story).toBeLessThanOrEqual(MOST_REQUESTS_A_MINUTE);
  expect(day.longestSilenceMs, story).toBeLessThanOrEqual(LONGEST_SILENCE_MS);
}

describe("24 hours of a listener with everything going wrong", () => {
  test(`it never ends, never rests, handles every message before it acknowledges it (seeds ${seeds.join(", ")})`, async () => {
    const struck = new Map(failures.map(({ name }) => [name, 0]));
    for (const seed of seeds) {
      const day = await runListenerDay({ seed });
      expectWell(day);
      expect(day.acknowledged).toBeGreaterThan(100);
      for (const [name, count] of day.struck) struck.set(name, (struck.get(name) ?? 0) + count);
    }
    const never = [...struck].filter(([, count]) => count === 0).map(([name]) => name);
    expect(never, "failures that never happened").toEqual([]);
  }, 120_000);

  test("the same seed is the same day, in any order", async () => {
    const once = await runListenerDay({ seed: 5, hours: 3 });
    await runListenerDay({ seed: 6, hours: 1 });
    expect(await runListenerDay({ seed: 5, hours: 3 })).toEqual(once);
  });
});

test.each(failures.map(({ name }) => name))(
  "%s, again and again and nothing else: requests stay bounded",
  async (name) => {
    expectWell(await runListenerDay({ seed: 7, hours: 2, only: [name] }));
  },
);
