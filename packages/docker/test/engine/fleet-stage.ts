import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createSimulator, type Simulator, type SimulatorOptions, simulatedRunnerPath } from "@scaleset/simulator";
import { type DaemonOrders, SCALE_SET, TIMINGS } from "./daemon.js";

/** Built, since it runs as a program of its own, in containers. */
const RUNNER = simulatedRunnerPath.replace("/src/", "/dist/").replace(/\.ts$/, ".js");
const PROGRAM = fileURLToPath(new URL("../../../autoscaler/dist/cli/main.js", import.meta.url));

/** A simulator over real HTTP, and daemons that launch containers of an engine on this machine. */
export class FleetStage implements AsyncDisposable {
  readonly simulator: Simulator;
  readonly folder = mkdtempSync(join(tmpdir(), "scaleset-fleet-"));
  readonly #daemons: Daemon[] = [];

  private constructor(simulator: Simulator) {
    this.simulator = simulator;
  }

  static async set(options: SimulatorOptions = {}): Promise<FleetStage> {
    const stage = new FleetStage(createSimulator({ sessionTimeoutMs: 2_000, ...options }));
    await stage.simulator.listen();
    mkdirSync(join(stage.folder, "state"));
    return stage;
  }

  /** What a daemon is told; `docker`: options of the provisioner beside the runner and its network. */
  orders(options: { readonly maxRunners: number; readonly docker: object }): DaemonOrders {
    return {
      configUrl: this.simulator.configUrl("my-org"),
      token: this.simulator.token,
      stateFolder: join(this.folder, "state"),
      maxRunners: options.maxRunners,
      docker: { command: [process.execPath, RUNNER], networks: ["host"], ...options.docker },
    };
  }

  /** Starts a daemon as a user does, with an ordinary config file; to be killed. */
  startDaemon({ configUrl, token, stateFolder, maxRunners, docker }: DaemonOrders): Daemon {
    const file = join(this.folder, "scaleset.yaml");
    const config = {
      github: { url: configUrl, token },
      owner: "test-daemon",
      stateFolder,
      log: { level: "debug", format: "json" },
      timings: TIMINGS,
      scaleSets: [{ name: SCALE_SET, maxRunners, provisioner: { docker } }],
    };
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    const daemon = startProcess([PROGRAM, "run", "--config", file]);
    this.#daemons.push(daemon);
    return daemon;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.#daemons) {
      daemon.kill("SIGKILL");
      await daemon.ended;
    }
    await this.simulator.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface Daemon {
  readonly process: ChildProcess;
  /** Everything it wrote so far. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

export function startProcess(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Daemon {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  return { process: child, output: () => output, kill: (signal) => void child.kill(signal), ended };
}

/** Looks again and again until it holds; says what did not when it takes too long. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 60_000,
  state: () => unknown = () => "",
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it took too long until ${what}: ${JSON.stringify(state())}`);
    await sleep(50);
  }
}
