import type { Logger } from "@scaleset/client";
import type { LogConfig } from "../config/config.js";
import type { ConfigHost } from "../config/host.js";
import { ConfigError, formatIssue } from "../config/issue.js";
import { loadConfigFile } from "../config/load.js";
import type { AdjustableLogger } from "../config/logger.js";
import type { Autoscaler } from "../daemon.js";

/** Has a running daemon work by what its config file says now. A file that can't be taken changes nothing, loudly. */
export class Reloading {
  readonly #file: string;
  readonly #host: ConfigHost;
  readonly #autoscaler: Autoscaler;
  readonly #logger: AdjustableLogger;
  #log: LogConfig;
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
    this.#running = this.#running.then(() => this.#reload(why));
    return this.#running;
  }

  async #reload(why: string): Promise<void> {
    this.#logger.info({ file: this.#file }, `${why}: the config is read again`);
    try {
      const { config, provisioners, warnings } = await loadConfigFile(this.#file, this.#host);
      tellWarnings(this.#logger, warnings.map(formatIssue));
      this.#takeLog(config.log);
      const { added, drained, restarted, adjusted, failed } = await this.#autoscaler.reload(config, { provisioners });
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
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    const issues = error instanceof ConfigError ? error.issues.map(formatIssue) : [];
    for (const issue of issues) this.#logger.error({}, oneLine(issue));
    const [first = error instanceof Error ? error.message : String(error)] = issues;
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
