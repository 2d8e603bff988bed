import { LABELS_SCHEMA } from "../engine/inventory.js";
import type { Place } from "../engine/place.js";
import type { Lanes, PlaceLimiter } from "../engine/place-limiter.js";
import type { Problem } from "../engine/problem.js";
import { sortProblems } from "../engine/problems.js";
import { scopedLogger } from "../engine/scoped-logger.js";
import { offStatus, type ScaleSetStatus } from "../engine/status.js";
import { Supervisor } from "../engine/supervisor.js";
import type { Turns } from "../engine/turns.js";
import type { Wakeups } from "../engine/wakeups.js";
import { Worker } from "../engine/worker.js";
import type { ScaleSetService } from "../ports/service.js";
import { ClientScaleSet } from "../service/client-adapter.js";
import type { Connection, Connections } from "./connections.js";
import { ownSessionRecord } from "./own-session-record.js";
import type { Places, PlaceUse } from "./places.js";
import type { PlannedSet } from "./plan.js";
import type { Sharer, Shares } from "./shares.js";
import { type Slots, SlottedService } from "./slots.js";
import type { World } from "./world.js";

/** What all scale sets of a process share. */
export interface Process {
  readonly world: World;
  readonly owner: string;
  readonly connections: Connections;
  readonly places: Places;
  readonly shares: Shares;
  readonly slots: Slots;
  readonly probes: Turns;
  readonly wakeups: Wakeups;
  readonly launches: PlaceLimiter;
  readonly endings: PlaceLimiter;
}

const OPEN_AGAIN_MIN_MS = 1_000;
const OPEN_AGAIN_MAX_MS = 60_000;

