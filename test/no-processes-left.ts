import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";

/** Processes that tests have told to end may need this long. @unit milliseconds */
const PATIENCE_MS = 10_000;

/**
 * Fails a test run that leaves processes behind: daemons and runners outlive the test that started them. Temporary folders
 * of the run are inside one of its own, by which its processes are found; on Linux only.
 */
export default function setup(): () => Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "st-")));
  // As a machine's own: tests run things as other users.
  chmodSync(folder, 0o1777);
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  return async () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    const until = performance.now() + PATIENCE_MS;
    let left = processesOf(folder);
    while (left.length > 0 && performance.now() < until) {
      await pause(100);
      left = processesOf(folder);
    }
    rmSync(folder, { recursive: true, force: true });
    if (left.length === 0) return;
    // An error of a teardown is only printed.
    process.exitCode = 1;
    throw new Error(`the tests left ${left.length} processes behind:\n${left.join("\n")}`);
  };
}

/** Processes whose arguments or working folder are in this folder, as `PID COMMAND`. */
function processesOf(folder: string): string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const isOurs = command.includes(folder) || readlinkSync(`/proc/${entry}/cwd`).startsWith(folder);
      return isOurs ? [`${entry} ${command.slice(-200)}`] : [];
    } catch {
      // It ended meanwhile, or belongs to another user.
      return [];
    }
  });
}
