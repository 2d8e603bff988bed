import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Clock } from "@scaleset/provisioner";
import { abortable, BackendError, type BackendLogger, type Finding } from "@scaleset/provisioner";
import { type DownloadLimits, download } from "./download.js";
import { draftName, isAbandonedDraft } from "./drafts.js";
import { errnoOf, toBackendError } from "./failures.js";
import type { ProcessTable } from "./process-table.js";
import { runProgram } from "./run-program.js";
import { runnerVersion, versionInName } from "./runner-version.js";
import { unpack } from "./unpack.js";
import { removeTree } from "./wipe.js";

/** An unpacked runner that instances can be cloned from. */
export interface RunnerSoftware {
  readonly folder: string;
  readonly version: string | undefined;
}

/** Where the runner's software comes from. */
export interface RunnerSource {
  /** What is here now, and what there is to say about that. Fetches nothing. */
  look(): Promise<{ readonly software?: RunnerSoftware; readonly finding?: Finding }>;
  /**
   * The software, as soon as it is here.
   *
   * @throws {BackendError} `rejected` when it never will be; `capacity` when it may be later
   */
  ready(signal: AbortSignal): Promise<RunnerSoftware>;
  /** Waits for the end of what was under way, once it was told to end. */
  close(): Promise<void>;
}

/** A folder that somebody unpacked a runner into. */
export class RunnerFolder implements RunnerSource {
  readonly #folder: string;
  readonly #logger: BackendLogger;
  #said: string | undefined;

  constructor(folder: string, logger: BackendLogger) {
    this.#folder = folder;
    this.#logger = logger;
  }

