import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { realClock } from "@scaleset/client";
import { createSimulator, type Simulator, simulatedRunnerPath } from "@scaleset/simulator";
import { onTestFinished } from "vitest";
import { processesOf } from "../../../process/test/host.js";
import { decodeStatus } from "../../src/status/decode.js";
import { readStatus } from "../../src/status/read.js";
import { statusSocketPath } from "../../src/status/socket.js";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
/** Built, since it runs as a program of its own. */
const runner = simulatedRunnerPath.replace("/src/", "/dist/").replace(/\.ts$/, ".js");

export interface Stage {
  readonly simulator: Simulator;
  /** Starts the daemon as a process of its own, as a user does. */
  startDaemon(): Daemon;
  /** Folders of instances that are still there. */
  instances(): string[];
  /** Files of recorded sessions. */
  records(): string[];
  /** The config file. */
  readonly config: string;
  configText(): string;
  document(): Document;
  /** Writes it again, with some of it changed. */
  configure(change: (document: Document) => Partial<Document>): void;
  /** Script of a job that works until `letJobsEnd` is called. */
  readonly lasting: string;
  letJobsEnd(): void;
  /** What a running daemon's status says is wrong. */
  problems(): Promise<readonly { readonly code: string; readonly level: string }[]>;
}

/** The config file as these tests write it. */
export interface Document {
  readonly github: { readonly url: string; readonly token?: string; readonly tokenFile?: string };
  readonly scaleSets: readonly {
    readonly name: string;
    readonly minRunners?: number;
    readonly maxRunners: number;
    readonly provisioner: { readonly process: { readonly command: readonly string[]; readonly env?: object } };
  }[];
}

export interface Daemon {
  readonly process: ChildProcess;
  /** Everything it wrote so far. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** A simulator over real HTTP and an ordinary config file; all of it is gone after the test. */
export async function stage(options: {
  readonly maxRunners: number;
  readonly sessionTimeoutMs?: number;
}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "scaleset-daemon-"));
  const simulator = createSimulator({ sessionTimeoutMs: options.sessionTimeoutMs ?? 2_000 });
  await simulator.listen();
  const state = join(folder, "state");
  const config = join(folder, "scaleset.yaml");
  const end = join(folder, "jobs-may-end");
  let document: Document = {
    github: { url: simulator.configUrl("my-org"), token: simulator.token },
    scaleSets: [
      {
        name: "linux-x64",
        maxRunners: options.maxRunners,
        provisioner: { process: { command: [process.execPath, runner] } },
      },
    ],
  };
  const write = (): void => {
    const rest = { owner: "test-daemon", stateFolder: state, log: { level: "debug", format: "json" } };
    writeFileSync(config, JSON.stringify({ ...document, ...rest }));
  };
  write();
  const daemons: Daemon[] = [];
  const instances = (): string[] => {
    const root = join(state, "processes");
    return existsSync(root) ? readdirSync(root).filter((name) => /^(?:linux-x64|other)-/.test(name)) : [];
  };
  onTestFinished(async () => {
    for (const daemon of daemons) {
      daemon.kill("SIGKILL");
      await daemon.ended;
    }
    // Runners outlive their daemon, by design.
    for (const name of instances()) {
      for (const pid of processesOf(name)) endProcess(pid);
      await until(`the processes of ${name} have ended`, () => processesOf(name).length === 0);
    }
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    simulator,
    config,
    configText: () => readFileSync(config, "utf8"),
    document: () => document,
    configure: (change) => {
      document = { ...document, ...change(document) };
      write();
    },
    lasting: `while [ ! -e '${end}' ]; do sleep 0.05; done`,
    letJobsEnd: () => writeFileSync(end, ""),
    problems: async () => {
      const status = await readStatus({ path: statusSocketPath(state), clock: realClock });
      return decodeStatus(status).problems;
    },
    startDaemon: () => {
      const daemon = start(config);
      daemons.push(daemon);
      return daemon;
    },
    instances,
    records: () => {
      const root = join(state, "sessions");
      return existsSync(root) ? readdirSync(root).map((name) => join(root, name)) : [];
    },
  };
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

function start(config: string): Daemon {
  const child = spawn(process.execPath, [program, "run", "--config", config], { stdio: ["ignore", "pipe", "pipe"] });
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
export async function until(what: string, holds: () => boolean, limitMs = 30_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`it took too long until ${what}`);
    await pause(25);
  }
}
