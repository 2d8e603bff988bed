import { type AutoscalerConfig, type LimitsConfig, limitsOf } from "../config/config.js";
import { Limiter } from "../engine/limiter.js";
import { PlaceLimiter } from "../engine/place-limiter.js";
import type { ScaleSetStatus } from "../engine/status.js";
import { Turns } from "../engine/turns.js";
import { Wakeups } from "../engine/wakeups.js";
import type { ExtraProvisioners } from "../provisioners/registry.js";
import { Connections } from "./connections.js";
import { Places } from "./places.js";
import { changesBetween, type PlannedSet, type SetChange } from "./plan.js";
import { type Process, RunningSet } from "./running-set.js";
import { Shares } from "./shares.js";
import { Slots } from "./slots.js";
import type { World } from "./world.js";

/** Removals at one time; more would only queue at the service. */
const ENDINGS_AT_ONCE = 20;
/** Scale sets that are changed at one time. */
const CHANGES_AT_ONCE = 50;

/** What became of a configuration, by names of scale sets. */
export interface AppliedChanges {
  readonly added: readonly string[];
  readonly drained: readonly string[];
  readonly restarted: readonly string[];
  readonly adjusted: readonly string[];
  /** Every set that was begun anew: added and restarted ones. */
  readonly begun: readonly string[];
  /** Could not be begun or changed; those begun are tried again, those adjusted stay as they were. */
  readonly failed: readonly { readonly scaleSet: string; readonly error: unknown }[];
}

/** All scale sets of a daemon, and what they share. */
export class Fleets {
  readonly #process: Process;
  readonly #launches: PlaceLimiter;
  readonly #sets = new Map<string, RunningSet>();
  readonly #draining = new Map<string, RunningSet>();
  #stopped = false;

  constructor(config: AutoscalerConfig, world: World, provisioners: ExtraProvisioners) {
    const { clock } = world;
    const limits = limitsOf(config.limits);
    this.#launches = new PlaceLimiter(limits.launchConcurrency);
    const wakeups = new Wakeups(clock);
    this.#process = {
      world,
      owner: config.owner,
      connections: new Connections(world, limits.requestsPerSecond),
      places: new Places(world, config, provisioners),
      shares: new Shares(clock, wakeups, limits.maxRunners),
      slots: new Slots(limits.maxScaleSets),
      probes: new Turns(clock, limits.standbyProbesPerSecond),
      wakeups,
      launches: this.#launches,
      endings: new PlaceLimiter(ENDINGS_AT_ONCE),
    };
  }

  set provisioners(provisioners: ExtraProvisioners) {
    this.#process.places.provisioners = provisioners;
  }

  /** Makes what runs into what is planned. Never rejects. */
  async apply(plan: readonly PlannedSet[], limits: LimitsConfig): Promise<AppliedChanges> {
    const { shares, slots, probes } = this.#process;
    const { launchConcurrency, standbyProbesPerSecond } = limitsOf(limits);
    this.#launches.setLimit(launchConcurrency);
    shares.total = limits.maxRunners;
    slots.limit = limits.maxScaleSets;
    probes.perSecond = standbyProbesPerSecond;

    for (const set of this.#sets.values()) set.forgetNotTaken();
    const before = [...this.#sets.values()].map(({ planned }) => planned);
    const changes = changesBetween(before, plan);
    const failed: { readonly scaleSet: string; readonly error: unknown }[] = [];
    const atOnce = new Limiter(CHANGES_AT_ONCE);
    await Promise.all(
      changes.map((change) =>
        atOnce.run(0, async () => {
          try {
            await this.#change(change);
          } catch (error) {
            failed.push({ scaleSet: change.set.config.name, error });
            this.#process.world.logger.error(
              { err: error, scaleSet: change.set.config.name },
              change.kind === "adjust"
                ? "the scale set stays as it was"
                : "the scale set could not be begun; it is tried again",
            );
          }
        }),
      ),
    );
    const named = (kind: SetChange["kind"]): string[] =>
      changes.filter((change) => change.kind === kind).map(({ set }) => set.config.name);
    const added = named("add");
    const restarted = named("restart");
    return {
      added,
      drained: named("drain"),
      restarted,
      adjusted: named("adjust"),
      begun: [...added, ...restarted],
      failed,
    };
  }

  retryLaunches(): void {
    for (const set of this.#sets.values()) set.retryLaunches();
  }

  /** In the order of the plan, those that drain last. */
  status(plan: readonly PlannedSet[]): ScaleSetStatus[] {
    const planned = plan.flatMap(({ identity }) => this.#sets.get(identity) ?? []);
    return [...planned, ...this.#draining.values()].map((set) => set.status());
  }

  /** Sessions are closed, runners left. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const reason = new Error("the daemon stops");
    await Promise.all([...this.#sets.values(), ...this.#draining.values()].map((set) => set.stop(reason)));
  }

  async #change(change: SetChange): Promise<void> {
    if (this.#stopped) return;
    const { logger } = this.#process.world;
    const { set } = change;
    const { name } = set.config;
    const running = this.#sets.get(set.identity);
    switch (change.kind) {
      case "add":
        await this.#draining.get(set.identity)?.stop(new Error("it is configured again"));
        await this.#begin(set);
        break;
      case "drain":
        if (running !== undefined) this.#drain(running);
        break;
      case "restart":
        logger.info({ scaleSet: name, changed: change.why }, "the scale set is held anew, its runners are left");
        await running?.stop(new Error("its settings have changed"));
        await this.#begin(set);
        break;
      case "adjust":
        await running?.adjust(set);
        logger.info({ scaleSet: name, changed: change.what }, "the scale set works by its new settings");
        break;
    }
  }

  async #begin(planned: PlannedSet): Promise<void> {
    // The daemon may have been stopped while an earlier one of this identity ended.
    if (this.#stopped) return;
    const set = new RunningSet(planned, this.#process);
    this.#sets.set(planned.identity, set);
    await set.start();
  }

  #drain(set: RunningSet): void {
    const { identity, config } = set.planned;
    const { logger } = this.#process.world;
    this.#sets.delete(identity);
    this.#draining.set(identity, set);
    logger.info(
      { scaleSet: config.name },
      "the scale set is configured no more, or may have no runner any more: it drains",
    );
    set.drain();
    void set.ended.then(() => {
      if (this.#draining.get(identity) === set) this.#draining.delete(identity);
      if (set.drained) logger.info({ scaleSet: config.name }, "the scale set is drained");
    });
  }
}
