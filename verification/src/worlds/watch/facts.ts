import type { MemoryHost } from "@scaleset/provisioner/testing";
import type { JournalEntry, Simulator } from "@scaleset/simulator";
import type { Asked } from "../request.js";
import type { Answered, DecisionEvent } from "./events.js";
import { JobBook } from "./job-book.js";
import { LaunchRecord } from "./launch-record.js";
import { Lease } from "./lease.js";
import { Registrations, type RunnerFact } from "./registrations.js";
import type { BackendCall, WatchedDaemon } from "./scene.js";

/** Two whole lists without an instance, so far apart, by a clock that may run fast. @unit milliseconds */
const LOST_MS = 30_000 * 0.994;

/** What is known of a world at this moment, from its ports alone: requests and answers, calls of backends, the journal. */
export class Facts {
  /** Names of scale sets by id, also of those that are gone. */
  readonly setNames = new Map<number, string>();
  /** Paths of their config URLs. */
  readonly setPaths = new Map<number, string>();
  /** Busy runners that were ended by a limit that somebody set. */
  readonly forced = new Set<string>();
  /** Instances that vanished with their record. */
  readonly lost = new Set<string>();
  /**
   * Those of them whose registration no daemon remembers either, since it died as well: nobody can find it again, and
   * the service drops it after a day.
   */
  readonly forgotten = new Set<string>();
  /** Whose daemon made an instance. */
  readonly owners = new Map<string, string>();
  readonly jobs = new JobBook();
  readonly launches: LaunchRecord;
  /** How often a scale set went away. */
  setsVanished = 0;
  readonly #simulator: Pick<Simulator, "state">;
  readonly #now: () => number;
  readonly #hosts: readonly MemoryHost[];
  readonly #registrations = new Registrations();
  /** Instances that live and that the newest lists of a daemon do not show. */
  readonly #missed = new Map<
    WatchedDaemon,
    ReadonlyMap<string, { readonly firstMs: number; readonly lastMs: number }>
  >();
  readonly #leases = new Map<WatchedDaemon, Map<string, Lease>>();

  constructor(simulator: Pick<Simulator, "state">, now: () => number, hosts: readonly MemoryHost[]) {
    this.#simulator = simulator;
    this.#now = now;
    this.#hosts = hosts;
    this.launches = new LaunchRecord(now);
  }

  get byName(): ReadonlyMap<string, RunnerFact> {
    return this.#registrations.byName;
  }

  get byId(): ReadonlyMap<number, RunnerFact> {
    return this.#registrations.byId;
  }

  /** A daemon knows nothing when it starts. */
  born(daemon: WatchedDaemon): void {
    for (const name of this.lost) this.forgotten.add(name);
    this.lost.clear();
    this.#leases.set(daemon, new Map());
    this.#missed.delete(daemon);
    this.launches.born(daemon);
  }

  /** What the present life of a daemon was answered about a scale set. */
  lease(daemon: WatchedDaemon, scaleSet: string): Lease {
    const of = this.#leases.get(daemon) ?? new Map<string, Lease>();
    this.#leases.set(daemon, of);
    const known = of.get(scaleSet);
    if (known !== undefined) return known;
    const fresh = new Lease(daemon, scaleSet, {
      now: this.#now,
      alive: (lease) => this.#alive(lease),
      works: (runner) => this.byName.get(runner)?.job !== undefined,
    });
    of.set(scaleSet, fresh);
    return fresh;
  }

  setName(id: number): string {
    return this.setNames.get(id) ?? `set ${id}`;
  }

  /** Runners whose instance vanished and whose registration is there: while their jobs count as running they take up places. */
  lostAndRegistered(daemon: WatchedDaemon, scaleSet: string): number {
    let count = 0;
    for (const name of this.lost) {
      const runner = this.byName.get(name);
      if (runner?.registered && this.keyOf(runner.scaleSetId) === `${daemon.path}/${scaleSet}`) count += 1;
    }
    return count;
  }

  /** What names a scale set through all its ids. */
  keyOf(id: number): string {
    return `${this.setPaths.get(id)}/${this.setName(id)}`;
  }

  asked(daemon: WatchedDaemon, asked: Asked): void {
    if ("scaleSetId" in asked) this.lease(daemon, this.setName(asked.scaleSetId)).asked(asked);
    const runner = asked.kind === "remove" ? this.byId.get(asked.runnerId) : undefined;
    if (runner !== undefined) runner.removalAsked = true;
  }

