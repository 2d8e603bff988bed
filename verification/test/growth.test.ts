import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/** Over what a runner and its job may leave behind for good: ids that are remembered, a share of what code needs to run. @unit bytes */
const A_RUNNER = 1_500;
const JOBS = 200;

test("no structure grows with the number of runners that came and went", { timeout: 300_000 }, async () => {
  const program = fileURLToPath(new URL("../dist/worlds/print-growth.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, "5", String(JOBS)]);
  const bytes: unknown = JSON.parse(stdout);
  if (!Array.isArray(bytes)) throw new Error(`not a list of numbers: ${stdout}`);
  const growth = bytes.slice(1).map((now, index) => Number(now) - Number(bytes[index]));
  // Compiled code and caches come and go; what is kept for each runner is there in every round.
  expect(Math.min(...growth.slice(1))).toBeLessThan(A_RUNNER * JOBS);
});
