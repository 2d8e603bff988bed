import { expect, test } from "vitest";
import { Slots, SlottedService } from "../../src/daemon/slots.js";
import type { ServiceHandler } from "../../src/ports/service.js";
import { noJobs } from "../core/driver.js";
import { StubService } from "../engine/stage.js";
import { virtual } from "./virtual.js";

const handler = (opened: (generation: number) => void): ServiceHandler => ({
  opened: ({ generation }) => opened(generation),
  ended() {},
  refused() {},
  pollBegan() {},
  answered() {},
  message() {},
  drifted() {},
  trouble() {},
});

test("commands of a session before a slot was given up never pass for those of the next session", async () => {
  const { clock } = virtual();
  const slots = new Slots(1);
  const inner = new StubService(clock);
  const service = new SlottedService(inner, { user: {}, slots, clock, random: () => 0 });
  const generations: number[] = [];
  const stop = new AbortController();
  const listening = service.listen(
    handler((generation) => generations.push(generation)),
    { signal: stop.signal },
  );
  const open = (): void =>
    inner.handler?.opened({ generation: 1, scaleSetId: 1, sessionId: "one", statistics: noJobs, sentAt: 0 });
  await clock.runFor(1);
  open();
  inner.handler?.refused("somebody else");
  await clock.runFor(15_000);
  open();
  expect(generations).toEqual([1, 2]);
  stop.abort();
  await listening;
});

test("whoever waits for a slot is let go when it is told to end, and the slot goes to the next", async () => {
  const slots = new Slots(1);
  const [first, second, third] = [{}, {}, {}];
  const never = new AbortController();
  expect(await slots.take(first, { signal: never.signal })).toBe(true);
  const gone = new AbortController();
  const left = slots.take(second, { signal: gone.signal });
  const waiting = slots.take(third, { signal: never.signal });
  expect([slots.waits(second), slots.waits(third)]).toEqual([true, true]);
  gone.abort();
  expect(await left).toBe(false);
  slots.release(first);
  expect(await waiting).toBe(true);
  expect(slots.waits(third)).toBe(false);
});

test("a raised number of slots is used at once", async () => {
  const slots = new Slots(1);
  const { signal } = new AbortController();
  await slots.take({}, { signal });
  const second = slots.take({}, { signal });
  slots.limit = undefined;
  expect(await second).toBe(true);
});

test("a set that steps aside closes its session and gives its slot back, and comes back without polls where it is told so", async () => {
  const { clock } = virtual();
  const slots = new Slots(1);
  const inner = new StubService(clock);
  const service = new SlottedService(inner, { user: {}, slots, clock, random: () => 0 });
  const stop = new AbortController();
  const listening = service.listen(
    handler(() => {}),
    { signal: stop.signal },
  );
  await clock.runFor(1);
  expect([inner.listening, slots.free]).toEqual([true, false]);
  service.serve("aside");
  await clock.runFor(3_600_000);
  expect([inner.listening, slots.free]).toEqual([false, true]);
  service.serve("unpolled");
  await clock.runFor(1);
  expect([inner.listening, inner.mode, slots.free]).toEqual([true, "unpolled", false]);
  service.serve("polling");
  expect([inner.listening, inner.mode]).toEqual([true, "polling"]);
  service.serve("aside");
  await clock.runFor(1);
  stop.abort();
  await listening;
  expect(inner.listening).toBe(false);
});