  async look(): ReturnType<RunnerSource["look"]> {
    const why = await whyNoRunner(this.#folder);
    return why === undefined
      ? { software: { folder: this.#folder, version: await runnerVersion(this.#folder) } }
      : { finding: { level: "error", ...why } };
  }

  async ready(): Promise<RunnerSoftware> {
    const { software, finding } = await this.look();
    if (software === undefined)
      throw new BackendError("rejected", `${finding?.message ?? this.#folder}: ${finding?.remedy ?? "mend it"}`);
    const words = describeSoftware(software);
    if (words !== this.#said) this.#logger.info({ ...software }, words);
    this.#said = words;
    return software;
  }

  async close(): Promise<void> {}
}

export function describeSoftware({ folder, version }: RunnerSoftware): string {
  return `instances are made from the runner ${version ?? "(of a version that it does not say)"} in ${folder}`;
}

export interface DownloadOptions {
  readonly url: string;
  readonly sha256: string;
  /** Where software is kept, each under its checksum; shared by all backends of a state folder. */
  readonly root: string;
  readonly clock: Clock;
  readonly logger: BackendLogger;
  readonly table: ProcessTable;
  readonly nonce: () => string;
  /** Ends a download under way. */
  readonly life: AbortSignal;
  /** @default 1 GiB, 30 s without a byte */
  readonly limits?: DownloadLimits;
  /** For a download and its unpacking. @unit milliseconds  @default 1_200_000 */
  readonly totalMs?: number;
  /** How long a caller waits for it before it is told to come again. @unit milliseconds  @default 15_000 */
  readonly patienceMs?: number;
}

const LIMITS: DownloadLimits = { maxBytes: 1024 ** 3, stallMs: 30_000 };
const TOTAL_MS = 1_200_000;
const PATIENCE_MS = 15_000;

/** After a failure the next try waits this long, twice as long after each further one. @unit milliseconds */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

/** Software that no instance was made from for this long is removed: the config has gone on to another. @unit milliseconds */
const KEPT_UNUSED_MS = 30 * 24 * 3_600_000;

/** @unit milliseconds */
const FLUSH_MS = 120_000;

const CHECKSUM = /^[0-9a-f]{64}$/;

/**
 * Software that is downloaded once for all, checked, unpacked beside its place and renamed into it: what is there is
 * whole, whoever died on the way, and of two processes that download at the same time one is used.
 */
export class DownloadedRunner implements RunnerSource {
  readonly #options: DownloadOptions;
  readonly #folder: string;
  #fetching: Promise<RunnerSoftware> | undefined;
  #progress = "";
  #failure: { readonly error: Error; readonly count: number; readonly until: number } | undefined;
  #said = false;

  constructor(options: DownloadOptions) {
    this.#options = options;
    this.#folder = join(options.root, options.sha256.toLowerCase());
  }

  async look(): ReturnType<RunnerSource["look"]> {
    const software = await this.#present();
    if (software !== undefined) return { software };
    const failure = this.#failure?.error.message;
    return failure === undefined
      ? {
          finding: {
            level: "info",
            message: `the runner's software is not here yet: it is downloaded before the first launch${this.#progress}`,
          },
        }
      : { finding: { level: "error", message: `the runner's software is not here: ${failure}` } };
  }

  async ready(signal: AbortSignal): Promise<RunnerSoftware> {
    const { clock, patienceMs = PATIENCE_MS } = this.#options;
    const here = await this.#present();
    if (here !== undefined) return await this.#use(here);
    if (this.#fetching === undefined) {
      const { until = 0, error } = this.#failure ?? {};
      if (error !== undefined && clock.monotonic() < until) throw error;
      this.#fetching = this.#fetch().finally(() => {
        this.#fetching = undefined;
      });
      // Goes on when its callers have lost patience.
      this.#fetching.catch(() => {});
    }
    using patience = clock.deadline(patienceMs, { signal });
    try {
      return await this.#use(await abortable(this.#fetching, patience.signal));
    } catch (error) {
      if (!patience.signal.aborted || signal.aborted) throw error;
      throw new BackendError("capacity", `the runner's software is being downloaded${this.#progress}`);
    }
  }

  async close(): Promise<void> {
    await this.#fetching?.catch(() => {});
  }

  /** Clears away what others left half done, and what nobody uses any more. Says what it can't remove, and goes on. */
  async sweep(): Promise<void> {
    const { root, table, clock, logger } = this.#options;
    for (const entry of await readdir(root).catch(() => [])) {
      const path = join(root, entry);
      try {
        const old = CHECKSUM.test(entry) && clock.now() - (await stat(path)).mtimeMs > KEPT_UNUSED_MS;
        if ((old && path !== this.#folder) || (await isAbandonedDraft(entry, table)))
          await removeTree(path, { large: true });
      } catch (error) {
        logger.warn({ path, error: String(error) }, "old software of the runner can't be removed");
      }
    }
  }

  async #present(): Promise<RunnerSoftware | undefined> {
    if ((await whyNoRunner(this.#folder)) !== undefined) return undefined;
    return { folder: this.#folder, version: (await runnerVersion(this.#folder)) ?? versionInName(this.#options.url) };
  }

  async #use(software: RunnerSoftware): Promise<RunnerSoftware> {
    const { clock, logger } = this.#options;
    const now = new Date(clock.now());
    await utimes(software.folder, now, now).catch(() => {});
    if (!this.#said) logger.info({ ...software }, describeSoftware(software));
    this.#said = true;
    return software;
  }

  async #fetch(): Promise<RunnerSoftware> {
    const { clock, logger, life, totalMs = TOTAL_MS } = this.#options;
    using deadline = clock.deadline(totalMs, { signal: life });
    try {
      await this.#make(deadline.signal);
      this.#failure = undefined;
    } catch (error) {
      if (life.aborted) throw life.reason;
      const failure = deadline.signal.aborted
        ? new BackendError("capacity", `downloading the runner's software took more than ${totalMs / 1000} s`)
        : toBackendError(error, "getting the runner's software");
      const count = (this.#failure?.count ?? 0) + 1;
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1));
      this.#failure = { error: failure, count, until: clock.monotonic() + pauseMs };
      logger.error({ error: failure.message, notBeforeMs: pauseMs }, "the runner's software is not to be had");
      throw failure;
    }
    const here = await this.#present();
    if (here === undefined) throw new BackendError("capacity", `${this.#folder} came and went`);
    return here;
  }

  async #make(signal: AbortSignal): Promise<void> {
    const { root, url, sha256, table, nonce, logger, limits = LIMITS } = this.#options;
    await makeFolder(root);
    const draft = join(root, await draftName(table, nonce()));
    const [archive, unpacked] = [join(draft, "archive.tar.gz"), join(draft, "runner")];
    try {
      await makeFolder(draft);
      await makeFolder(unpacked);
      const onProgress = (bytes: number, total: number | undefined): void => {
        this.#progress = ` (${megabytes(bytes)} of ${total === undefined ? "?" : megabytes(total)} MB)`;
      };
      logger.info({ sha256 }, `downloading the runner's software ${basename(new URL(url).pathname)}`);
      await download({ url, sha256, target: archive, limits, onProgress }, signal);
      await unpack(archive, unpacked, signal);
      await rm(archive);
      if ((await whyNoRunner(unpacked)) !== undefined)
        throw new BackendError("rejected", "the runner's archive holds no run.sh, at its top, that can be executed");
      // All of it on the disk before its name is: a power cut in between must not leave half a runner under that name.
      await runProgram("sync", ["-f", unpacked], FLUSH_MS);
      await rename(unpacked, this.#folder).catch((error: unknown) => {
        // Another process was as quick.
        if (errnoOf(error) !== "ENOTEMPTY" && errnoOf(error) !== "EEXIST") throw error;
      });
    } finally {
      this.#progress = "";
      await removeTree(draft, { large: true }).catch(() => {});
    }
  }
}

/** Not a recursive mkdir, which says "no such folder" of a disk that is read-only. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(path).catch((error: unknown) => {
    if (errnoOf(error) !== "EEXIST") throw error;
  });
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(0);
}

/** Why that folder holds no runner, and what to do; undefined when it holds one. */
async function whyNoRunner(folder: string): Promise<{ message: string; remedy: string } | undefined> {
  const script = join(folder, "run.sh");
  const remedy = "unpack the actions runner there";
  try {
    const { mode } = await stat(script);
    return (mode & 0o111) === 0 ? { message: `${script} can't be executed`, remedy: `chmod +x ${script}` } : undefined;
  } catch (error) {
    const code = errnoOf(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") return { message: `${script} can't be read (${code})`, remedy };
    const message = await stat(folder).then(
      (found) => (found.isDirectory() ? `${folder} holds no run.sh` : `${folder} is no folder`),
      () => `there is no folder ${folder}`,
    );
    return { message, remedy };
  }
}
