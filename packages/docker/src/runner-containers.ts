import { BackendError, type OpenContext, type Revealable } from "@scaleset/provisioner";
import type Docker from "dockerode";
import { networkName } from "./container.js";
import type { Engine } from "./engine.js";
import { engineFailure, isStatus } from "./failures.js";
import { fileInArchive, jitArchive, type Owner } from "./jit-archive.js";
import { JIT_FOLDER } from "./jit-place.js";
import { BUNDLE } from "./labels.js";
import { type Maker, removeBundle, removeContainer } from "./maker.js";
import { numericUser, userIn } from "./users.js";

/** A container that was killed is gone from the process table within this. @unit milliseconds */
const KILLED_MS = 30_000;

/** The life of one runner's container between being made and being gone. */
export class RunnerContainers {
  readonly #engine: Engine;
  readonly #maker: Pick<Maker, "startInner">;
  readonly #clock: OpenContext["clock"];
  /** Users of images, by image id and name. */
  readonly #owners = new Map<string, Owner>();
  /** Asked to end once; a second SIGTERM means "drop everything" to some programs. */
  readonly #asked = new Set<string>();

  constructor(parts: {
    readonly engine: Engine;
    readonly maker: Pick<Maker, "startInner">;
    readonly context: Pick<OpenContext, "clock">;
  }) {
    this.#engine = parts.engine;
    this.#maker = parts.maker;
    this.#clock = parts.context.clock;
  }

  /** The container of this name, whoever's it is; undefined where there is none. */
  async find(name: string, signal: AbortSignal): Promise<Docker.ContainerInspectInfo | undefined> {
    return await this.#engine.call(`looking at container ${name}`, signal, async (docker) => {
      try {
        const container = await docker.getContainer(name).inspect({ abortSignal: signal });
        // The engine also finds containers by the beginning of their ids.
        return container.Name === `/${name}` ? container : undefined;
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        throw error;
      }
    });
  }

  /** Puts the JIT config in, and starts the container. What was put in goes with the container if that fails. */
  async start(container: Docker.ContainerInspectInfo, jitConfig: Revealable, signal: AbortSignal): Promise<void> {
    const name = container.Name.slice(1);
    const owner = await this.#ownerOf(container, signal);
    const volume = container.Mounts.some(({ Destination }) => Destination === JIT_FOLDER);
    const path = volume ? JIT_FOLDER : "/";
    const archive = await jitArchive(jitConfig.reveal(), owner, path);
    await this.#engine.call(`handing the JIT config to ${name}`, signal, async (docker) => {
      try {
        await docker.getContainer(container.Id).putArchive(archive, { path, abortSignal: signal });
      } catch (error) {
        throw this.#gone(error, name) ?? readOnly(error) ?? error;
      }
    });
    await this.#engine.order(`starting ${name}`, signal, async (docker) => {
      try {
        await docker.getContainer(container.Id).start({ abortSignal: signal });
      } catch (error) {
        // Not modified: it runs already.
        if (!isStatus(error, 304)) throw this.#gone(error, name) ?? error;
      }
    });
    const bundle = container.Config.Labels[BUNDLE];
    if (bundle !== undefined) await this.#maker.startInner(bundle, signal);
  }

  /** Ends what runs: asked politely first, by force after the grace. */
  async end(container: Docker.ContainerInspectInfo, graceMs: number, signal: AbortSignal): Promise<void> {
    if (!container.State.Running && !container.State.Paused && !container.State.Restarting) return;
    const { Id } = container;
    const name = container.Name.slice(1);
    if (graceMs > 0) {
      if (!this.#asked.has(Id)) {
        this.#asked.add(Id);
        await this.#kill(Id, stopSignal(container), name, signal);
      }
      if (await this.#hasEnded(Id, graceMs, signal)) return;
    }
    await this.#kill(Id, "SIGKILL", name, signal);
    if (!(await this.#hasEnded(Id, KILLED_MS, signal)))
      throw new BackendError("transient", `${name} still runs ${KILLED_MS / 1_000} s after it was killed`);
  }

  /** Removes the container, and all that belongs to it; gone is gone. */
  async remove(container: Docker.ContainerInspectInfo, signal: AbortSignal): Promise<void> {
    const bundle = container.Config.Labels[BUNDLE];
    // Only an inner engine brings a network and a second container.
    if (bundle !== undefined && container.HostConfig.NetworkMode === networkName(bundle))
      await removeBundle(this.#engine, bundle, signal);
    await this.#engine.call(`removing container ${container.Name.slice(1)}`, signal, (docker) =>
      removeContainer(docker, container.Id, signal),
    );
    this.#asked.delete(container.Id);
  }

  async #kill(id: string, signalName: string, name: string, signal: AbortSignal): Promise<void> {
    await this.#engine.call(`ending ${name}`, signal, async (docker) => {
      try {
        await docker.getContainer(id).kill({ signal: signalName, abortSignal: signal });
      } catch (error) {
        // It ended by itself, or is gone.
        if (!isStatus(error, 404) && !isStatus(error, 409)) throw error;
      }
    });
  }

  /** Waits for a container's end, but not longer than this. */
  async #hasEnded(id: string, ms: number, signal: AbortSignal): Promise<boolean> {
    using patience = this.#clock.deadline(ms, { signal });
    try {
      await this.#engine.call("waiting for a container to end", patience.signal, async (docker) => {
        await docker.getContainer(id).wait({ condition: "not-running", abortSignal: patience.signal });
      });
      return true;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (patience.signal.aborted) return false;
      throw error;
    }
  }

  async #ownerOf(container: Docker.ContainerInspectInfo, signal: AbortSignal): Promise<Owner> {
    const { User: user } = container.Config;
    const numbers = numericUser(user);
    if (numbers !== undefined) return numbers;
    const key = `${container.Image} ${user}`;
    const known = this.#owners.get(key);
    if (known !== undefined) return known;
    const passwd = await this.#engine.call("reading the image's users", signal, async (docker) => {
      try {
        const path = "/etc/passwd";
        return await fileInArchive(await docker.getContainer(container.Id).getArchive({ path, abortSignal: signal }));
      } catch (error) {
        if (!isStatus(error, 404)) throw error;
        return "";
      }
    });
    const owner = userIn(passwd, user);
    this.#owners.set(key, owner);
    return owner;
  }

  /** It was removed, or is being removed, while we were at it. */
  #gone(error: unknown, name: string): BackendError | undefined {
    const { message } = engineFailure(error);
    const gone = (isStatus(error, 404) && /no such container/i.test(message)) || isStatus(error, 409);
    return gone ? new BackendError("gone", `instance ${name} is gone: ${message}`) : undefined;
  }
}

/** The signal that an image wants to be asked to end with. */
function stopSignal(container: Docker.ContainerInspectInfo): string {
  const { Config } = container;
  return "StopSignal" in Config && typeof Config.StopSignal === "string" && Config.StopSignal !== ""
    ? Config.StopSignal
    : "SIGTERM";
}

function readOnly(error: unknown): BackendError | undefined {
  if (!/read-only/i.test(engineFailure(error).message)) return undefined;
  return new BackendError(
    "rejected",
    "the container's root can't be written, so the JIT config can't be put in: set provisioner.docker.readOnly to true, which gives that a volume of its own, in place of your own way to make it so",
    { cause: error },
  );
}
