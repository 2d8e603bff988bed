import type { Backend } from "@scaleset/provisioner";
import { abortable } from "@scaleset/provisioner";
import type { AutoscalerConfig, ProvisionerConfig } from "../config/config.js";
import type { Timings } from "../core/settings.js";
import { BackendCeiling } from "../engine/backend-ceiling.js";
import { BackendCheck } from "../engine/backend-check.js";
import { Inventory } from "../engine/inventory.js";
import type { Place } from "../engine/place.js";
import { type ExtraProvisioners, findProvisioner } from "../provisioners/registry.js";
import { placeKey } from "./plan.js";
import type { World } from "./world.js";

/** A place in use, to be let go of once. */
export interface PlaceUse {
  readonly place: Place;
  release(): Promise<void>;
}

interface OpenPlace {
  readonly place: Promise<Place>;
  readonly life: AbortController;
  /** Its inventory and its checks. */
  readonly running: Promise<void>[];
  users: number;
}

/** One backend for each distinct set of provisioner options: opened for its first user, closed after its last. */
export class Places {
  readonly #world: World;
  readonly #folders: Pick<AutoscalerConfig, "stateFolder" | "baseFolder">;
  readonly #timings: Timings;
  readonly #open = new Map<string, OpenPlace>();
  /** Also of kinds that came with a reload. */
  provisioners: ExtraProvisioners;

  constructor(
    world: World,
    config: Pick<AutoscalerConfig, "stateFolder" | "baseFolder" | "timings">,
    provisioners: ExtraProvisioners,
  ) {
    this.#world = world;
    this.#folders = config;
    this.#timings = config.timings;
    this.provisioners = provisioners;
  }

  /** @throws {BackendError} where it can't be opened; the next use tries again */
  async use(provisioner: ProvisionerConfig): Promise<PlaceUse> {
    const key = placeKey(provisioner);
    const open = this.#open.get(key) ?? this.#begin(key, provisioner);
    open.users += 1;
    try {
      const place = await open.place;
      let released = false;
      return {
        place,
        release: async () => {
          if (released) return;
          released = true;
          await this.#leave(key, open, place);
        },
      };
    } catch (error) {
      open.users -= 1;
      if (this.#open.get(key) === open) this.#open.delete(key);
      throw error;
    }
  }

  #begin(key: string, provisioner: ProvisionerConfig): OpenPlace {
    const life = new AbortController();
    const running: Promise<void>[] = [];
    const opening = async (): Promise<Place> => {
      const { clock, random, logger } = this.#world;
      const backend = await this.#openBackend(provisioner, life.signal);
      const shared = { backend, clock, random, timings: this.#timings, logger };
      const inventory = new Inventory(shared);
      const check = new BackendCheck({ ...shared, kind: provisioner.kind });
      running.push(inventory.run(life.signal), check.run(life.signal));
      return { id: key, backend, inventory, check, ceiling: new BackendCeiling(clock) };
    };
    const open: OpenPlace = { place: opening(), life, running, users: 0 };
    this.#open.set(key, open);
    return open;
  }

  async #leave(key: string, open: OpenPlace, place: Place): Promise<void> {
    open.users -= 1;
    if (open.users > 0) return;
    if (this.#open.get(key) === open) this.#open.delete(key);
    open.life.abort();
    await Promise.all(open.running);
    try {
      await place.backend.close();
    } catch (error) {
      this.#world.logger.warn({ err: error }, "a provisioner could not be closed");
    }
  }

  async #openBackend({ kind, options }: ProvisionerConfig, signal: AbortSignal): Promise<Backend> {
    const { clock, random, logger } = this.#world;
    const provisioner = findProvisioner(kind, this.provisioners);
    using deadline = clock.deadline(this.#timings.provisionerStepDeadlineMs, { signal });
    const opening = provisioner.open(options, { ...this.#folders, clock, random, logger });
    try {
      return await abortable(opening, deadline.signal);
    } catch (error) {
      // Opened too late: its user has given up.
      void opening.then(
        (late) => late.close().catch(() => {}),
        () => {},
      );
      throw error;
    }
  }
}
