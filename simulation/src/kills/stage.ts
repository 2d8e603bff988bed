import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createSimulator, type Simulator, simulatedRunnerPath } from "@scaleset/simulator";

export const SCALE_SET = "linux-x64";

const program = fileURLToPath(new URL("../../../packages/autoscaler/dist/cli/main.js", import.meta.url));
/** Built, since it runs as a program of its own. */
const runner = simulatedRunnerPath.replace("/src/", "/dist/").replace(/\.ts$/, ".js");

/** Long waits cut short, so that what a crash left behind is cleared in seconds; what is waited for stays the same. */
const timings = { surplusMs: 5_000, lostConfirmMs: 4_000, inventoryIntervalMs: 5_000, retryMinMs: 1_000 };

export interface Daemon {
  readonly process: ChildProcess;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** The service over real HTTP, and a folder from which the real daemon runs with real processes. */
export interface Stage {
  readonly simulator: Simulator;
  readonly folder: string;
  /** Where the daemon's instances lie. */
  readonly instancesFolder: string;
  readonly logFile: string;
  startDaemon(): Daemon;
  /** Folders of instances that are still there. */
  instances(): string[];
  /** Processes that belong to this stage, as `PID COMMAND`. */
  processes(): string[];
  /** `keep`: leaves the folder with the daemons' log for whoever looks into it. */
  close(options: { readonly keep: boolean }): Promise<void>;
}

export async function openStage({ maxRunners }: { readonly maxRunners: number }): Promise<Stage> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "scaleset-kills-")));
  const simulator = createSimulator({ sessionTimeoutMs: 2_000, journalCapacity: 1_000_000 });
  await simulator.listen();
  const stateFolder = join(folder, "state");
  const instancesFolder = join(stateFolder, "processes");
  const logFile = join(folder, "daemon.log");
  const config = join(folder, "scaleset.yaml");
  mkdirSync(instancesFolder, { recursive: true, mode: 0o700 });
  writeFileSync(
    config,
    JSON.stringify({
      github: { url: simulator.configUrl("my-org"), token: simulator.token },
      owner: "killed-daemon",
      stateFolder,
      log: { level: "debug", format: "json" },
      timings,
      scaleSets: [{ name: SCALE_SET, maxRunners, provisioner: { process: { command: [process.execPath, runner] } } }],
    }),
  );
  const daemons = new Set<Daemon>();
  return {
    simulator,
    folder,
    instancesFolder,
    logFile,
    startDaemon: () => {
      const daemon = start(config, logFile);
      daemons.add(daemon);
      void daemon.ended.then(() => daemons.delete(daemon));
      return daemon;
    },
    instances: () =>
      existsSync(instancesFolder)
        ? readdirSync(instancesFolder).filter((name) => name.startsWith(`${SCALE_SET}-`))
        : [],
    processes: () => processesOf(folder),
    close: async ({ keep }) => {
      for (const daemon of daemons) {
        daemon.process.kill("SIGKILL");
        await daemon.ended;
      }
      for (const line of processesOf(folder)) endProcess(Number.parseInt(line, 10));
      await simulator.close();
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function start(config: string, logFile: string): Daemon {
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

/** Everything whose arguments or working folder lie in the stage's folder; on Linux, the only place this runs. */
function processesOf(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      if (command.includes(folder) || readlinkSync(`/proc/${entry}/cwd`).startsWith(folder)) {
        found.push(`${entry} ${command.slice(-200)}`);
      }
    } catch {
      // It ended while we looked, or is somebody else's.
    }
  }
  return found;
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
