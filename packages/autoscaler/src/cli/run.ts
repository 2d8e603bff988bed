import { resolve } from "node:path";
import { type Logger, realClock } from "@scaleset/client";
import { targetOf } from "../config/config.js";
import type { RunFlags } from "../config/flag-source.js";
import type { ConfigHost } from "../config/host.js";
import { ConfigError, formatIssue } from "../config/issue.js";
import { loadConfigFile, loadConfigFlags } from "../config/load.js";
import { createLogger } from "../config/logger.js";
import type { LoadedConfig } from "../config/resolve.js";
import { type Autoscaler, createAutoscaler } from "../daemon.js";
import { openSessionRecords } from "../state/session-records.js";
import { type StatusServer, serveStatus } from "../status/server.js";
import { StatusSocketError, statusSocketPath } from "../status/socket.js";
import { thisHost } from "../this-host.js";
import { VERSION } from "../version.js";
import { watchConfigFile } from "./config-watch.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { Reloading, tellWarnings } from "./reloading.js";
import { stopRequests } from "./signals.js";
import { openStateFolder, StateFolderError } from "./state-folder.js";

/** `scaleset run`: works until it is asked to stop. */
export async function run(options: RunFlags & { readonly config?: string | undefined }): Promise<ExitCode> {
  const { config: file, ...flags } = options;
  const host = thisHost();
  const { config, provisioners, warnings } = await load(file, flags, host);
  const logger = createLogger(config.log, { stream: process.stdout });
  tellWarnings(logger, warnings.map(formatIssue));

  const { owner, stateFolder } = config;
  let reloading: Reloading | undefined;
  using stop = stopRequests(
    (signal) => logger.info({ signal }, "stopping: sessions are closed, runners are left to finish"),
    (signal) => logger.warn({ signal }, "stopping at once"),
    { onHangUp: file === undefined ? undefined : () => void reloading?.hangUp() },
  );
  const scaleSets = config.scaleSets.map(({ name }) => name);
  const urls = [...new Set(config.scaleSets.map((set) => targetOf(config, set).url))];
  logger.info({ version: VERSION, urls, scaleSets, owner, stateFolder }, "starting");
  try {
    using lock = await openStateFolder(stateFolder);
    const warn = logger.warn.bind(logger);
    const sessionRecords = openSessionRecords({ stateFolder, bootId: lock.bootId, warn });
    const autoscaler = createAutoscaler(config, { logger, provisioners, sessionRecords });
    if (file !== undefined) reloading = new Reloading({ file, host, autoscaler, logger, log: config.log });
    await using _status = await openStatus(autoscaler, { stateFolder, logger });
    const watching =
      file !== undefined &&
      watchConfigFile(resolve(host.workingFolder, file), {
        onChange: () => void reloading?.reload("the config file has changed"),
        clock: realClock,
        logger,
        signal: stop.signal,
      });
    const trying = reloading?.tryRefused({ clock: realClock, signal: stop.signal });
    await autoscaler.run({ signal: stop.signal });
    await watching;
    await trying;
  } catch (error) {
    if (stop.received === undefined) {
      if (error instanceof StateFolderError) logger.error({}, error.message);
      else logger.error({ error }, "the daemon ended");
      return exitCodes.failed.code;
    }
    logger.warn({ error }, "the stop was not graceful");
  }
  logger.info({}, "stopped");
  return exitCodes.ok.code;
}

/** Runners matter more than a page about them: without its socket a daemon works all the same. */
async function openStatus(
  autoscaler: Autoscaler,
  { stateFolder, logger }: { readonly stateFolder: string; readonly logger: Logger },
): Promise<StatusServer | undefined> {
  try {
    const path = statusSocketPath(stateFolder);
    return await serveStatus({ path, status: () => autoscaler.status(), clock: realClock });
  } catch (error) {
    if (!(error instanceof StatusSocketError)) throw error;
    logger.error({}, `${error.message}; without it, scaleset status can't ask this daemon`);
    return undefined;
  }
}

async function load(file: string | undefined, flags: RunFlags, host: ConfigHost): Promise<LoadedConfig> {
  const [clash] = Object.entries(flags).filter(([, value]) => value !== undefined);
  if (file === undefined) return await loadConfigFlags(flags, host);
  if (clash === undefined) return await loadConfigFile(file, host);
  const flag = `--${clash[0].replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const problem = "expected either --config or flags, found both";
  throw new ConfigError([
    { place: { kind: "flag", flag }, path: [], problem, remedy: `write it into ${file}, or leave --config out` },
  ]);
}
