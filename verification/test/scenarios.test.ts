import { readScenario, shippedScenario, shippedScenarios } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { runScenarioWorld } from "../src/worlds/plain/scenario-world.js";

test.each(shippedScenarios())(
  "our autoscaler goes through %s",
  async (name) => {
    const before = process.cpuUsage();
    const { report } = await runScenarioWorld({ scenario: shippedScenario(name) });
    const { user, system } = process.cpuUsage(before);
    // Under 2 s on a machine that has nothing else to do; one that is shared takes longer for the same.
    expect((user + system) / 1e6, "seconds of CPU").toBeLessThan(6);
    expect(report.begun).toBe(true);
    expect(report.counts, JSON.stringify(report.violations.slice(0, 3), null, 1)).toEqual({});
    expect(report.summary).toMatchObject({ twice: 0, leaked: 0, open: 0 });
    expect(report.struck > 0 || name === "capacity-zero-trap").toBe(true);
  },
  120_000,
);

test("the same scenario gives the same trace", async () => {
  const [first, second] = [
    await runScenarioWorld({ scenario: shippedScenario("stale-session"), traced: true }),
    await runScenarioWorld({ scenario: shippedScenario("stale-session"), traced: true }),
  ];
  expect(second.trace.length).toBeGreaterThan(100);
  expect(second.trace).toEqual(first.trace);
}, 60_000);

test("a scenario is played in the machine's time too, so many times faster", async () => {
  const scenario = readScenario(`
name: quick
about: a few jobs while polls break
lasts: 2m
jobs: [{ shape: steady, for: 2m, perHour: 300, takes: 10s }]
faults: [{ call: get-message, probability: 0.3, effect: { kind: truncated } }]
`);
  const { report } = await runScenarioWorld({ scenario, speed: 60 });
  expect(report).toMatchObject({ passed: true, violations: [] });
});
