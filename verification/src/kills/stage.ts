import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createSimulator, type Simulator } from "@scaleset/simulator";
import { type Daemon, endProcesses, processesOf, runnerProgram, startDaemon } from "./daemon-process.js";

export const SCALE_SET = "linux-x64";

/** Longer than a start takes, so that a restarted daemon meets its own session and must close it. */
const SESSION_TIMEOUT_MS = 5_000;

/** Long waits cut short, so that what a crash left behind is cleared in seconds; what is waited for stays the same. */
const timings = { surplusMs: 5_000, lostConfirmMs: 4_000, inventoryIntervalMs: 5_000, retryMinMs: 1_000 };

/** The service over real HTTP, and a folder from which the real daemon runs with real processes. */
export interface Stage {
  readonly simulator: Simulator;
  readonly folder: string;
  /** Where the daemon's instances lie. */
  readonly instancesFolder: string;
  readonly logFile: string;
  startDaemon(): Daemon;
  /** Whether a session of the daemon is recorded: before that a kill leaves nothing to reclaim. */
  recorded(): boolean;
  /** Folders of instances that are still there. */
  instances(): string[];
  /** Processes that belong to this stage, as `PID COMMAND`. */
  processes(): string[];
  /** `keep`: leaves the folder with the daemons' log for whoever looks into it. */
  close(options: { readonly keep: boolean }): Promise<void>;
}

export async function openStage({ maxRunners }: { readonly maxRunners: number }): Promise<Stage> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "scaleset-kills-")));
  const simulator = createSimulator({ sessionTimeoutMs: SESSION_TIMEOUT_MS, journalCapacity: 1_000_000 });
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
      scaleSets: [
        { name: SCALE_SET, maxRunners, provisioner: { process: { command: [process.execPath, runnerProgram] } } },
      ],
    }),
  );
  const daemons = new Set<Daemon>();
  return {
    simulator,
    folder,
    instancesFolder,
    logFile,
    startDaemon: () => {
      const daemon = startDaemon(config, logFile);
      daemons.add(daemon);
      void daemon.ended.then(() => daemons.delete(daemon));
      return daemon;
    },
    recorded: () => existsSync(join(stateFolder, "sessions")) && readdirSync(join(stateFolder, "sessions")).length > 0,
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
      endProcesses(processesOf(folder));
      await simulator.close();
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}
