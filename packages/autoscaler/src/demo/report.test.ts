import { describe, expect, test } from "vitest";
import { type DemoReport, faultsOf, reportText } from "./report.js";
import { makeWorkload } from "./workload.js";

const good: DemoReport = {
  jobs: { total: 30, succeeded: 29, failed: 1, lost: 0, twice: 0, open: 0 },
  failedAsMeant: true,
  runners: { started: 31, maxLive: 10 },
  maxRunners: 10,
  registrationsLeft: 0,
  instancesLeft: 0,
  queueToStartMs: { p50: 900, p95: 2_000 },
  wallMs: 12_345,
};

describe("the demo's verdict", () => {
  test("is good when all jobs but the intended one succeeded and nothing is left", () => {
    expect(faultsOf(good)).toEqual([]);
  });

  test.each<[string, Partial<DemoReport>]>([
    ["a job that did not end", { jobs: { ...good.jobs, succeeded: 28, open: 1 } }],
    ["a lost job", { jobs: { ...good.jobs, lost: 1 } }],
    ["a job that ran twice", { jobs: { ...good.jobs, twice: 1 } }],
    ["a second failure", { jobs: { ...good.jobs, succeeded: 28, failed: 2 } }],
    ["another failure than the intended one", { failedAsMeant: false }],
    ["a registration left behind", { registrationsLeft: 1 }],
    ["an instance left behind", { instancesLeft: 1 }],
    ["more runners than allowed", { runners: { started: 31, maxLive: 11 } }],
  ])("is bad with %s", (_, change) => {
    expect(faultsOf({ ...good, ...change })).not.toEqual([]);
  });

  test("tells people what they would ask", () => {
    expect(reportText(good)).toContain("30: 29 succeeded, 1 failed (on purpose), 0 lost, 0 ran twice");
    expect(reportText({ ...good, failedAsMeant: false })).not.toContain("on purpose");
  });
});

describe("the demo's jobs", () => {
  test("are the same for the same seed, of mixed length, and exactly one fails", () => {
    const { jobs, failingJob } = makeWorkload({ jobs: 30, seed: 5 });
    expect(makeWorkload({ jobs: 30, seed: 5 })).toEqual({ jobs, failingJob });
    expect(makeWorkload({ jobs: 30, seed: 6 }).jobs).not.toEqual(jobs);
    const lengths = jobs.map(({ durationMs }) => durationMs);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(200);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(3_000);
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeGreaterThan(1_000);
    expect(jobs.filter(({ script }) => script.endsWith("exit 1")).map(({ displayName }) => displayName)).toEqual([
      failingJob,
    ]);
  });
});
