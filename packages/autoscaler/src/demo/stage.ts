import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { type Clock, realRandom } from "@scaleset/client";
import type { Backend, Instance, OpenContext, Provisioner } from "@scaleset/provisioner";
import { stringify } from "yaml";
import type { AutoscalerConfig } from "../config/config.js";
import type { ConfigHost } from "../config/host.js";
import { loadConfigFile } from "../config/load.js";
import { createLogger, type Logger } from "../config/logger.js";

/** The files of one demo, in a temporary folder. */
export interface Stage extends Disposable {
  readonly configFile: string;
  readonly logFile: string;
  readonly config: AutoscalerConfig;
  readonly logger: Logger;
  /** The ordinary provisioner; the backend that the daemon opened with it can be asked what is there. */
  readonly provisioner: Provisioner;
  readonly opened: () => Backend | undefined;
  /** Removes the folder. */
  [Symbol.dispose](): void;
}

export const SCALE_SET = "demo";

export interface StageOptions {
  readonly configUrl: string;
  readonly token: string;
  /** What makes the runners, as a config has it. */
  readonly provisioner: Readonly<Record<string, object>>;
  readonly maxRunners: number;
  readonly host: ConfigHost;
}

/** Writes an ordinary config file and reads it the ordinary way. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "scaleset-demo-")));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  try {
    const configFile = join(folder, "scaleset.yaml");
    const logFile = join(folder, "scaleset.log");
    mkdirSync(join(folder, "state"), { mode: 0o700 });
    writeFileSync(join(folder, "token"), options.token, { mode: 0o600 });
    writeFileSync(configFile, stringify(configDocument(options)));
    const { config } = await loadConfigFile(configFile, options.host);
    const log = openSync(logFile, "a", 0o600);
    const stream = new Writable({
      write(chunk: Uint8Array, _encoding, done) {
        writeSync(log, chunk);
        done();
      },
    });
    const dispose = (): void => {
      stream.destroy();
      closeSync(log);
      remove();
    };
    const logger = createLogger(config.log, { stream });
    const watched = await watchedProvisioner(options, folder);
    return { configFile, logFile, config, logger, ...watched, [Symbol.dispose]: dispose };
  } catch (error) {
    remove();
    throw error;
  }
}

function configDocument(options: StageOptions): unknown {
  return {
    github: { url: options.configUrl, tokenFile: "token" },
    stateFolder: "state",
    log: { level: "debug", format: "text" },
    // A demo has no time to keep idle runners for the next job.
    timings: { surplusMs: 1_000, inventoryIntervalMs: 5_000, destroyGraceMs: 1_000, stopGraceMs: 5_000 },
    scaleSets: [
      {
        name: SCALE_SET,
        maxRunners: options.maxRunners,
        provisioner: literal(options.provisioner),
      },
    ],
  };
}

/** A `${` in a path is no variable. */
function literal(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(`\${`, () => `$\${`);
  if (Array.isArray(value)) return value.map(literal);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, literal(each)]));
}

async function watchedProvisioner(
  { provisioner, host }: StageOptions,
  baseFolder: string,
): Promise<Pick<Stage, "provisioner" | "opened">> {
  const [kind = ""] = Object.keys(provisioner);
  const { provisioner: ordinary } = await host.findProvisioner(kind, baseFolder);
  if (ordinary === undefined) throw new Error(`there is no provisioner called ${kind}`);
  let backend: Backend | undefined;
  const open = async (options: unknown, context: OpenContext): Promise<Backend> => {
    backend = await ordinary.open(options, context);
    return backend;
  };
  return { provisioner: { ...ordinary, open }, opened: () => backend };
}

/** How many instances the backend has, of the disk and the process table: nobody counts their own work. */
export async function listInstances(stage: Stage, signal: AbortSignal): Promise<number> {
  return (await ownInstances(stage, stage.opened(), signal)).length;
}

/** An engine may have other daemons' instances, too. */
async function ownInstances(
  { config }: Stage,
  backend: Backend | undefined,
  signal: AbortSignal,
): Promise<readonly Instance[]> {
  const instances = (await backend?.list({ signal })) ?? [];
  return instances.filter(({ labels }) => labels.owner === config.owner);
}

const DESTROY_DEADLINE_MS = 20_000;

/** Ends every runner that is left, once the daemon has stopped: it leaves its runners to finish, a demo must not. */
export async function destroyAll(stage: Stage, clock: Clock): Promise<void> {
  const { config, logger } = stage;
  const [scaleSet] = config.scaleSets;
  if (scaleSet === undefined) return;
  using deadline = clock.deadline(DESTROY_DEADLINE_MS);
  const { signal } = deadline;
  const { stateFolder, baseFolder } = config;
  const backend = await stage.provisioner.open(scaleSet.provisioner.options, {
    stateFolder,
    baseFolder,
    clock,
    random: realRandom,
    logger,
  });
  try {
    const instances = await ownInstances(stage, backend, signal);
    await Promise.all(instances.map(({ name }) => backend.destroy(name, { graceMs: 500, signal })));
  } finally {
    await backend.close();
  }
}
