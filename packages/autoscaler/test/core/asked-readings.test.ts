import { expect, test } from "vitest";
import { Driver, noJobs } from "./driver.js";

const MINUTE = 60_000;

test("statistics are asked for when the newest are 4 to 5 min old, at another moment each time", () => {
  const driver = new Driver().hold({ assigned: 0 });
  const ages: number[] = [];
  for (let turn = 0; turn < 10; turn++) {
    const before = driver.now;
    while (driver.asked === turn) driver.pass(1_000).act();
    ages.push(driver.now - before);
    driver.tell({ type: "statistics", statistics: noJobs });
  }
  expect(Math.min(...ages)).toBeGreaterThanOrEqual(4 * MINUTE);
  expect(Math.max(...ages)).toBeLessThanOrEqual(5 * MINUTE + 1_000);
  expect(new Set(ages).size).toBeGreaterThan(5);
});

test("where messages bring readings, none is asked for", () => {
  const driver = new Driver().hold({ assigned: 0 });
  for (let turn = 0; turn < 20; turn++)
    driver
      .pass(3 * MINUTE)
      .reading({ assigned: 0 })
      .act();
  expect(driver.asked).toBe(0);
});

test("fleets with seeds of their own don't fall due together", () => {
  const due = Array.from({ length: 50 }, (_, index) => new Driver({}, {}, {}, index / 50).hold().look().wakeAt);
  expect(new Set(due).size).toBeGreaterThan(40);
});

test("a level that rose without a message launches runners, and the queue is read from its oldest message once", () => {
  const driver = new Driver().hold({ assigned: 0 }).pass(5 * MINUTE);
  driver.act();
  driver.tell({ type: "statistics", statistics: { ...noJobs, assigned: 2 } });
  expect(driver.actions()).toEqual(["create r1", "create r2"]);
  expect(driver.restarted).toBe(1);
  driver.act();
  expect(driver.restarted).toBe(1);
});

test("the queue is not read again where nothing differs, nor where a message came meanwhile", () => {
  const driver = new Driver().hold({ assigned: 1, running: 1 }).pass(5 * MINUTE);
  driver.act();
  driver.tell({ type: "statistics", statistics: { ...noJobs, assigned: 1, running: 1 } }).act();
  driver.pass(5 * MINUTE).act();
  expect(driver.asked).toBe(2);
  driver.tell({ type: "message", redelivered: false, statistics: { ...noJobs, assigned: 3 }, jobs: [] });
  driver.tell({ type: "statistics", statistics: { ...noJobs, assigned: 2 } }).act();
  expect(driver.restarted).toBe(0);
});

test("a redelivered message makes no reading, so the next is asked for all the same", () => {
  const driver = new Driver().hold({ assigned: 0 });
  for (let turn = 0; turn < 5; turn++) {
    driver.pass(MINUTE).tell({ type: "message", redelivered: true, statistics: noJobs, jobs: [] });
  }
  driver.act();
  expect(driver.asked).toBe(1);
});
