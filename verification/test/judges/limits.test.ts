import { expect, test } from "vitest";
import { limits } from "../../src/worlds/watch/limits.js";
import { Court, MINUTE } from "./court.js";

const timings = { maxJobDurationMs: 12 * MINUTE, maxIdleAgeMs: 15 * MINUTE };
const name = "set-a-111111111111";
const about = { runnerId: 1, runnerName: name, scaleSetId: 1 };
const takesAJob = (court: Court): void => court.entry({ subject: "job", event: "started", job: 1, ...about });

test("a runner that idles for longer than the limit is to be replaced within minutes", async () => {
  const court = new Court(limits, { timings });
  court.open();
  court.launch(name);
  await court.pass(19 * MINUTE);
  expect(court.invariants).toEqual([]);
  await court.pass(2 * MINUTE);
  expect(court.invariants).toContain("limits");
});

test("a job that works for longer than the limit is to be ended, also by who was not told of it, in twice the time", async () => {
  const told = new Court(limits, { timings });
  told.open();
  told.launch(name);
  takesAJob(told);
  await told.pass(16 * MINUTE);
  expect(told.invariants).toEqual([]);
  await told.pass(2 * MINUTE);
  expect(told.invariants).toContain("limits");

  const untold = new Court(limits, { timings });
  untold.open();
  untold.launch(name);
  takesAJob(untold);
  await untold.pass(MINUTE);
  untold.call({ kind: "close", scaleSetId: 1 }, 204);
  untold.open();
  await untold.pass(27 * MINUTE);
  expect(untold.invariants).toEqual([]);
  await untold.pass(3 * MINUTE);
  expect(untold.invariants).toContain("limits");
});

test("without limits nothing is too old", async () => {
  const court = new Court(limits);
  court.open();
  court.launch(name);
  await court.pass(60 * MINUTE);
  expect(court.invariants).toEqual([]);
});
