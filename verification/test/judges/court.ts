import { type AutoscalerConfig, defaultTimings } from "@scaleset/autoscaler";
import { Secret } from "@scaleset/client";
import { MemoryHost } from "@scaleset/provisioner/testing";
import { type JournalEntry, type SessionView, seededRandom, VirtualClock } from "@scaleset/simulator";
import { Chronicle } from "../../src/worlds/chronicle.js";
import type { Asked } from "../../src/worlds/request.js";
import { Tally } from "../../src/worlds/tally.js";
import { Troubles } from "../../src/worlds/troubles.js";
import { Facts } from "../../src/worlds/watch/facts.js";
import type { BackendCall, Broken, Check, Scene, WatchedDaemon } from "../../src/worlds/watch/scene.js";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

export interface CourtOptions {
  readonly sets?: readonly { readonly name: string; readonly maxRunners: number }[];
  readonly limit?: number;
  readonly maxInstances?: number;
  readonly daemons?: readonly string[];
  readonly observesExit?: boolean;
  /** What the newest polls of all sets announced, as the service has it. */
  readonly announced?: number;
  readonly timings?: Partial<typeof defaultTimings>;
}

/** One judge and a world that is made up, step by step: no daemon, no service. */
export class Court {
  readonly clock = new VirtualClock();
  readonly broken: Broken[] = [];
  readonly checked = new Set<string>();
  readonly troubles = new Troubles(() => this.clock.monotonic());
  readonly hosts: MemoryHost[];
  readonly daemons: WatchedDaemon[];
  readonly scene: Scene;
  readonly facts: Facts;
  readonly #checks: readonly Check[];
  #messages = 0;

