import type { InstanceLabels, OpenContext } from "@scaleset/provisioner";
import type { Engine } from "./engine.js";
import { isStatus } from "./failures.js";
import type { Images } from "./images.js";
import { AHEAD, BUNDLE, POOL, POOL_LIFE, toEngineLabels } from "./labels.js";
import type { PoolOwner } from "./leftovers.js";
import { type Maker, removeBundle } from "./maker.js";

/** Making one container ahead, its image at hand or not. @unit milliseconds */
const MAKE_DEADLINE_MS = 60_000;
/** After one could not be made. @unit milliseconds */
const PAUSE_MS = 15_000;
/** Clearing them away at the end. @unit milliseconds */
const CLEAR_UP_MS = 10_000;

interface Ahead {
  readonly id: string;
  /** Which image it was made of, counted by downloads. */
  readonly downloads: number;
}

/** Containers made ahead for instances with the same labels. */
interface Reserve {
  readonly labels: InstanceLabels;
  readonly ready: Ahead[];
  filling: Promise<void> | undefined;
}

/**
 * Containers made ahead, which become instances by being renamed: labels can't be changed, so each scale set has its
 * own, filled from its first launch on. They hold no JIT config and run nothing.
 */
export class Pool {
  readonly #size: number;
  readonly #engine: Engine;
  readonly #maker: Maker;
  readonly #images: Pick<Images, "downloads">;
  readonly #owner: PoolOwner;
  readonly #context: OpenContext;
  readonly #life: AbortSignal;
  readonly #reserves = new Map<string, Reserve>();
  #made = 0;

  constructor(options: {
    readonly size: number;
    readonly engine: Engine;
    readonly maker: Maker;
    readonly images: Pick<Images, "downloads">;
    readonly owner: PoolOwner;
    readonly context: OpenContext;
    readonly life: AbortSignal;
  }) {
    this.#size = options.size;
    this.#engine = options.engine;
    this.#maker = options.maker;
    this.#images = options.images;
    this.#owner = options.owner;
    this.#context = options.context;
    this.#life = options.life;
  }

  /** Makes a container of the pool the instance of this name. False where there is none, or the name is taken. */
  async take(name: string, labels: InstanceLabels, signal: AbortSignal): Promise<boolean> {
    if (this.#size === 0) return false;
    const reserve = this.#reserveOf(labels);
    try {
      for (let ahead = reserve.ready.shift(); ahead !== undefined; ahead = reserve.ready.shift()) {
        if (ahead.downloads < this.#images.downloads) {
          await this.#remove(ahead.id, signal);
          continue;
        }
        const renamed = await this.#rename(ahead, name, signal);
        if (renamed === "taken") reserve.ready.unshift(ahead);
        if (renamed !== "gone") return renamed === "renamed";
      }
      return false;
    } finally {
      this.#fill(reserve);
    }
  }

  /** Clears away what is left of it. Bounded; what could not be removed is found by the next life. */
  async close(): Promise<void> {
    const reserves = [...this.#reserves.values()];
    await Promise.allSettled(reserves.map(({ filling }) => filling));
    const ready = reserves.flatMap((reserve) => reserve.ready.splice(0));
    if (ready.length === 0) return;
    using deadline = this.#context.clock.deadline(CLEAR_UP_MS);
    for (const { id } of ready) {
      try {
        await this.#remove(id, deadline.signal);
      } catch (error) {
        this.#context.logger.warn({ err: error }, "containers made ahead are left; the next start removes them");
        return;
      }
    }
  }

  async #rename(ahead: Ahead, name: string, signal: AbortSignal): Promise<"renamed" | "taken" | "gone"> {
    return await this.#engine.call(`making ${name} of a container made ahead`, signal, async (docker) => {
      try {
        await docker.getContainer(ahead.id).rename({ name, abortSignal: signal });
        return "renamed";
      } catch (error) {
        if (isStatus(error, 409)) return "taken";
        if (isStatus(error, 404)) return "gone";
        throw error;
      }
    });
  }

  #reserveOf(labels: InstanceLabels): Reserve {
    const key = JSON.stringify([labels.schema, labels.identity, labels.owner, labels.spec]);
    const known = this.#reserves.get(key);
    if (known !== undefined) return known;
    const reserve: Reserve = { labels, ready: [], filling: undefined };
    this.#reserves.set(key, reserve);
    return reserve;
  }

  #fill(reserve: Reserve): void {
    if (reserve.filling !== undefined || this.#life.aborted) return;
    reserve.filling = this.#fillUp(reserve).finally(() => {
      reserve.filling = undefined;
    });
  }

  /** One after the other: launches go first. */
  async #fillUp(reserve: Reserve): Promise<void> {
    const { clock, logger } = this.#context;
    while (reserve.ready.length < this.#size && !this.#life.aborted) {
      using deadline = clock.deadline(MAKE_DEADLINE_MS, { signal: this.#life });
      const name = this.#nextName();
      const pool = { [POOL]: this.#owner.daemon, [POOL_LIFE]: this.#owner.life };
      try {
        const { downloads } = this.#images;
        const id = await this.#maker.make(name, { ...toEngineLabels(reserve.labels), ...pool }, deadline.signal);
        if (id !== undefined) reserve.ready.push({ id, downloads });
      } catch (error) {
        if (this.#life.aborted) return;
        logger.warn({ err: error }, "a container could not be made ahead");
        await clock.sleep(PAUSE_MS, { signal: this.#life }).catch(() => {});
      }
    }
  }

  #nextName(): string {
    this.#made += 1;
    return `${AHEAD}${this.#made}-${Math.floor(this.#context.random() * 2 ** 40).toString(36)}`;
  }

  async #remove(id: string, signal: AbortSignal): Promise<void> {
    const bundle = await this.#engine.call("looking at a container made ahead", signal, async (docker) => {
      const { Config } = await docker.getContainer(id).inspect({ abortSignal: signal });
      return Config.Labels[BUNDLE];
    });
    if (bundle !== undefined) await removeBundle(this.#engine, bundle, signal);
  }
}
