import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { start, testFolder } from "./program.js";

/** Processes whose environment names a folder: those that a demo with this TMPDIR started. Undefined without /proc. */
function processesOf(folder: string): readonly string[] {
  return readdirSync("/proc").filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/environ`, "utf8").includes(`TMPDIR=${folder}\0`);
    } catch {
      return false;
    }
  });
}

test("the demo runs real jobs, ends with one line of JSON, and leaves nothing behind", {
  timeout: 120_000,
}, async () => {
  const folder = testFolder();
  const demo = start(["demo", "--json", "--jobs", "6", "--max-runners", "3", "--seed", "7"], {
    env: { TMPDIR: folder },
  });
  const first = await Promise.race([
    demo.says(/6 jobs, at most 3 runners/).then(() => "said"),
    pause(3_000, "late", { ref: false }),
  ]);
  expect(first).toBe("said");
  const code = await demo.ended;
  expect(demo.stderr()).toMatch(/everything ended as it should/);
  expect(code).toBe(0);
  const lines = demo.stdout().trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  const report = JSON.parse(lines[0] ?? "");
  expect(report).toEqual({
    jobs: { total: 6, succeeded: 5, failed: 1, lost: 0 },
    runners: { started: expect.any(Number), maxLive: 3 },
    registrationsLeft: 0,
    queueToStartMs: { p50: expect.any(Number), p95: expect.any(Number) },
    wallMs: expect.any(Number),
  });
  expect(report.runners.started).toBeGreaterThanOrEqual(6);
  expect(readdirSync(folder)).toEqual([]);
});

test("Ctrl-C in the middle of a demo ends its runners too", { timeout: 60_000 }, async () => {
  const folder = testFolder();
  const demo = start(["demo", "--jobs", "20", "--max-runners", "4"], { env: { TMPDIR: folder } });
  await demo.says(/ [1-9]\d* running/);
  if (process.platform === "linux") expect(processesOf(folder).length).toBeGreaterThan(1);
  demo.process.kill("SIGINT");
  expect(await demo.ended).toBe(130);
  expect(readdirSync(folder)).toEqual([]);
  if (process.platform === "linux") expect(processesOf(folder)).toEqual([]);
});
