import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@scaleset/client";
import { realClock, realRandom } from "@scaleset/client";
import type { Backend, BackendLogger, Instance, InstanceLabels, OpenContext } from "@scaleset/provisioner";
import { onTestFinished } from "vitest";
import { processProvisioner, type RunnerOptions } from "../src/provisioner.js";

export const labels: InstanceLabels = { schema: 1, identity: "a".repeat(64), owner: "host-1", spec: "b".repeat(16) };

/** A limit on each call and each wait of these tests. @unit milliseconds */
const PATIENCE_MS = 10_000;

export const secret = (text: string): { reveal(): string } => ({ reveal: () => text });

const quiet = (): void => {};
export const quietLogger: BackendLogger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "scaleset-process-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Host {
  readonly backend: Backend;
  readonly stateFolder: string;
  /** The folder of one instance. */
  folder(name: string): string;
  signal(): AbortSignal;
  create(name: string): Promise<Instance>;
  start(name: string, jitConfig?: string): Promise<void>;
  launch(name: string, jitConfig?: string): Promise<void>;
  find(name: string): Promise<Instance | undefined>;
  logs(name: string): Promise<string>;
  destroy(name: string, graceMs?: number): Promise<void>;
}

export interface HostOptions {
  readonly command?: readonly string[];
  readonly runner?: RunnerOptions;
  readonly user?: string;
  readonly hooks?: { readonly jobStarted?: string; readonly jobCompleted?: string };
  readonly env?: Readonly<Record<string, string>>;
  readonly stateFolder?: string;
  /** What the backend logs. */
  readonly log?: string[];
  readonly clock?: Clock;
}

/** A real process backend; all its instances are gone when the test is over. */
export async function openHost(options: HostOptions): Promise<Host> {
  const stateFolder = options.stateFolder ?? temporaryFolder();
  const say = (data: object, message: string): void => {
    options.log?.push(`${message} ${JSON.stringify(data)}`);
  };
  const context: OpenContext = {
    stateFolder,
    baseFolder: stateFolder,
    clock: options.clock ?? realClock,
    random: realRandom,
    logger: { debug: say, info: say, warn: say, error: say },
  };
  const { command, runner, user, hooks, env = {} } = options;
  const backend = await processProvisioner.open({ command, runner, user, hooks, env }, context);
  const signal = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS);
  const host: Host = {
    backend,
    stateFolder,
    signal,
    folder: (name) => join(stateFolder, "processes", name),
    create: (name) => backend.create({ name, labels }, { signal: signal() }),
    start: (name, jitConfig = "jit") => backend.start(name, secret(jitConfig), { signal: signal() }),
    launch: async (name, jitConfig) => {
      await host.create(name);
      await host.start(name, jitConfig);
    },
    find: async (name) => (await backend.list({ signal: signal() })).find((instance) => instance.name === name),
    logs: async (name) => (await backend.logs?.(name, { tailBytes: 65_536, signal: signal() })) ?? "",
    destroy: (name, graceMs = 0) => backend.destroy(name, { graceMs, signal: signal() }),
  };
  onTestFinished(async () => {
    for (const instance of await backend.list({ signal: signal() })) await host.destroy(instance.name);
    await backend.close();
  });
  return host;
}

/** Looks again and again until something is found. */
export async function until<T>(what: string, probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = realClock.monotonic() + PATIENCE_MS;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (realClock.monotonic() > end) throw new Error(`never seen: ${what}`);
    await realClock.sleep(10);
  }
}

export async function untilExited(host: Host, name: string): Promise<Instance> {
  return await until(`${name} exited`, async () => {
    const instance = await host.find(name);
    return instance?.state === "exited" ? instance : undefined;
  });
}

/** What each living process of this machine shows of itself. */
export function processes(): { pid: number; arguments: string; environment: string; stat: string }[] {
  const read = (pid: string, file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8");
    } catch {
      return "";
    }
  };
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => ({
      pid: Number(pid),
      arguments: read(pid, "cmdline"),
      environment: read(pid, "environ"),
      stat: read(pid, "stat").trim(),
    }))
    .filter((process) => process.stat !== "" && !/\) [ZX] /.test(process.stat));
}

/** Numbers of the living processes of an instance, its shim among them. */
export function processesOf(name: string): number[] {
  return processes()
    .filter((process) => process.environment.split("\0").includes(`SCALESET_INSTANCE=${name}`))
    .map((process) => process.pid);
}

/** The runner itself: the one process of an instance that was given a JIT config. */
export async function runnerOf(name: string): Promise<number> {
  const isRunner = (environment: string): boolean =>
    environment.split("\0").includes(`SCALESET_INSTANCE=${name}`) &&
    environment.includes("\0ACTIONS_RUNNER_INPUT_JITCONFIG=");
  return await until(`the runner of ${name}`, () => processes().find((each) => isRunner(each.environment))?.pid);
}
