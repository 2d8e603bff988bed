import { abortable, BackendError, isBackendError, type OpenContext } from "@scaleset/provisioner";
import type { Engine } from "./engine.js";
import { isStatus, kindOf } from "./failures.js";
import { jsonLines } from "./json-lines.js";
import type { PullPolicy } from "./options.js";
import { PullProgress } from "./pull-progress.js";
import type { RegistryLogin } from "./registry-auth.js";

/** A launch waits this long for a pull; then it is told that there is no room yet, and the pull goes on. @unit milliseconds */
const PATIENCE_MS = 20_000;

/** A pull without a word from the engine for this long is given up. @unit milliseconds */
const STALLED_MS = 300_000;

/** How often its progress is logged. @unit milliseconds */
const TELL_MS = 10_000;

/** With `always`, how long the registry's last answer stands. @unit milliseconds */
const FRESH_MS = 60_000;

interface Pull {
  readonly done: Promise<void>;
  readonly progress: PullProgress;
}

export interface ImagesOptions {
  readonly engine: Engine;
  readonly policy: PullPolicy;
  readonly platform: string | undefined;
  readonly login: (image: string) => RegistryLogin | undefined;
  readonly clock: OpenContext["clock"];
  readonly logger: OpenContext["logger"];
  /** Ends pulls when the backend is closed. */
  readonly life: AbortSignal;
}

/** The images of a backend: one pull at a time of each, however many launches wait for it. */
export class Images {
  readonly #options: ImagesOptions;
  readonly #pulls = new Map<string, Pull>();
  /** With `always`: when the registry was last asked. */
  readonly #asked = new Map<string, number>();
  #downloads = 0;

  /** How often a pull brought something new: what was made before it may be of an old image. */
  get downloads(): number {
    return this.#downloads;
  }

  constructor(options: ImagesOptions) {
    this.#options = options;
  }

  /** Called before a container is made. Does something only with `always`, and when that was long ago. */
  async refresh(image: string, signal: AbortSignal): Promise<void> {
    const { policy, clock, logger } = this.#options;
    const asked = this.#asked.get(image);
    if (policy !== "always" || (asked !== undefined && clock.monotonic() - asked < FRESH_MS)) return;
    try {
      await this.#pulled(image, signal);
    } catch (error) {
      if (signal.aborted || !(await this.has(image, signal))) throw error;
      // A registry that is down, or a pull that takes long, holds nobody up who can work with the copy at hand.
      logger.warn({ image, err: error }, "launching with the copy of the image at hand");
    }
  }

  /** The engine said that it lacks the image. @throws {BackendError} where it can't be had, or not yet */
  async fetch(image: string, signal: AbortSignal): Promise<void> {
    if (this.#options.policy === "never") {
      throw new BackendError(
        "rejected",
        `the engine has no image ${image}, and pull is never: run "docker pull ${image}" there, or set provisioner.docker.pull to missing`,
      );
    }
    await this.#pulled(image, signal);
  }

  async has(image: string, signal: AbortSignal): Promise<boolean> {
    return await this.#options.engine.call(`looking for image ${image}`, signal, async (docker) => {
      try {
        await docker.getImage(image).inspect();
        return true;
      } catch (error) {
        if (isStatus(error, 404)) return false;
        throw error;
      }
    });
  }

  /** Ends with the pulls under way, which the backend's end ends. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#pulls.values()].map(({ done }) => done));
  }

  async #pulled(image: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const pull = this.#pulls.get(image) ?? this.#begin(image);
    using patience = clock.deadline(PATIENCE_MS, { signal });
    try {
      await abortable(pull.done, patience.signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!patience.signal.aborted) throw error;
      throw new BackendError("capacity", `the image ${image} is still being pulled: ${pull.progress}`);
    }
  }

  #begin(image: string): Pull {
    const progress = new PullProgress();
    const done = this.#run(image, progress).finally(() => this.#pulls.delete(image));
    // Nobody may be waiting any more when it fails; those who are hear of it.
    done.catch(() => {});
    const pull = { done, progress };
    this.#pulls.set(image, pull);
    return pull;
  }

  async #run(image: string, progress: PullProgress): Promise<void> {
    const { engine, clock, logger, life, platform, login } = this.#options;
    const startedAt = clock.monotonic();
    const stop = new AbortController();
    const end = (): void => stop.abort(life.reason);
    life.addEventListener("abort", end, { once: true });
    if (life.aborted) end();
    let heardAt = startedAt;
    const watching = this.#watch(image, progress, () => heardAt, stop);
    logger.info({ image }, "pulling an image");
    try {
      const authconfig = login(image);
      await engine.call(`pulling image ${image}`, stop.signal, async (docker) => {
        const options = {
          abortSignal: stop.signal,
          ...(authconfig === undefined ? {} : { authconfig }),
          ...(platform === undefined ? {} : { platform }),
        };
        const stream = await docker.pull(withTag(image), options);
        const cut = (): void => void ("destroy" in stream && typeof stream.destroy === "function" && stream.destroy());
        stop.signal.addEventListener("abort", cut, { once: true });
        for await (const line of jsonLines(stream)) {
          heardAt = clock.monotonic();
          progress.take(line);
        }
        stop.signal.throwIfAborted();
        if (progress.error !== undefined) throw pullError(image, progress.error);
      });
      this.#asked.set(image, clock.monotonic());
      if (progress.newer) this.#downloads += 1;
      logger.info({ image, ms: Math.round(clock.monotonic() - startedAt) }, "the image is here");
    } catch (error) {
      const failure = isBackendError(error) ? error : new BackendError("transient", String(error), { cause: error });
      logger.warn({ image }, failure.message);
      throw failure;
    } finally {
      stop.abort(new BackendError("transient", "the pull is over"));
      life.removeEventListener("abort", end);
      await watching;
    }
  }

  /** Logs how far it is, and gives up on an engine that says nothing any more. Ends with the pull. */
  async #watch(image: string, progress: PullProgress, heardAt: () => number, stop: AbortController): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = stop;
    while (!signal.aborted) {
      await clock.sleep(TELL_MS, { signal }).catch(() => {});
      if (signal.aborted) return;
      logger.info({ image }, `still pulling: ${progress}`);
      if (clock.monotonic() - heardAt() > STALLED_MS) {
        stop.abort(new BackendError("transient", `pulling image ${image} stalled at ${progress}`));
      }
    }
  }
}

function pullError(image: string, message: string): BackendError {
  const kind = kindOf({ status: 500, code: undefined, message });
  const where =
    kind === "denied"
      ? " (see provisioner.docker.registry)"
      : kind === "rejected"
        ? " (see provisioner.docker.image)"
        : "";
  return new BackendError(kind, `pulling image ${image} failed: ${message}${where}`);
}

/** Without a tag an engine pulls every tag there is. */
function withTag(image: string): string {
  const name = image.slice(image.lastIndexOf("/") + 1);
  return name.includes(":") || name.includes("@") ? image : `${image}:latest`;
}
