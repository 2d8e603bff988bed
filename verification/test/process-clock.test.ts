import { VirtualClock } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { ProcessClock } from "../src/worlds/process-clock.js";

function process(rate = 1) {
  const truth = new VirtualClock();
  const clock = new ProcessClock(truth, { rate, aheadMs: () => 0 });
  const seen: string[] = [];
  const note = (what: string) => (): void => void seen.push(`${what} at ${truth.monotonic()}`);
  return { truth, clock, seen, note };
}

describe("a process that is stopped", () => {
  test("fires no timer, and overdue ones right after what waits in its sockets", async () => {
    const { truth, clock, seen, note } = process();
    void clock.sleep(10_000).then(note("timer"));
    const deadline = clock.deadline(20_000);
    deadline.signal.addEventListener("abort", note("deadline"));
    await truth.runFor(5_000);
    clock.pause("stopped");
    void clock.over().then(note("socket"));
    await truth.runFor(60_000);
    expect([seen, clock.kind, clock.monotonic()]).toEqual([[], "stopped", 65_000]);
    clock.resume();
    await truth.runFor(5);
    expect(seen).toEqual(["socket at 65000", "timer at 65001", "deadline at 65001"]);
    expect(clock.kind).toBeUndefined();
  });

  test("a timer that is not due when it goes on comes at its time", async () => {
    const { truth, clock, seen, note } = process();
    void clock.sleep(10_000).then(note("timer"));
    clock.pause("stopped");
    await truth.runFor(4_000);
    clock.resume();
    await truth.runFor(20_000);
    expect(seen).toEqual(["timer at 10000"]);
  });
});

describe("a machine that sleeps", () => {
  test("its monotonic time stands still, its uptime and wall clock run on, and timers wait out what is left", async () => {
    const { truth, clock, seen, note } = process();
    void clock.sleep(30_000).then(note("timer"));
    await truth.runFor(10_000);
    clock.pause("suspended");
    await truth.runFor(3_600_000);
    expect([clock.monotonic(), clock.uptime(), clock.now() - truth.now()]).toEqual([10_000, 3_610_000, 0]);
    clock.resume();
    await truth.runFor(19_999);
    expect(seen).toEqual([]);
    await truth.runFor(1);
    expect(seen).toEqual(["timer at 3630000"]);
    expect(clock.monotonic()).toBe(30_000);
  });

  test("twice, and with a clock that runs fast, no wait is short by the clock itself", async () => {
    const { truth, clock } = process(1.004);
    const startMs = clock.monotonic();
    let waitedMs = 0;
    void clock.sleep(30_000).then(() => {
      waitedMs = clock.monotonic() - startMs;
    });
    for (const awakeMs of [7_001, 11_003]) {
      await truth.runFor(awakeMs);
      clock.pause("suspended");
      await truth.runFor(50_000);
      clock.resume();
    }
    await truth.runFor(60_000);
    expect(waitedMs).toBeGreaterThanOrEqual(30_000);
    expect(waitedMs).toBeLessThan(30_003);
  });
});

test("no timer of a process that died fires, and it never runs again", async () => {
  const { truth, clock, seen, note } = process();
  void clock.sleep(1_000).then(note("timer"));
  clock.pause("stopped");
  void clock.over().then(note("socket"));
  clock.die();
  clock.resume();
  void clock.over().then(note("socket"));
  await truth.runFor(10_000);
  expect(seen).toEqual([]);
});

test("a timer that is taken back while the process is stopped never fires", async () => {
  const { truth, clock, seen } = process();
  const stop = new AbortController();
  const slept = clock.sleep(1_000, { signal: stop.signal }).catch(() => seen.push("taken back"));
  clock.pause("stopped");
  await truth.runFor(5_000);
  stop.abort();
  await slept;
  clock.resume();
  await truth.runFor(5_000);
  expect(seen).toEqual(["taken back"]);
});
