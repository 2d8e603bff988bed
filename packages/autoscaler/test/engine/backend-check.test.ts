import type { Finding } from "@scaleset/provisioner";
import { seededRandom, VirtualClock } from "@scaleset/simulator";
import { expect, onTestFinished, test } from "vitest";
import { defaultTimings } from "../../src/core/settings.js";
import { BackendCheck } from "../../src/engine/backend-check.js";

const MINUTE = 60_000;

function stage() {
  const clock = new VirtualClock();
  const asked: number[] = [];
  const logged: string[] = [];
  const note = (_data: object, message: string): void => void logged.push(message);
  const state: { findings: readonly Finding[]; failure: Error | undefined; hangs: boolean } = {
    findings: [],
    failure: undefined,
    hangs: false,
  };
  const check = new BackendCheck({
    backend: {
      check: async () => {
        asked.push(clock.monotonic());
        if (state.hangs) return await new Promise<never>(() => {});
        if (state.failure !== undefined) throw state.failure;
        return state.findings;
      },
    },
    kind: "test",
    clock,
    random: seededRandom(1),
    timings: defaultTimings,
    logger: { debug: note, info: note, warn: note, error: note },
  });
  const stop = new AbortController();
  const running = check.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await clock.runUntilSettled(running);
  });
  return { clock, check, asked, logged, state };
}

test("a backend is checked once when it is opened, and not again while no scale set waits for it", async () => {
  const { clock, asked } = stage();
  await clock.runFor(60 * MINUTE);
  expect(asked).toHaveLength(1);
});

test("while a scale set waits, its backend is checked about once a minute, however many wait", async () => {
  const { clock, check, asked } = stage();
  await clock.runFor(MINUTE);
  const end = [check.whenItWorksAgain(() => {}), check.whenItWorksAgain(() => {})];
  await clock.runFor(60 * MINUTE);
  const gaps = asked.slice(2).map((at, index) => at - (asked[index + 1] ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0.8 * MINUTE);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1.2 * MINUTE);
  for (const each of end) each();
  const before = asked.length;
  await clock.runFor(60 * MINUTE);
  expect(asked).toHaveLength(before);
});

test("a check that succeeds after one that failed, found an error or got no answer is reported to every scale set that waits", async () => {
  const { clock, check, state } = stage();
  const reported: string[] = [];
  check.whenItWorksAgain(() => void reported.push("a"));
  check.whenItWorksAgain(() => void reported.push("b"));
  await clock.runFor(5 * MINUTE);
  expect(reported, "a check that always worked says nothing new").toEqual([]);
  for (const trouble of [
    { failure: new Error("no engine") },
    { findings: [{ level: "error", message: "no disk" }] },
    { hangs: true },
  ] as const) {
    Object.assign(state, trouble);
    await clock.runFor(5 * MINUTE);
    expect(reported).toEqual([]);
    Object.assign(state, { failure: undefined, findings: [{ level: "warning", message: "slow disk" }], hangs: false });
    await clock.runFor(3 * MINUTE);
    expect(reported).toEqual(["a", "b"]);
    reported.length = 0;
  }
});

test("a failure that no scale set waited through is no reason to report a success", async () => {
  const { clock, check, state } = stage();
  state.failure = new Error("no engine");
  const end = check.whenItWorksAgain(() => {});
  await clock.runFor(3 * MINUTE);
  end();
  state.failure = undefined;
  await clock.runFor(60 * MINUTE);
  let reported = false;
  check.whenItWorksAgain(() => {
    reported = true;
  });
  await clock.runFor(5 * MINUTE);
  expect(reported).toBe(false);
});

test("the same result of many checks is logged once", async () => {
  const { clock, check, state, logged } = stage();
  state.failure = new Error("no engine");
  check.whenItWorksAgain(() => {});
  await clock.runFor(30 * MINUTE);
  expect(logged).toEqual(["the provisioner could not be checked"]);
  Object.assign(state, { failure: undefined, findings: [{ level: "warning", message: "slow disk" }] });
  await clock.runFor(30 * MINUTE);
  expect(logged).toEqual(["the provisioner could not be checked", "slow disk"]);
});
