import { BackendError, type OpenContext } from "@scaleset/provisioner";
import type Docker from "dockerode";
import {
  containerBody,
  furtherNetworks,
  hidesJitConfig,
  type InstancePlan,
  innerEngineBody,
  networkName,
} from "./container.js";
import type { Engine } from "./engine.js";
import { isStatus } from "./failures.js";
import type { Images } from "./images.js";
import { BUNDLE, type EngineLabels, ROLE } from "./labels.js";
import type { DockerOptions } from "./options.js";

/** Clearing up after a container that could not be made. @unit milliseconds */
const CLEAR_UP_MS = 20_000;

const NO_IMAGE = Symbol("the engine has no such image");
const NAME_TAKEN = Symbol("the name is taken");
type Refusal = typeof NO_IMAGE | typeof NAME_TAKEN;

/** Makes the containers of instances, and all that belongs to each. */
export class Maker {
  readonly #engine: Engine;
  readonly #images: Images;
  readonly #options: DockerOptions;
  readonly #context: OpenContext;

  constructor(engine: Engine, images: Images, options: DockerOptions, context: OpenContext) {
    this.#engine = engine;
    this.#images = images;
    this.#options = options;
    this.#context = context;
  }

  /**
   * Makes an inert container and all that belongs to it, or nothing, as far as the engine can be reached. Answers its id;
   * undefined where the name is taken.
   */
  async make(name: string, labels: EngineLabels, signal: AbortSignal): Promise<string | undefined> {
    const { image, dockerInDocker } = this.#options;
    const plan = { labels, bundle: this.#randomId(), baseFolder: this.#context.baseFolder };
    const body = containerBody(this.#options, plan);
    const hiding = hidesJitConfig(body);
    if (hiding !== undefined) {
      throw new BackendError(
        "rejected",
        `a mount at ${hiding} would hide the JIT config from the runner: mount a folder below it instead (see provisioner.docker.createOptions)`,
      );
    }
    await this.#images.refresh(image, signal);
    if (dockerInDocker !== undefined) await this.#images.refresh(dockerInDocker.image, signal);
    let whole = false;
    let begun = false;
    try {
      if (dockerInDocker !== undefined) {
        begun = true;
        await this.#makeNetwork(plan, signal);
      }
      const id = await this.#create({ ...body, name }, signal);
      if (id === undefined) return undefined;
      begun = true;
      for (const network of furtherNetworks(this.#options)) {
        await this.#engine.order(`joining network ${network}`, signal, async (docker) => {
          await docker.getNetwork(network).connect({ Container: id });
        });
      }
      const inner = innerEngineBody(this.#options, plan, id);
      if (inner !== undefined) await this.#create(inner, signal);
      whole = true;
      return id;
    } finally {
      if (begun && !whole) await this.#clearUp(plan.bundle);
    }
  }

  /** Starts the inner engine of a runner that has just been started. */
  async startInner(bundle: string, signal: AbortSignal): Promise<void> {
    if (this.#options.dockerInDocker === undefined) return;
    await this.#engine.order("starting the inner engine", signal, async (docker) => {
      for (const { Id, Labels } of await listBundle(docker, bundle, signal))
        if (Labels[ROLE] !== undefined) await docker.getContainer(Id).start({ abortSignal: signal });
    });
  }

  /** Undefined where the name is taken. */
  async #create(body: Docker.ContainerCreateOptions, signal: AbortSignal): Promise<string | undefined> {
    const { Image = "", name } = body;
    const create = (): Promise<string | Refusal> =>
      this.#engine.order(`making container ${name ?? `of ${Image}`}`, signal, async (docker) => {
        try {
          return (await docker.createContainer({ ...body, abortSignal: signal })).id;
        } catch (error) {
          if (isStatus(error, 404) && /no such image/i.test(String(error))) return NO_IMAGE;
          if (isStatus(error, 409) && name !== undefined) return NAME_TAKEN;
          throw error;
        }
      });
    let made = await create();
    if (made === NO_IMAGE) {
      await this.#images.fetch(Image, signal);
      made = await create();
    }
    if (made === NO_IMAGE) throw new BackendError("transient", `image ${Image} was removed while it was needed`);
    return made === NAME_TAKEN ? undefined : made;
  }

  async #makeNetwork({ bundle, labels }: InstancePlan, signal: AbortSignal): Promise<void> {
    await this.#engine.order("making the runner's network", signal, async (docker) => {
      const Labels = { ...labels, [BUNDLE]: bundle };
      await docker.createNetwork({ Name: networkName(bundle), CheckDuplicate: true, Labels, abortSignal: signal });
    });
  }

  async #clearUp(bundle: string): Promise<void> {
    const { clock, logger } = this.#context;
    using deadline = clock.deadline(CLEAR_UP_MS);
    try {
      await removeBundle(this.#engine, bundle, deadline.signal);
    } catch (error) {
      logger.warn({ bundle, err: error }, "what was made of an instance could not be removed; it will be found later");
    }
  }

  #randomId(): string {
    return Array.from({ length: 16 }, () => Math.floor(this.#context.random() * 36).toString(36)).join("");
  }
}

async function listBundle(docker: Docker, bundle: string, signal: AbortSignal): Promise<Docker.ContainerInfo[]> {
  return await docker.listContainers({ all: true, filters: { label: [`${BUNDLE}=${bundle}`] }, abortSignal: signal });
}

/** Removes everything of a bundle, the runner's container last: as long as it is there, the rest is found by it. */
export async function removeBundle(engine: Engine, bundle: string, signal: AbortSignal): Promise<void> {
  await engine.call("removing what belongs to an instance", signal, async (docker) => {
    const containers = await listBundle(docker, bundle, signal);
    const runners = containers.filter(({ Labels }) => Labels[ROLE] === undefined);
    for (const { Id } of containers.filter((each) => !runners.includes(each)))
      await removeContainer(docker, Id, signal);
    await removeNetwork(docker, networkName(bundle), signal);
    for (const { Id } of runners) await removeContainer(docker, Id, signal);
  });
}

/** Removes a container, by force, with its volumes; one that is gone, or about to be, is a success. */
export async function removeContainer(docker: Docker, id: string, signal: AbortSignal): Promise<void> {
  const container = docker.getContainer(id);
  try {
    await container.remove({ force: true, v: true, abortSignal: signal });
  } catch (error) {
    if (isStatus(error, 404)) return;
    if (!isStatus(error, 409)) throw error;
    // Somebody else is removing it: done when it is gone.
    await container.wait({ condition: "removed", abortSignal: signal }).catch((problem: unknown) => {
      if (!isStatus(problem, 404)) throw problem;
    });
  }
}

async function removeNetwork(docker: Docker, name: string, signal: AbortSignal): Promise<void> {
  try {
    await docker.getNetwork(name).remove({ abortSignal: signal });
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
  }
}
