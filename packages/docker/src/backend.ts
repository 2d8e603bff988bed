import {
  abortable,
  type Backend,
  type BackendCapabilities,
  BackendError,
  type CallOptions,
  type Finding,
  type Instance,
  type InstanceEvent,
  type InstanceSpec,
  type OpenContext,
  type Revealable,
} from "@scaleset/provisioner";
import { watchEngine } from "./changes.js";
import { checkEngine } from "./check.js";
import { createdAtOf, instanceOf, stateOf } from "./container-state.js";
import type { Engine } from "./engine.js";
import { isStatus } from "./failures.js";
import type { Images } from "./images.js";
import { AHEAD, fromEngineLabels, IDENTITY, toEngineLabels } from "./labels.js";
import type { Maker } from "./maker.js";
import type { DockerOptions } from "./options.js";
import { MOST_LINES, tailOf, unframed } from "./output.js";
import type { Pool } from "./pool.js";
import { RunnerContainers } from "./runner-containers.js";

/** A start goes on when its caller has lost patience: only its end tells whether a runner runs. @unit milliseconds */
const START_DEADLINE_MS = 60_000;

/** Containers that have ended are asked one by one how. */
const INSPECTIONS_AT_ONCE = 8;

/** What an instance is called: also what keeps it from being a path or a pattern. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/;

export interface DockerParts {
  readonly engine: Engine;
  readonly images: Images;
  readonly maker: Maker;
  readonly pool: Pool;
  readonly options: DockerOptions;
  readonly context: OpenContext;
  /** Aborted when the backend is closed. */
  readonly life: AbortController;
  /** What was begun in the background when it was opened. */
  readonly opening: Promise<void>;
}

/** Runners in containers of one engine. */
export class DockerBackend implements Backend {
  readonly capabilities: BackendCapabilities = {
    contract: 1,
    scope: "host",
    observesExit: true,
    survivesDaemon: true,
    bootDeadlineMs: 120_000,
  };
  readonly #parts: DockerParts;
  readonly #containers: RunnerContainers;
  /** Starts under way, which a second start of the same name waits for. */
  readonly #starting = new Map<string, Promise<void>>();
  /** How containers that have ended did, by their ids: that changes no more. */
  #ended = new Map<string, Instance>();

  constructor(parts: DockerParts) {
    this.#parts = parts;
    this.#containers = new RunnerContainers(parts);
  }

  check({ signal }: CallOptions): Promise<readonly Finding[]> {
    const { engine, images, options } = this.#parts;
    return this.#call(signal, async () => checkEngine(engine, images, options, signal));
  }

