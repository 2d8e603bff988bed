import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { simulatedRunnerPath } from "@scaleset/simulator";

const program = fileURLToPath(new URL("../../../packages/autoscaler/dist/cli/main.js", import.meta.url));
/** The simulated runner, built, since it runs as a program of its own. */
export const runnerProgram = simulatedRunnerPath.replace("/src/", "/dist/").replace(/\.ts$/, ".js");

export interface Daemon {
  readonly process: ChildProcess;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Starts the real daemon; what it logs is appended to a file. */
export function startDaemon(config: string, logFile: string): Daemon {
  appendFileSync(logFile, "");
  const log = openSync(logFile, "a");
  const child = spawn(process.execPath, [program, "run", "--config", config], { stdio: ["ignore", log, log] });
  closeSync(log);
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  return { process: child, ended };
}

/** Every process whose arguments or working folder are in a folder, as `PID COMMAND`; on Linux, the only place this runs. */
export function processesOf(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      if (command.includes(folder) || readlinkSync(`/proc/${entry}/cwd`).startsWith(folder)) {
        found.push(`${entry} ${command.slice(-200)}`);
      }
    } catch {
      // It ended while we looked, or belongs to another user.
    }
  }
  return found;
}

/** Ends processes as `processesOf` lists them. */
export function endProcesses(lines: readonly string[]): void {
  for (const line of lines) {
    try {
      process.kill(Number.parseInt(line, 10), "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
}
