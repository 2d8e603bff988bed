import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { runWorld } from "../src/worlds/plain/one-daemon.js";

const seeds = [1, 2, 3];

function hash(trace: readonly string[]): string {
  return createHash("sha256").update(trace.join("\n")).digest("hex");
}

describe("a world of one daemon without faults", () => {
  test.each(seeds)("seed %i: 100 jobs run, none is lost, none runs twice, nothing is left", async (seed) => {
    const { summary, instancesLeft, maxLive, virtualMs } = await runWorld({ seed });
    expect(summary).toMatchObject({ queued: 100, open: 0, lost: 0, twice: 0, leaked: 0, stranded: 0, lapsed: 0 });
    expect(summary.succeeded + summary.failed).toBe(100);
    expect(instancesLeft).toBe(0);
    expect(maxLive).toBeLessThanOrEqual(10);
    expect(virtualMs).toBeGreaterThan(600_000);
  });

  test("a scale set that may have no runner is not polled at all: announcing is accepting work", async () => {
    const { summary, trace } = await runWorld({ seed: 1, jobs: 0, maxRunners: 0 });
    expect(summary.open).toBe(0);
    expect(trace.filter((line) => line.includes("service request"))).toEqual([]);
  });

  test("the same seed gives the same trace, in any order of seeds", async () => {
    const first = await runWorld({ seed: 1 });
    await runWorld({ seed: 2 });
    const again = await runWorld({ seed: 1 });
    expect(again.trace).toEqual(first.trace);
    const other = await runWorld({ seed: 2 });
    expect(hash(other.trace)).not.toBe(hash(first.trace));
  });

  test("and in a fresh process", async () => {
    const program = fileURLToPath(new URL("../dist/worlds/plain/print-trace.js", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program, "1"]);
    const here = await runWorld({ seed: 1 });
    expect(stdout.trim()).toBe(hash(here.trace));
  });
});
