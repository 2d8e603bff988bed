import type { Clock, Logger } from "@scaleset/client";
import { abortable, messageOf } from "@scaleset/provisioner";
import type { LogConfig } from "../config/config.js";
import type { ConfigHost } from "../config/host.js";
import { ConfigError, formatIssue } from "../config/issue.js";
import { loadConfigFile } from "../config/load.js";
import type { AdjustableLogger } from "../config/logger.js";
import type { Autoscaler } from "../daemon.js";

/** What a config was refused for may be mended elsewhere: a file with a token, a package. @unit milliseconds */
const TRY_AGAIN_MS = 15_000;

/** Has a running daemon work by what its config file says now. A file that can't be taken changes nothing, loudly. */
export class Reloading {
  readonly #file: string;
  readonly #host: ConfigHost;
  readonly #autoscaler: Autoscaler;
  readonly #logger: AdjustableLogger;
  #log: LogConfig;
  /** All that the newest config was refused for; undefined when it is in force. */
  #refused: string | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly file: string;
    readonly host: ConfigHost;
    readonly autoscaler: Autoscaler;
    readonly logger: AdjustableLogger;
    readonly log: LogConfig;
  }) {
    this.#file = options.file;
    this.#host = options.host;
    this.#autoscaler = options.autoscaler;
    this.#logger = options.logger;
    this.#log = options.log;
  }

  /** One after the other, so that the newest file has the last word. Never rejects. */
  reload(why: string): Promise<void> {
    return this.#queue(async () => {
      this.#logger.info({ file: this.#file }, `${why}: the config is read again`);
      await this.#reload({ quiet: false });
    });
  }

  /** A person asks for it: launches that were refused are tried again as well, though the config may be the same. */
  async hangUp(): Promise<void> {
    await this.reload("SIGHUP");
    this.#autoscaler.retryLaunches();
  }

  /**
   * Tries a config that was refused again from time to time, since nothing tells when what was wrong outside of it is
   * mended. Says nothing while the same is wrong. Never rejects; ends with the signal.
   */
  async tryRefused({ clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(TRY_AGAIN_MS, { signal }).catch(() => {});
      if (signal.aborted || this.#refused === undefined) continue;
      const tried = this.#queue(async () => {
        if (this.#refused !== undefined) await this.#reload({ quiet: true });
      });
      await abortable(tried, signal).catch(() => {});
    }
  }

  #queue(task: () => Promise<void>): Promise<void> {
    this.#running = this.#running.then(task);
    return this.#running;
  }

  async #reload({ quiet }: { readonly quiet: boolean }): Promise<void> {
    try {
      const { config, provisioners, warnings } = await loadConfigFile(this.#file, this.#host);
      if (this.#refused !== undefined) this.#logger.info({}, "what the config was refused for is mended");
      tellWarnings(this.#logger, warnings.map(formatIssue));
      this.#takeLog(config.log);
      const { added, drained, restarted, adjusted, failed } = await this.#autoscaler.reload(config, { provisioners });
      this.#refused = undefined;
      this.#autoscaler.refuseConfig(undefined);
      const changes = { added, drained, restarted, adjusted };
      const changed = Object.entries(changes).filter(([, names]) => names.length > 0);
      if (changed.length === 0) this.#logger.info({}, "the config is taken: no scale set changes");
      else
        this.#logger.info(
          Object.fromEntries(changed),
          `the config is taken${failed.length > 0 ? ", not all of it works" : ""}`,
        );
    } catch (error) {
      this.#refuse(error, quiet);
    }
  }

  /** `quiet`: the same as before is not told again. */
  #refuse(error: unknown, quiet: boolean): void {
    const issues = error instanceof ConfigError ? error.issues.map(formatIssue) : [];
    const message = messageOf(error);
    const before = this.#refused;
    this.#refused = message;
    if (quiet && message === before) return;
    for (const issue of issues) this.#logger.error({}, oneLine(issue));
    const [first = message] = issues;
    const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
    this.#autoscaler.refuseConfig(`${oneLine(first)}${more}`);
    this.#logger.error(
      { file: this.#file, ...(issues.length === 0 && { err: error }) },
      "the config was NOT taken: the one before stays in force",
    );
  }

  #takeLog(log: LogConfig): void {
    this.#logger.setLevel(log.level);
    if (log.format !== this.#log.format)
      this.#logger.warn({}, "log.format can't change while the daemon runs: it does at the next start");
    this.#log = log;
  }
}

export function tellWarnings(logger: Logger, warnings: readonly string[]): void {
  for (const warning of warnings) logger.warn({}, oneLine(warning));
}

function oneLine(issue: string): string {
  return issue.replaceAll(/\n\s*/g, "; ");
}
