import type { JournalEntry, Simulator } from "@scaleset/simulator";
import type { Daemon } from "../daemon.js";
import type { Asked } from "../request.js";
import type { Answered, CommandEvent, DecisionEvent } from "./events.js";

/** A registration, as the service's journal and the answers on the line tell of it. */
export interface RunnerFact {
  readonly id: number;
  readonly name: string;
  readonly scaleSetId: number;
  registered: boolean;
  /** Its scale set went away under it. */
  orphaned: boolean;
  /** The job that it works on. */
  job: number | undefined;
  /** A daemon was answered 204. */
  removalAnswered: boolean;
  /** When a daemon's present life was told that there is no such runner, by its own clock. */
  readonly absentAt: Map<Lease, number>;
}

/** What one life of a daemon has been told about one scale set's session. */
export interface Lease {
  readonly daemon: Daemon;
  readonly scaleSet: string;
  state: "none" | "held" | "standby" | "closed";
  /** When the daemon took its session for lost, by its own clock. */
  lostAt: number;
  /** Last answered call of the session, and last answered poll, by the daemon's own clock. */
  answeredAt: number;
  polledAt: number;
  decisions: number;
  /** When the backend refused its spec, or a right was missing; undefined once a launch begun since was well. */
  refusedAt: number | undefined;
  /** Rules that spoke in the newest decision. */
  rules: ReadonlySet<string>;
}

/** What is known of a world at this moment, kept up to date as things happen. */
export class Facts {
  readonly byName = new Map<string, RunnerFact>();
  readonly byId = new Map<number, RunnerFact>();
  /** Names of scale sets by id, also of those that are gone. */
  readonly setNames = new Map<number, string>();
  /** Paths of their config URLs. */
  readonly setPaths = new Map<number, string>();
  /** Rules that asked for the end of a runner that works, by name. */
  readonly forced = new Set<string>();
  /** When each launch began, by the daemon's own clock. */
  readonly launchedAt = new Map<string, number>();
  /** Instances that vanished with their record. */
  readonly lost = new Set<string>();
  /**
   * Those of them whose registration no daemon remembers either, since it died as well: nobody can find it again, and
   * the service drops it after a day.
   */
  readonly forgotten = new Set<string>();
  /** A scale set went away once. */
  setsVanished = 0;
  readonly #simulator: Simulator;
  #leases = new Map<Daemon, Map<string, Lease>>();

  constructor(simulator: Simulator) {
    this.#simulator = simulator;
  }

  /** A daemon knows nothing when it starts. */
  born(daemon: Daemon): void {
    for (const name of this.lost) this.forgotten.add(name);
    this.lost.clear();
    this.#leases.set(daemon, new Map());
  }

  lease(daemon: Daemon, scaleSet: string): Lease {
    const of = this.#leases.get(daemon) ?? new Map<string, Lease>();
    this.#leases.set(daemon, of);
    const known = of.get(scaleSet);
    if (known !== undefined) return known;
    const never = Number.NEGATIVE_INFINITY;
    const fresh: Lease = {
      daemon,
      scaleSet,
      state: "none",
      lostAt: never,
      answeredAt: never,
      polledAt: never,
      decisions: 0,
      refusedAt: undefined,
      rules: new Set(),
    };
    of.set(scaleSet, fresh);
    return fresh;
  }

  setName(id: number): string {
    return this.setNames.get(id) ?? `set ${id}`;
  }

  answered(daemon: Daemon, asked: Asked, { status, body }: Answered): void {
    const well = status >= 200 && status < 300;
    switch (asked.kind) {
      case "open":
      case "refresh":
      case "poll":
      case "acknowledge":
      case "acquire": {
        const lease = this.lease(daemon, this.setName(asked.scaleSetId));
        if (asked.kind === "open") {
          // A session of its own that outlived it holds nobody's right but its own.
          const another = status === 409 && body?.includes(`owner ${daemon.name}.`) !== true;
          lease.state = well ? "held" : another ? "standby" : "none";
        }
        if (!well) return;
        lease.answeredAt = daemon.now();
        if (asked.kind === "poll") lease.polledAt = daemon.now();
        return;
      }
      case "close":
        this.lease(daemon, this.setName(asked.scaleSetId)).state = "closed";
        return;
      case "remove":
      case "look-up": {
        const runner =
          asked.kind === "look-up" && asked.runnerName !== undefined
            ? this.byName.get(asked.runnerName)
            : this.byId.get(asked.runnerId ?? -1);
        if (runner === undefined) return;
        if (asked.kind === "remove" && well) runner.removalAnswered = true;
        const absent = status === 404 || (status === 200 && /"count":\s*0/.test(body ?? ""));
        const lease = this.lease(daemon, this.setName(runner.scaleSetId));
        if (absent && !runner.absentAt.has(lease)) runner.absentAt.set(lease, daemon.now());
        return;
      }
      default:
    }
  }

  logged(daemon: Daemon, message: string, scaleSet: string): void {
    if (message !== "the session was lost") return;
    const lease = this.lease(daemon, scaleSet);
    lease.state = "none";
    lease.lostAt = daemon.now();
  }

  decided(daemon: Daemon, { scaleSet, decision }: DecisionEvent): void {
    const lease = this.lease(daemon, scaleSet);
    lease.decisions += 1;
    lease.rules = new Set([...decision.reasons, ...decision.commands].map(({ rule }) => rule));
    for (const { command, rule } of decision.commands) {
      if (rule === "overdue" && command.type === "destroy") this.forced.add(command.name);
      if (command.type === "create") this.launchedAt.set(command.name, daemon.now());
    }
  }

  commanded(daemon: Daemon, { scaleSet, outcome }: CommandEvent): void {
    const lease = this.lease(daemon, scaleSet);
    const launchedAt = this.launchedAt.get(outcome.name) ?? 0;
    if (outcome.type === "start.done" && launchedAt > (lease.refusedAt ?? Number.POSITIVE_INFINITY)) {
      lease.refusedAt = undefined;
    }
    if (outcome.type !== "create.failed" && outcome.type !== "start.failed") return;
    if (outcome.kind === "rejected" || outcome.kind === "denied") lease.refusedAt = daemon.now();
  }

  entry(entry: JournalEntry): void {
    const { subject, event, scaleSetId, runnerId, runnerName } = entry;
    if (subject === "scale-set" && scaleSetId !== undefined) {
      if (event === "created") {
        const set = this.#simulator.state().scaleSets.find(({ id }) => id === scaleSetId);
        this.setNames.set(scaleSetId, `${set?.name}`);
        this.setPaths.set(scaleSetId, `${set?.scope}`);
      }
      if (event === "deleted") this.setsVanished += 1;
    }
    if (subject === "runner" && runnerId !== undefined && runnerName !== undefined && scaleSetId !== undefined) {
      if (event === "registered") {
        const runner: RunnerFact = {
          id: runnerId,
          name: runnerName,
          scaleSetId,
          registered: true,
          orphaned: false,
          job: undefined,
          removalAnswered: false,
          absentAt: new Map(),
        };
        this.byName.set(runnerName, runner);
        this.byId.set(runnerId, runner);
      }
      const runner = this.byId.get(runnerId);
      if (runner !== undefined && (event === "removed" || event === "orphaned")) {
        runner.registered = false;
        runner.orphaned ||= event === "orphaned";
      }
    }
    if (subject === "job" && runnerId !== undefined) {
      const runner = this.byId.get(runnerId);
      if (runner !== undefined && event === "started") runner.job = entry.job;
      if (runner !== undefined && (event === "completed" || event === "lapsed")) runner.job = undefined;
    }
  }
}
