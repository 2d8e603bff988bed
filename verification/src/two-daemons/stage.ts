import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createSimulator, type Simulator } from "@scaleset/simulator";
import { type Daemon, endProcesses, processesOf, runnerProgram, startDaemon } from "../kills/daemon-process.js";

export const SCALE_SET = "linux-x64";

/** How the service and the daemons are set for a case. */
export interface Settings {
  readonly maxRunners: number;
  readonly minRunners: number;
  /** The service ends a session without a sign of life after this. @unit milliseconds */
  readonly sessionTimeoutMs: number;
  /** @unit milliseconds */
  readonly pollHoldMs: number;
  /** Timings of the daemons that differ from the defaults. */
  readonly timings: Readonly<Record<string, number>>;
}

/** One machine: its state folder, its instances, and the daemon that runs there now. */
interface Machine {
  readonly owner: string;
  /** Starts its daemon, also again after a kill. */
  start(): Daemon;
  /** Names of the instances on it. */
  instances(): string[];
  /** Whether a session of its daemon is recorded: before that a kill leaves no record to reclaim. */
  recorded(): boolean;
}

/** The service over real HTTP, and two machines with real daemons and real runner processes. */
export interface Stage {
  readonly simulator: Simulator;
  readonly folder: string;
  readonly machines: readonly [Machine, Machine];
  close(options: { readonly keep: boolean }): Promise<void>;
}

export async function openStage(settings: Settings): Promise<Stage> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "scaleset-two-")));
  const { sessionTimeoutMs, pollHoldMs } = settings;
  const simulator = createSimulator({ sessionTimeoutMs, pollHoldMs, journalCapacity: 1_000_000 });
  await simulator.listen();
  const daemons = new Set<Daemon>();
  const machine = (owner: string): Machine => {
    const stateFolder = join(folder, owner);
    const root = join(stateFolder, "processes");
    mkdirSync(stateFolder, { mode: 0o700 });
    const config = join(folder, `${owner}.yaml`);
    writeFileSync(config, configText(simulator, { owner, stateFolder, settings }));
    return {
      owner,
      start: () => {
        const daemon = startDaemon(config, join(folder, `${owner}.log`));
        daemons.add(daemon);
        void daemon.ended.then(() => daemons.delete(daemon));
        return daemon;
      },
      instances: () => namesIn(root).filter((name) => name.startsWith(`${SCALE_SET}-`)),
      recorded: () => namesIn(join(stateFolder, "sessions")).length > 0,
    };
  };
  return {
    simulator,
    folder,
    machines: [machine("machine-1"), machine("machine-2")],
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

function configText(
  simulator: Simulator,
  options: { readonly owner: string; readonly stateFolder: string; readonly settings: Settings },
): string {
  const { owner, stateFolder, settings } = options;
  const { maxRunners, minRunners, timings } = settings;
  const provisioner = { process: { command: [process.execPath, runnerProgram] } };
  return JSON.stringify({
    github: { url: simulator.configUrl("my-org"), token: simulator.token },
    owner,
    stateFolder,
    log: { level: "debug", format: "json" },
    timings,
    scaleSets: [{ name: SCALE_SET, minRunners, maxRunners, provisioner }],
  });
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