  answered(daemon: WatchedDaemon, asked: Asked, answer: Answered): void {
    this.launches.answered(daemon, asked, answer);
    if (asked.kind === "remove" || asked.kind === "look-up") {
      this.#aboutRunner(daemon, asked, answer);
    } else if ("scaleSetId" in asked && asked.kind !== "jit" && asked.kind !== "close") {
      this.lease(daemon, this.setName(asked.scaleSetId)).answered(asked, answer);
    }
  }

  /** The request has ended, with an answer or without one. */
  over(daemon: WatchedDaemon, asked: Asked): void {
    this.launches.over(daemon, asked);
  }

  began(daemon: WatchedDaemon, call: BackendCall): void {
    if (call.operation === "create" && !this.owners.has(call.name)) this.owners.set(call.name, daemon.name);
    this.launches.began(daemon, call);
  }

  ended(daemon: WatchedDaemon, call: BackendCall, error: unknown): void {
    this.launches.ended(daemon, call, error);
  }

  /** A whole list, as it reached a daemon: what lives and is not in it. */
  listed(daemon: WatchedDaemon, names: ReadonlySet<string>, begunMs: number): void {
    this.launches.listed(daemon, names);
    const before = this.#missed.get(daemon);
    const missed = new Map<string, { readonly firstMs: number; readonly lastMs: number }>();
    for (const { name } of daemon.host.instances()) {
      if (!names.has(name)) missed.set(name, { firstMs: before?.get(name)?.firstMs ?? begunMs, lastMs: begunMs });
    }
    this.#missed.set(daemon, missed);
  }

  /** Whether lists begun 30 s apart did not show a daemon that instance: it counts as exited (lifecycle.md §2). */
  isLostTo(daemon: WatchedDaemon, name: string): boolean {
    const { firstMs, lastMs } = this.#missed.get(daemon)?.get(name) ?? { firstMs: 0, lastMs: 0 };
    return lastMs - firstMs >= LOST_MS;
  }

  decided(daemon: WatchedDaemon, { scaleSet }: Pick<DecisionEvent, "scaleSet">): void {
    this.lease(daemon, scaleSet).decisions += 1;
  }

  entry(entry: JournalEntry): void {
    const { subject, event, scaleSetId } = entry;
    if (subject === "scale-set" && scaleSetId !== undefined) {
      if (event === "created") {
        const set = this.#simulator.state().scaleSets.find(({ id }) => id === scaleSetId);
        this.setNames.set(scaleSetId, `${set?.name}`);
        this.setPaths.set(scaleSetId, `${set?.scope}`);
      }
      if (event === "deleted") this.setsVanished += 1;
    }
    this.#registrations.entry(entry, this.#now());
    this.jobs.entry(entry, {
      nowMs: this.#now(),
      keyOf: (id) => this.keyOf(id),
      announced: (id) => this.#simulator.state().scaleSets.find((set) => set.id === id)?.session?.capacity,
    });
  }

  *#alive({ daemon, scaleSet }: Lease): Iterable<string> {
    const identity = daemon.identityOf(scaleSet);
    for (const host of this.#hosts) {
      for (const { name, labels, state } of host.instances()) {
        if (state === "started" && labels.identity === identity) yield name;
      }
    }
  }

  #aboutRunner(
    daemon: WatchedDaemon,
    asked: Extract<Asked, { kind: "remove" | "look-up" }>,
    { status, body }: Answered,
  ): void {
    const byName = asked.kind === "look-up" && asked.runnerName !== undefined;
    const runner = byName ? this.byName.get(asked.runnerName ?? "") : this.byId.get(asked.runnerId ?? -1);
    if (runner === undefined) return;
    const lease = this.lease(daemon, this.setName(runner.scaleSetId));
    if (status === 404 || (status === 200 && byName && /"count":\s*0/.test(body ?? ""))) {
      runner.absentAnswered = true;
      lease.about(runner.name, "absent");
    } else if (asked.kind === "remove" && status >= 200 && status < 300) runner.removalAnswered = true;
    else if (asked.kind === "remove" && status === 400) lease.about(runner.name, "busy");
    else if (status === 200) lease.about(runner.name, "there");
  }
}
