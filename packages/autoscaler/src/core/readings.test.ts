import { expect, test } from "vitest";
import type { Reading } from "./model.js";
import { Readings } from "./readings.js";
import { defaultTimings } from "./settings.js";

const { sessionReadingMs, pollHeldMs } = defaultTimings;

function reading(assigned: number, asOf: number): Reading {
  return { assigned, asOf, running: 0, registered: 0, busy: 0, idle: 0, endsKnown: 0 };
}

function opened(): Readings {
  const readings = new Readings(defaultTimings);
  readings.sessionOpened(reading(1, 0));
  return readings;
}

test("the session's own statistics stand for a while, then the newest of those that came meanwhile", () => {
  const readings = opened();
  readings.message(reading(2, 100));
  readings.message(reading(3, 200));
  expect(readings.current(sessionReadingMs - 1)?.assigned).toBe(1);
  expect(readings.settlesAt).toBe(sessionReadingMs);
  expect(readings.current(sessionReadingMs)?.assigned).toBe(3);
});

test("they stand no longer once a poll found nothing to answer for a while: no backlog is left", () => {
  const readings = opened();
  readings.message(reading(2, 100));
  readings.pollBegan(200);
  expect(readings.current(200 + pollHeldMs - 1)?.assigned).toBe(1);
  expect(readings.current(200 + pollHeldMs)?.assigned).toBe(2);
  readings.pollAnswered(pollHeldMs, 200 + pollHeldMs);
  readings.message(reading(4, 300 + pollHeldMs));
  expect(readings.current(300 + pollHeldMs)?.assigned).toBe(4);
});

test("what was asked for takes the place of what still waited: that is older, and would come back", () => {
  const readings = opened();
  readings.message(reading(9, 100));
  readings.asked(reading(2, 300));
  expect(readings.current(300)?.assigned).toBe(2);
  expect(readings.current(10 * sessionReadingMs)?.assigned).toBe(2);
});

test("what was asked for stands while a backlog may be on its way, unless a poll was held meanwhile", () => {
  const readings = new Readings(defaultTimings);
  readings.sessionOpened(reading(1, 0));
  readings.asked(reading(5, 100_000));
  readings.message(reading(0, 100_100));
  expect(readings.current(100_100)?.assigned).toBe(5);
  readings.pollBegan(200_000);
  readings.asked(reading(6, 210_000));
  readings.message(reading(7, 210_100));
  expect(readings.current(210_100)?.assigned).toBe(7);
});