  constructor(judge: (scene: Scene) => Check | readonly Check[], options: CourtOptions = {}) {
    const { clock } = this;
    const {
      sets = [{ name: "set-a", maxRunners: 4 }],
      daemons = ["daemon-1"],
      maxInstances = Number.POSITIVE_INFINITY,
    } = options;
    this.hosts = daemons.map(
      () => new MemoryHost({ clock, random: seededRandom("court"), observesExit: options.observesExit ?? true }),
    );
    this.daemons = daemons.map((name, index) => fakeDaemon(name, this.#host(index), sets, options));
    const names = sets.map(({ name }) => name);
    const simulator = {
      state: () => ({
        nowMs: clock.now(),
        scaleSets: names.map((name, index) => ({
          id: index + 1,
          name,
          scope: "my-org",
          runnerGroupId: 1,
          labels: [name],
          statistics: {
            totalAvailableJobs: 0,
            totalAcquiredJobs: 0,
            totalAssignedJobs: 0,
            totalRunningJobs: 0,
            totalRegisteredRunners: 0,
            totalBusyRunners: 0,
            totalIdleRunners: 0,
          },
          session: sessionOf(options.announced),
          unacknowledgedMessages: 0,
        })),
        jobs: { queued: 0, available: 0, assigned: 0, running: 0, waiting: 0, completed: 0, stranded: 0 },
        runners: [],
      }),
      job: () => undefined,
      violations: () => [],
    };
    this.facts = new Facts(simulator, () => clock.monotonic(), this.hosts);
    this.scene = {
      clock,
      simulator,
      hosts: this.hosts,
      daemons: this.daemons,
      chronicle: new Chronicle(() => clock.monotonic()),
      tally: new Tally(),
      facts: this.facts,
      checked: (name) => void this.checked.add(name),
      broke: (invariant, message, about = {}) =>
        void this.broken.push({ invariant, message, about, atMs: clock.monotonic() }),
      countsOffline: false,
      troubles: this.troubles,
      maxInstances,
      launchConcurrency: 10,
    };
    this.#checks = [judge(this.scene)].flat();
    for (const id of names.keys()) this.entry({ subject: "scale-set", event: "created", scaleSetId: id + 1 });
  }

  get invariants(): string[] {
    return this.broken.map(({ invariant }) => invariant);
  }

  /** Time passes; judges look every 5 s. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 5_000) {
      await this.clock.runFor(Math.min(5_000, left));
      for (const check of this.#checks) check.look?.();
    }
  }

  entry(more: Pick<JournalEntry, "subject" | "event"> & Partial<JournalEntry>): void {
    const entry: JournalEntry = { seq: 0, atMs: this.clock.now(), cause: "", ...more };
    this.facts.entry(entry);
    for (const check of this.#checks) check.entry?.(entry);
  }

  ask(asked: Asked, by = 0): void {
    const daemon = this.#daemon(by);
    this.facts.asked(daemon, asked);
    for (const check of this.#checks) check.asked?.(daemon, asked);
  }

  answer(asked: Asked, status: number, body?: unknown, by = 0): void {
    const daemon = this.#daemon(by);
    const answer = { status, body: body === undefined ? undefined : JSON.stringify(body) };
    this.facts.answered(daemon, asked, answer);
    this.facts.over(daemon, asked);
    for (const check of this.#checks) {
      check.answered?.(daemon, asked, answer);
      check.over?.(daemon, asked);
    }
  }

  /** It ended without an answer. */
  unanswered(asked: Asked, by = 0): void {
    const daemon = this.#daemon(by);
    this.facts.over(daemon, asked);
    for (const check of this.#checks) check.over?.(daemon, asked);
  }

  /** A request and its answer, at once. */
  call(asked: Asked, status: number, body?: unknown, by = 0): void {
    this.ask(asked, by);
    this.answer(asked, status, body, by);
  }

  open(by = 0, scaleSetId = 1): void {
    this.call({ kind: "open", scaleSetId }, 200, { messageQueueUrl: "https://queue", statistics: {} }, by);
  }

  refused(message: string, by = 0): void {
    this.call({ kind: "open", scaleSetId: 1 }, 409, { message }, by);
  }

  poll(capacity: number, by = 0, scaleSetId = 1): void {
    this.call({ kind: "poll", scaleSetId, capacity }, 202, undefined, by);
  }

  message(jobs: readonly object[], statistics: object = {}, by = 0): number {
    this.#messages += 1;
    const asked: Asked = { kind: "poll", scaleSetId: 1, capacity: 4 };
    this.call(asked, 200, { messageId: this.#messages, statistics, body: JSON.stringify(jobs) }, by);
    return this.#messages;
  }

  refresh(running: number, by = 0): void {
    const body = { messageQueueUrl: "https://queue", statistics: { totalRunningJobs: running } };
    this.call({ kind: "refresh", scaleSetId: 1 }, 200, body, by);
  }

  decide(scaleSet = "set-a", by = 0): void {
    this.facts.decided(this.#daemon(by), { scaleSet });
  }

  began(operation: BackendCall["operation"], name: string, by = 0): void {
    for (const check of this.#checks) check.began?.(this.#daemon(by), { operation, name });
    this.facts.began(this.#daemon(by), { operation, name });
  }

  ended(operation: BackendCall["operation"], name: string, error?: unknown, by = 0): void {
    this.facts.ended(this.#daemon(by), { operation, name }, error);
    for (const check of this.#checks) check.ended?.(this.#daemon(by), { operation, name }, error);
  }

  /** A whole launch, as the ports show it. */
  launch(name: string, { by = 0, runnerId = 1, scaleSetId = 1, online = true } = {}): void {
    const daemon = this.#daemon(by);
    this.began("create", name, by);
    const identity = daemon.identityOf(daemon.setOf(name) ?? "");
    this.#host(by).make({ name, labels: { schema: 1, identity, owner: daemon.name, spec: "s" } });
    this.ended("create", name, undefined, by);
    this.call({ kind: "jit", scaleSetId, runnerName: name }, 200, { encodedJITConfig: "jit" }, by);
    const about = { runnerId, runnerName: name, scaleSetId };
    this.entry({ subject: "runner", event: "registered", ...about });
    this.began("start", name, by);
    this.#host(by).run(name, "jit");
    this.ended("start", name, undefined, by);
    if (online) this.entry({ subject: "runner", event: "online", ...about });
  }

  /** A whole list that shows these. */
  list(names: readonly string[] = [], by = 0): void {
    this.facts.listed(this.#daemon(by), new Set(names), this.clock.monotonic());
  }

  #daemon(by: number): WatchedDaemon {
    const daemon = this.daemons[by];
    if (daemon === undefined) throw new Error(`there is no daemon ${by}`);
    return daemon;
  }

  #host(index: number): MemoryHost {
    const host = this.hosts[index];
    if (host === undefined) throw new Error(`there is no host ${index}`);
    return host;
  }
}

function sessionOf(capacity: number | undefined): SessionView | undefined {
  if (capacity === undefined) return undefined;
  return { sessionId: "s", ownerName: "daemon-1", capacity, openedAtMs: 0, lastSeenAtMs: 0, polling: true };
}

function fakeDaemon(
  name: string,
  host: MemoryHost,
  sets: NonNullable<CourtOptions["sets"]>,
  { limit, timings = {} }: CourtOptions,
): WatchedDaemon {
  const config: AutoscalerConfig = {
    github: { url: "https://localhost/my-org", credentials: { kind: "token", token: new Secret("t") } },
    owner: name,
    stateFolder: "/nowhere",
    baseFolder: "/nowhere",
    log: { level: "debug", format: "json" },
    limits: { launchConcurrency: 10, ...(limit !== undefined && { maxRunners: limit }) },
    timings: { ...defaultTimings, ...timings },
    scaleSets: sets.map((set) => ({
      ...set,
      labels: [set.name],
      runnerGroup: "default",
      minRunners: 0,
      disableUpdate: false,
      namePrefix: set.name,
      workFolder: "_work",
      provisioner: { kind: "memory", options: {} },
    })),
  };
  return {
    name,
    path: "my-org",
    host,
    up: true,
    config,
    settled: true,
    identities: new Set(sets.map((set) => `id of ${set.name}`)),
    identityOf: (scaleSet) => `id of ${scaleSet}`,
    setOf: (instance) => sets.find((set) => instance.startsWith(`${set.name}-`))?.name,
    maxRunners: (scaleSet) => sets.find((set) => set.name === scaleSet)?.maxRunners ?? 0,
    maxRunnersOfAll: () => sets.reduce((sum, { maxRunners }) => sum + maxRunners, 0),
    mostOfAll: () => limit ?? Number.POSITIVE_INFINITY,
    status: () => undefined,
  };
}
