// `npm test`: builds, checks, then runs every test. Its last line is `N passed, N failed, N skipped`.
// `npm test -- PATTERN` runs the tests whose path matches and leaves the checks out.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const patterns = process.argv.slice(2);

function run(command, args, env = {}) {
  console.log(`\n> ${command} ${args.join(" ")}`);
  const { status } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...env } });
  return status === 0;
}

const failedChecks = [];
if (!run("npx", ["tsc", "-b"])) failedChecks.push("build");
if (patterns.length === 0) {
  if (!run("npx", ["tsc", "-p", "tsconfig.tests.json"])) failedChecks.push("types of the tests");
  if (!run("npx", ["biome", "check", "."])) failedChecks.push("lint");
  if (!run(process.execPath, ["tools/check-imports.mjs"])) failedChecks.push("imports");
  if (!run(process.execPath, ["tools/api-report.mjs", "--check"])) failedChecks.push("public types");
  if (!run(process.execPath, ["tools/ratchets.mjs"])) failedChecks.push("ratchets");
}

const folder = mkdtempSync(join(tmpdir(), "scaleset-test-"));
const report = join(folder, "report.json");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const testsPassed = run("npx", ["vitest", "run", ...reporters, ...patterns]);

let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  const results = JSON.parse(readFileSync(report, "utf8"));
  const tests = results.testResults.flatMap((file) => file.assertionResults);
  for (const { status, fullName } of tests)
    if (status !== "passed" && status !== "failed") console.log(`skipped: ${fullName}`);
  counts = {
    passed: results.numPassedTests,
    // A file that can't even be loaded has no test that failed.
    failed:
      results.testResults.filter((file) => file.status === "failed").length === 0
        ? 0
        : Math.max(1, results.numFailedTests),
    skipped: results.numPendingTests + results.numTodoTests,
  };
} catch {
  failedChecks.push("tests (no report)");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

if (failedChecks.length > 0) console.log(`\nfailed checks: ${failedChecks.join(", ")}`);
const passed = testsPassed && failedChecks.length === 0 && counts.passed > 0;
console.log(`\n${counts.passed} passed, ${counts.failed + failedChecks.length} failed, ${counts.skipped} skipped`);
process.exitCode = passed ? 0 : 1;
