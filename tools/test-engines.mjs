// `npm run test:engines`: builds, then runs the tests that need a container engine (`*.engine.ts`): that of DOCKER_HOST,
// else one of our own, which takes Linux, root and Debian's `docker.io`. Its last line is `N passed, N failed, N skipped`.
// Where there is no engine it says so, which under CI is a failure. `npm run test:engines -- PATTERN` runs some of them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

function run(command, args) {
  console.log(`\n> ${command} ${args.join(" ")}`);
  return spawnSync(command, args, { stdio: "inherit" }).status === 0;
}

/** Why there is no engine to test on; undefined when there is one. */
function missing() {
  const own = [
    [process.platform === "linux", "this is no Linux machine"],
    [process.getuid?.() === 0, "only root can start one"],
    [spawnSync("dockerd", ["--version"]).status === 0, "there is no dockerd (apt-get install docker.io)"],
    [spawnSync("containerd", ["--version"]).status === 0, "there is no containerd (apt-get install docker.io)"],
  ];
  return own.find(([holds]) => !holds)?.[1];
}

const why = missing();
if (why !== undefined) {
  console.log(`\nNOT RUN: no Docker engine can be started here: ${why}`);
  console.log("0 passed, 0 failed, all not run");
  process.exit(process.env.CI ? 1 : 0);
}
if (!run("npx", ["tsc", "-b"])) process.exit(1);
const folder = mkdtempSync(join(tmpdir(), "scaleset-test-"));
const report = join(folder, "report.json");
const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
const args = ["vitest", "run", "--config", "vitest.engines.config.ts", ...reporters, ...process.argv.slice(2)];
const passed = run("npx", args);
try {
  const results = JSON.parse(readFileSync(report, "utf8"));
  const tests = results.testResults.flatMap((file) => file.assertionResults);
  const skipped = tests.filter(({ status }) => status !== "passed" && status !== "failed");
  for (const { fullName } of skipped) console.log(`skipped: ${fullName}`);
  const broken = results.testResults.some((file) => file.status === "failed");
  const failed = broken ? Math.max(1, results.numFailedTests) : 0;
  console.log(`\n${results.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped`);
  process.exitCode = passed && results.numPassedTests > 0 ? 0 : 1;
} catch {
  console.log("\n0 passed, 1 failed, 0 skipped (no report)");
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
