import { expect, test } from "vitest";
import { type Running, virtual } from "./virtual.js";

const MINUTE = 60_000;

function state({ autoscaler }: Running): string | undefined {
  return autoscaler.status().scaleSets[0]?.state;
}

/** A scale set that stepped aside because its backend makes no instances; its lists work. */
async function broken() {
  const here = virtual();
  const running = here.start(here.config([{ name: "linux" }]));
  await here.clock.runFor(MINUTE);
  const create = here.host.failAll(["create"], "transient");
  const check = here.host.failAll(["check"], "transient");
  here.simulator.queueJob({ runsOn: ["linux"], repository: "my-org/widgets", durationMs: 1_000 });
  await here.until(() => state(running) === "aside");
  return { here, create, check };
}

test("a scale set that stepped aside launches within 80 s after a check of its backend works again", async () => {
  const { here, create, check } = await broken();
  await here.clock.runFor(45 * MINUTE);
  // The next trial by the clock is ten minutes after this one.
  const trials = create.struck;
  await here.until(() => create.struck > trials);
  await here.clock.runFor(2 * MINUTE);
  create.end();
  check.end();
  await here.until(() => here.live("linux") > 0, 80_000);
  await here.until(() => here.simulator.summary().succeeded === 1, 2 * MINUTE);
});

test("the backend of a scale set that stepped aside is checked about once a minute, and no longer once it works", async () => {
  const { here, create, check } = await broken();
  const before = check.struck;
  await here.clock.runFor(60 * MINUTE);
  expect(check.struck - before).toBeGreaterThan(30);
  expect(check.struck - before).toBeLessThan(80);
  create.end();
  await here.until(() => here.simulator.summary().succeeded === 1);
  const after = check.struck;
  await here.clock.runFor(60 * MINUTE);
  expect(check.struck - after).toBeLessThan(2);
});