  create({ name, labels }: InstanceSpec, { signal }: CallOptions): Promise<Instance> {
    return this.#call(signal, async () => {
      if (!NAME.test(name)) throw new BackendError("rejected", `"${name}" can't be an instance's name`);
      const { maker, pool } = this.#parts;
      const made =
        (await pool.take(name, labels, signal)) ||
        (await maker.make(name, toEngineLabels(labels), signal)) !== undefined;
      const found = await this.#containers.find(name, signal);
      const instance = found === undefined ? undefined : instanceOf(found);
      if (instance !== undefined) return instance;
      if (made) throw new BackendError("transient", `container ${name} was removed as soon as it was made`);
      throw new BackendError("transient", `the name ${name} is taken by a container that is no runner of ours`);
    });
  }

  start(name: string, jitConfig: Revealable, { signal }: CallOptions): Promise<void> {
    return this.#call(signal, async () => {
      const under = this.#starting.get(name);
      if (under !== undefined) return await abortable(under, signal);
      if (!/^[^\n\0]+$/.test(jitConfig.reveal()))
        throw new BackendError("rejected", "a JIT config is one line of text");
      const starting = this.#start(name, jitConfig).finally(() => this.#starting.delete(name));
      this.#starting.set(name, starting);
      await abortable(starting, signal);
    });
  }

  async #start(name: string, jitConfig: Revealable): Promise<void> {
    using deadline = this.#parts.context.clock.deadline(START_DEADLINE_MS);
    const { signal } = deadline;
    try {
      const container = await this.#containers.find(name, signal);
      if (container === undefined || fromEngineLabels(container.Config.Labels) === undefined) {
        throw new BackendError("gone", `there is no instance ${name}`);
      }
      const state = stateOf(container.State.Status);
      if (state === "exited") throw new BackendError("gone", `instance ${name} has ended`);
      if (state === "created") await this.#containers.start(container, jitConfig, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new BackendError("transient", `starting ${name} was not answered within ${START_DEADLINE_MS / 1_000} s`);
    }
  }

  list({ signal }: CallOptions): Promise<readonly Instance[]> {
    return this.#call(signal, async () => {
      const containers = await this.#parts.engine.call("listing containers", signal, (docker) =>
        docker.listContainers({ all: true, filters: { label: [IDENTITY] }, abortSignal: signal }),
      );
      const instances: Instance[] = [];
      const ended: string[] = [];
      for (const { Id, Names, Labels, State, Created } of containers) {
        const labels = fromEngineLabels(Labels);
        // Of an instance that others link to, the engine lists those links as names, too.
        const name = Names.map((each) => each.slice(1)).find((each) => !each.includes("/"));
        if (labels === undefined || name === undefined || name.startsWith(AHEAD)) continue;
        const state = stateOf(State);
        if (state === "exited") ended.push(Id);
        else instances.push({ name, labels, state, createdAt: createdAtOf(Created) });
      }
      return [...instances, ...(await this.#howEnded(ended, signal))];
    });
  }

  watch({ signal }: CallOptions): AsyncIterable<InstanceEvent> {
    const { engine, context, life } = this.#parts;
    return watchEngine(engine, context, AbortSignal.any([signal, life.signal]));
  }

  destroy(name: string, { graceMs, signal }: CallOptions & { readonly graceMs: number }): Promise<void> {
    return this.#call(signal, async () => {
      if (!NAME.test(name)) return;
      const starting = this.#starting.get(name);
      const settled = starting?.catch(() => {});
      if (settled !== undefined) await abortable(settled, signal);
      const container = await this.#containers.find(name, signal);
      // A stranger's is none of our business, and what is not there is gone.
      if (container === undefined || fromEngineLabels(container.Config.Labels) === undefined) return;
      await this.#containers.end(container, graceMs, signal);
      await this.#containers.remove(container, signal);
      this.#ended.delete(container.Id);
    });
  }

  logs(name: string, { tailBytes, signal }: CallOptions & { readonly tailBytes: number }): Promise<string> {
    return this.#call(signal, async () => {
      const container = await this.#containers.find(name, signal);
      if (container === undefined || fromEngineLabels(container.Config.Labels) === undefined) {
        throw new BackendError("gone", `there is no instance ${name}`);
      }
      const tail = Math.min(MOST_LINES, Math.max(1, tailBytes));
      const answer = await this.#parts.engine.call(`reading the output of ${name}`, signal, (docker) =>
        docker.getContainer(container.Id).logs({ stdout: true, stderr: true, tail, abortSignal: signal }),
      );
      // An answer without a byte is no buffer to dockerode.
      return Buffer.isBuffer(answer) ? tailOf(unframed(answer), tailBytes) : "";
    });
  }

  async close(): Promise<void> {
    const { life, images, pool, opening } = this.#parts;
    if (!life.signal.aborted) life.abort(new BackendError("transient", "this backend was closed"));
    await Promise.allSettled([...this.#starting.values(), images.close(), opening]);
    await pool.close();
  }

  async #howEnded(ids: readonly string[], signal: AbortSignal): Promise<Instance[]> {
    const found = new Map<string, Instance>();
    let next = 0;
    const work = async (): Promise<void> => {
      for (let id = ids[next++]; id !== undefined; id = ids[next++]) {
        const instance = this.#ended.get(id) ?? (await this.#inspected(id, signal));
        if (instance !== undefined) found.set(id, instance);
      }
    };
    const workers = Array.from({ length: Math.min(INSPECTIONS_AT_ONCE, ids.length) }, work);
    for (const outcome of await Promise.allSettled(workers)) if (outcome.status === "rejected") throw outcome.reason;
    this.#ended = found;
    return [...found.values()];
  }

  /** Undefined where it was removed since it was listed. */
  async #inspected(id: string, signal: AbortSignal): Promise<Instance | undefined> {
    return await this.#parts.engine.call("looking at a container that has ended", signal, async (docker) => {
      try {
        return instanceOf(await docker.getContainer(id).inspect({ abortSignal: signal }));
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        throw error;
      }
    });
  }

  async #call<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const { signal: life } = this.#parts.life;
    if (life.aborted) throw life.reason;
    return await work();
  }
}
