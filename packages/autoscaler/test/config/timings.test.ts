import { expect, test } from "vitest";
import { timingIssues } from "../../src/config/timing-rules.js";
import { defaultTimings } from "../../src/core/settings.js";
import { errorsOf, issuesOf, load, VALID } from "./fixture.js";

test("a lease that leaves no time for a call to the service is refused, and so is one that outlives the session", async () => {
  expect(await errorsOf(() => load(`${VALID}timings: { leaseMs: 15000 }\n`))).toEqual([
    "7:21: timings.leaseMs: expected 20000 to 50000 ms, found 15000: a call to the service needs 15000 ms of the lease, so launches and removals would wait without end",
  ]);
  expect(await errorsOf(() => load(`${VALID}timings: { leaseMs: 60000 }\n`))).toEqual([
    "7:21: timings.leaseMs: expected 20000 to 50000 ms, found 60000: another daemon may hold the session by then, and both would act",
  ]);
  const short = (await load(`${VALID}timings: { leaseMs: 20000 }\n`)).config;
  expect(short.timings.leaseMs).toBe(20_000);
});

test.each([
  ["retryMinMs: 400000", "retryMinMs (400000) must not be above retryMaxMs (300000)"],
  ["breakerMaxMs: 5000", "breakerMinMs (10000) must not be above breakerMaxMs (5000)"],
  ["asideTrialMinMs: 700000", "asideTrialMinMs (700000) must not be above asideTrialMaxMs (600000)"],
  ["askedReadingMinMs: 400000", "askedReadingMinMs (400000) must not be above askedReadingMaxMs (300000)"],
  ["askedReadingGapMs: 250000", "askedReadingGapMs (250000) must not be above askedReadingMinMs (240000)"],
  ["destroyGraceMs: 60000", "destroyGraceMs (60000) must be below provisionerStepDeadlineMs (60000)"],
  ["exitRecheckMs: 75000", "exitRecheckMs (75000) must be below verdictMs (75000)"],
  ["standbyUnnamedMs: 1000", "standbyIdleMs (300000) must not be above standbyUnnamedMs (1000)"],
  ["witnessNamedMs: 1000000", "witnessMs (1800000) must not be above witnessNamedMs (1000000)"],
  ["lookUpMs: 600001", "3 × lookUpMs (600001) must not be above witnessMs (1800000)"],
  ["lookUpConfirmMs: 120000", "lookUpConfirmMs (120000) must be below witnessFreshMs (120000)"],
])("waiting times that contradict each other are refused: %s", async (written, problem) => {
  const [issue, ...more] = await issuesOf(() => load(`${VALID}timings: { ${written} }\n`));
  expect(more).toEqual([]);
  expect(issue?.problem).toContain(problem);
  expect(issue?.path).toEqual(["timings", written.split(":")[0]]);
});

test("a scale set's own waiting times are judged together with those of the process, where they are written", async () => {
  const own = VALID.replace("box: {} }", "box: {} }\n    timings: { retryMaxMs: 2000 }");
  expect(await errorsOf(() => load(`${own}timings: { retryMinMs: 3000 }\n`))).toEqual([
    expect.stringContaining(
      "7:28: scaleSets[0].timings.retryMaxMs: retryMinMs (3000) must not be above retryMaxMs (2000)",
    ),
  ]);
  expect((await load(`${own}timings: { retryMinMs: 1000 }\n`)).config.scaleSets[0]?.timings?.retryMaxMs).toBe(2_000);
});

test("the default waiting times contradict nothing", () => {
  expect(timingIssues({ timings: { ...defaultTimings } })).toEqual([]);
});