/** One scale set while it is configured, through crashes of its worker and changes of its settings; and while it drains. */
export class RunningSet implements Sharer {
  readonly #process: Process;
  readonly #stop = new AbortController();
  readonly #launches: Lanes;
  readonly #endings: Lanes;
  /** Places that its runners may live in. */
  readonly #uses = new Map<string, PlaceUse>();
  #planned: PlannedSet;
  #place: Place | undefined;
  #supervisor: Supervisor | undefined;
  #draining = false;
  #drained = false;
  #share: number | undefined;
  #room: number | undefined;
  #problem: Problem | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(planned: PlannedSet, process: Process) {
    this.#planned = planned;
    this.#process = process;
    this.#launches = process.launches.lanes();
    this.#endings = process.endings.lanes();
  }

  get planned(): PlannedSet {
    return this.#planned;
  }

  get maxRunners(): number {
    return this.#planned.config.maxRunners;
  }

  get priority(): number {
    return this.#planned.config.priority ?? 1;
  }

  /** Whether it was drained, and is done. */
  get drained(): boolean {
    return this.#drained;
  }

  /** Resolves when it has ended: drained, or stopped. Never rejects. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Begins. Rejects with what the first attempt to open its place came to; it goes on trying all the same. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ended = this.#run(resolve, reject);
    });
  }

  /** Launches under way are brought to their end, the session is closed, runners are left. Resolves when that is done. */
  async stop(reason?: unknown): Promise<void> {
    this.#stop.abort(reason);
    await this.#ended;
  }

  /** Lets its runners go, and ends once the last one has. */
  drain(): void {
    this.#draining = true;
    if (this.#supervisor === undefined) this.#stop.abort(new Error("it is configured no more"));
    else this.#supervisor.worker.drain();
  }

  /** Other limits, runner spec or priority, without touching a running job. Rejects where the new place can't be opened. */
  async adjust(planned: PlannedSet): Promise<void> {
    const before = this.#planned;
    if (planned.spec !== before.spec && this.#supervisor !== undefined) {
      const place = await this.#newPlace(planned);
      this.#planned = planned;
      this.#place = place;
      this.#supervisor.worker.setSpec({ specHash: planned.spec, place });
    }
    this.#planned = planned;
    this.#supervisor?.worker.setLimits(planned.config);
    this.#process.shares.divideSoon();
  }

  /** Another configuration is about to be applied: what was wrong with the one before says nothing. */
  forgetNotTaken(): void {
    if (this.#problem?.code === "spec-not-taken") this.#problem = undefined;
  }

  retryLaunches(): void {
    this.#supervisor?.worker.retryLaunches();
  }

  demand(): { readonly wanted: number; readonly live: number } | undefined {
    const demand = this.#supervisor?.worker.demand();
    return demand !== undefined && this.#draining ? { wanted: 0, live: demand.live } : demand;
  }

  setShare(share: number | undefined, room: number | undefined): void {
    this.#share = share;
    this.#room = room;
    this.#supervisor?.worker.setShare(share, room);
  }

  status(): ScaleSetStatus {
    const { name, minRunners, maxRunners } = this.#planned.config;
    const idle: ScaleSetStatus = {
      ...offStatus(name),
      state: "starting",
      limits: { minRunners, maxRunners, announced: 0 },
    };
    const status = this.#supervisor?.status() ?? idle;
    const { slots } = this.#process;
    const waiting = slots.waits(this) ? [waitsForSlot(slots.limit)] : [];
    const own = this.#problem === undefined ? [] : [this.#problem];
    return {
      ...status,
      url: this.#planned.target.url,
      problems: sortProblems([...own, ...waiting, ...status.problems]),
    };
  }

  async #run(opened: () => void, notOpened: (reason: unknown) => void): Promise<void> {
    const { shares, connections } = this.#process;
    const { signal } = this.#stop;
    let release = async (): Promise<void> => {};
    try {
      const place = await this.#openPlace(notOpened);
      if (place === undefined) return;
      this.#place = place;
      const connection = connections.use(this.#planned);
      release = connection.release;
      const { world } = this.#process;
      this.#supervisor = new Supervisor({
        name: this.#planned.config.name,
        make: () => this.#makeWorker(connection),
        clock: world.clock,
        random: world.random,
        logger: world.logger,
      });
      shares.join(this);
      opened();
      await this.#supervisor.run(signal);
      this.#drained = this.#supervisor.worker.drained;
    } catch (error) {
      // Credentials that the client refuses outright: nothing that a wait could mend.
      notOpened(error);
      this.#problem = problemOf(
        "connection-refused",
        error,
        "mend the target's url and credentials; the config is read again at once",
      );
      this.#process.world.logger.error(
        { err: error, scaleSet: this.#planned.config.name },
        "the scale set can't be held",
      );
    } finally {
      opened();
      shares.leave(this);
      await release();
      for (const use of this.#uses.values()) await use.release();
      this.#uses.clear();
    }
  }

  /** Undefined when it was stopped before the place could be opened. */
  async #openPlace(notOpened: (reason: unknown) => void): Promise<Place | undefined> {
    const { clock, random, logger } = this.#process.world;
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const place = await this.#usePlace(this.#planned);
        this.#problem = undefined;
        return place;
      } catch (error) {
        if (signal.aborted) return undefined;
        const waitMs =
          Math.min(OPEN_AGAIN_MAX_MS, OPEN_AGAIN_MIN_MS * 2 ** Math.min(failures, 10)) * (0.5 + 0.5 * random());
        this.#problem = problemOf(
          "provisioner-closed",
          error,
          "see that what runs the instances is up and may be used by this user; it is tried again by itself",
        );
        logger.error(
          { err: error, scaleSet: this.#planned.config.name, retryInMs: Math.round(waitMs) },
          "the provisioner can't be opened",
        );
        notOpened(error);
        await clock.sleep(waitMs, { signal }).catch(() => {});
      }
    }
    return undefined;
  }

  /** Until it can be opened, what is configured and what runs are two things: that is shown. */
  async #newPlace(planned: PlannedSet): Promise<Place> {
    try {
      return await this.#usePlace(planned);
    } catch (error) {
      const remedy =
        "it works by the old settings; mend what is wrong, then send SIGHUP to have the new ones tried again";
      this.#problem = problemOf("spec-not-taken", error, remedy);
      throw error;
    }
  }

  async #usePlace(planned: PlannedSet): Promise<Place> {
    const known = this.#uses.get(planned.place);
    if (known !== undefined) return known.place;
    const use = await this.#process.places.use(planned.config.provisioner);
    this.#uses.set(planned.place, use);
    return use.place;
  }

  /** No runner of ours lives there any more. */
  readonly #leave = (place: Place): void => {
    if (place.id === this.#place?.id) return;
    const use = this.#uses.get(place.id);
    this.#uses.delete(place.id);
    void use?.release();
  };

  /** Also after a crash: then with the settings of now. */
  #makeWorker(connection: Connection): Worker {
    const { world, owner, wakeups, shares } = this.#process;
    const { config, identity, spec, timings } = this.#planned;
    if (this.#place === undefined) throw new Error("a worker needs a place");
    const { clock, random, observer } = world;
    const logger = scopedLogger(world.logger, { scaleSet: config.name });
    const worker = new Worker({
      name: config.name,
      namePrefix: config.namePrefix,
      limits: { minRunners: config.minRunners, maxRunners: config.maxRunners },
      timings,
      labels: { schema: LABELS_SCHEMA, identity, owner, spec },
      service: this.#service(connection),
      asks: connection.asks,
      place: this.#place,
      formerPlaces: [...this.#uses.values()].map(({ place }) => place).filter(({ id }) => id !== this.#place?.id),
      wakeups,
      launches: this.#launches,
      endings: this.#endings,
      clock,
      random,
      logger,
      observer,
      onDemand: () => shares.divideSoon(),
      onLeft: this.#leave,
    });
    if (this.#share !== undefined) worker.setShare(this.#share, this.#room);
    if (this.#draining) worker.drain();
    return worker;
  }

  #service({ client, groups }: Connection): ScaleSetService {
    const { world, owner, probes, slots } = this.#process;
    const { identity, target } = this.#planned;
    const { name, labels, runnerGroup, disableUpdate, workFolder, recreate } = this.#planned.config;
    const { clock, random, sessionRecords: records } = world;
    const logger = scopedLogger(world.logger, { scaleSet: name });
    const service = new ClientScaleSet({
      client,
      groups,
      name,
      labels,
      runnerGroup,
      disableUpdate,
      workFolder,
      recreate,
      owner,
      clock,
      random,
      logger,
      sessionRecord: records && ownSessionRecord({ records, identity, configUrl: target.url, owner, logger }),
      beforeReopen: (options) => probes.take(options),
    });
    return new SlottedService(service, { user: this, slots, clock, random });
  }
}

function problemOf(code: Problem["code"], error: unknown, remedy: string): Problem {
  return { code, level: "error", message: error instanceof Error ? error.message : String(error), remedy };
}

function waitsForSlot(limit: number | undefined): Problem {
  return {
    code: "no-slot",
    level: "notice",
    message: `this daemon works for ${limit} scale sets already (limits.maxScaleSets): this one is left to another daemon`,
    remedy: "run another daemon, or raise limits.maxScaleSets",
  };
}
