import { expect, test } from "vitest";
import { seededRandom } from "../time/random.js";
import { faultCatalogue } from "./catalogue.js";
import type { Fault } from "./fault.js";
import { FaultPlan } from "./plan.js";

function planAt(now: () => number, ...faults: Fault[]): FaultPlan {
  const plan = new FaultPlan({ now, random: seededRandom(1) });
  for (const fault of faults) plan.add(fault);
  return plan;
}

const strikes = (plan: FaultPlan, calls: number): boolean[] =>
  Array.from({ length: calls }, () => plan.strike("get-message").length > 0);

test("a fault strikes its calls only, and not those whose name holds its own", () => {
  const plan = planAt(() => 0, { call: "runner-get-message", effect: { kind: "hang" } });
  expect(plan.strike("get-message")).toEqual([]);
  expect(plan.strike("runner-get-message")).toHaveLength(1);
  expect(planAt(() => 0, { effect: { kind: "hang" } }).strike("open-session")).toHaveLength(1);
});

test("skip lets calls pass first, and count ends it", () => {
  const plan = planAt(() => 0, { call: ["get-message", "open-session"], skip: 2, count: 2, effect: { kind: "hang" } });
  expect(strikes(plan, 6)).toEqual([false, false, true, true, false, false]);
  expect(plan.list()).toMatchObject([{ met: 4, struck: 2 }]);
});

test("a window opens after its time and closes again", () => {
  let now = 1_000;
  const plan = planAt(() => now, { afterMs: 10, forMs: 5, effect: { kind: "hang" } });
  const struckAt = (atMs: number): boolean => {
    now = atMs;
    return plan.strike("get-message").length > 0;
  };
  expect([1_009, 1_010, 1_014, 1_015].map(struckAt)).toEqual([false, true, true, false]);
});

test("a chance is kept on the whole, and the same seed strikes the same calls", () => {
  const run = () =>
    strikes(
      planAt(() => 0, { probability: 0.3, effect: { kind: "hang" } }),
      1_000,
    );
  expect(run()).toEqual(run());
  const struck = run().filter(Boolean).length;
  expect(struck).toBeGreaterThan(250);
  expect(struck).toBeLessThan(350);
});

test("of several faults every delay strikes, and the first of the others", () => {
  const plan = planAt(
    () => 0,
    { name: "a", effect: { kind: "bom" } },
    { name: "b", effect: { kind: "hang" } },
    { name: "c", effect: { kind: "latency", ms: 1 } },
  );
  expect(plan.strike("get-message").map(({ name }) => name)).toEqual(["a", "c"]);
  expect(plan.list().map(({ struck }) => struck)).toEqual([1, 0, 1]);
});

test("what is no fault is refused, and every one of the catalogue is one", () => {
  const plan = planAt(() => 0);
  // @ts-expect-error a kind that does not exist
  expect(() => plan.add({ effect: { kind: "explode" } })).toThrow("not a fault");
  const all = Object.values(faultCatalogue).flat();
  for (const fault of all) plan.add(fault);
  expect(plan.list()).toHaveLength(all.length);
  plan.clear();
  expect(plan.list()).toEqual([]);
});
