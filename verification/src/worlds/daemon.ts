import {
  type Autoscaler,
  type AutoscalerConfig,
  type AutoscalerPorts,
  type AutoscalerStatus,
  createAutoscaler,
  identityOf,
} from "@scaleset/autoscaler";
import type { FetchLike, Logger } from "@scaleset/client";
import { defineProvisioner } from "@scaleset/provisioner";
import type { MemoryBackend, MemoryHost } from "@scaleset/provisioner/testing";
import type { Random, VirtualClock } from "@scaleset/simulator";
import { type BackendHooks, guardedBackend } from "./guarded-backend.js";
import { type LineHooks, ServiceLine } from "./line.js";
import { type PauseKind, ProcessClock, type Skew } from "./process-clock.js";
import { type SessionMemory, StateFolder } from "./state-folder.js";

type Observer = NonNullable<AutoscalerPorts["observer"]>;

/** What a world wants to know of a daemon, and may do to it. */
export interface DaemonHooks {
  asked: LineHooks["asked"];
  answered: LineHooks["answered"];
  over: LineHooks["over"];
  began: BackendHooks["began"];
  ended: NonNullable<BackendHooks["ended"]>;
  listed: NonNullable<BackendHooks["listed"]>;
  /** A JIT config is handed to the backend. */
  jitHandedOver(name: string, jitConfig: object): void;
  destroyDelayMs(): number;
  decided: NonNullable<Observer["onDecision"]>;
  commanded: NonNullable<Observer["onCommand"]>;
  logged(level: keyof Logger, message: string, data: object): void;
  /** It ended, and nobody had asked it to. */
  endedUnasked(error: unknown): void;
}

export interface DaemonOptions {
  readonly name: string;
  /** Of its config URL. */
  readonly path: string;
  readonly clock: VirtualClock;
  readonly chance: (part: string) => Random;
  readonly skew: Skew;
  readonly fetch: FetchLike;
  readonly latencyMs: readonly [number, number];
  readonly host: MemoryHost;
  readonly hooks: DaemonHooks;
}

/** What was under way when the configuration changed has come to its end by then. @unit milliseconds */
const SETTLED_MS = 90_000;

interface Life {
  readonly clock: ProcessClock;
  readonly line: ServiceLine;
  readonly backends: MemoryBackend[];
  readonly autoscaler: Autoscaler;
  readonly stop: AbortController;
  readonly running: Promise<void>;
  /** Resolves when it is killed: what it was doing never ends. */
  readonly died: Promise<void>;
  readonly die: () => void;
  dead: boolean;
}

/** The real daemon, again and again: each life is a process of its own, that knows nothing of the one before. */
export class Daemon {
  readonly name: string;
  readonly path: string;
  readonly host: MemoryHost;
  /** What outlives its lives. */
  readonly stateFolder = new StateFolder();
  readonly #options: DaemonOptions;
  #config: AutoscalerConfig;
  #previous: AutoscalerConfig;
  #changedMs = Number.NEGATIVE_INFINITY;
  readonly #identities = new Set<string>();
  readonly #identityOf = new Map<string, string>();
  readonly #prefixes: { readonly name: string; readonly namePrefix: string }[] = [];
  #life: Life | undefined;
  #lives = 0;
  /** How far its machine's wall clock jumped. */
  #jumpedMs = 0;
  /** It dies after so many moments more. */
  #momentsLeft = Number.POSITIVE_INFINITY;

  constructor(options: DaemonOptions, config: AutoscalerConfig) {
    this.name = options.name;
    this.host = options.host;
    this.path = options.path;
    this.#options = options;
    this.#config = config;
    this.#previous = config;
    this.configure(config);
  }

  get up(): boolean {
    return this.#life !== undefined;
  }

  get config(): AutoscalerConfig {
    return this.#config;
  }

  /** Of the scale sets that it is told to run, now and before. */
  get identities(): ReadonlySet<string> {
    return this.#identities;
  }

  identityOf(scaleSet: string): string {
    const known = this.#identityOf.get(scaleSet);
    if (known !== undefined) return known;
    const identity = identityOf({ configUrl: this.#config.github?.url ?? "", runnerGroup: "default", name: scaleSet });
    this.#identityOf.set(scaleSet, identity);
    return identity;
  }

  /** The scale set of an instance, by its name. */
  setOf(instance: string): string | undefined {
    return this.#prefixes.find(({ namePrefix }) => instance.startsWith(`${namePrefix}-`))?.name;
  }

  /** The maximum of a scale set, or the one before where that was changed a moment ago. */
  maxRunners(scaleSet: string): number {
    const most = ({ scaleSets }: AutoscalerConfig): number =>
      scaleSets.find(({ name }) => name === scaleSet)?.maxRunners ?? 0;
    return Math.max(most(this.#config), this.settled ? 0 : most(this.#previous));
  }

  /** Whether what it works by was not changed a moment ago. */
  get settled(): boolean {
    return this.#options.clock.monotonic() - this.#changedMs > SETTLED_MS;
  }

  /** The most runners of all its scale sets together; `Infinity` without such a limit. */
  mostOfAll(): number {
    return this.#config.limits.maxRunners ?? Number.POSITIVE_INFINITY;
  }

  maxRunnersOfAll(): number {
    return this.#config.scaleSets.reduce((sum, { maxRunners }) => sum + maxRunners, 0);
  }

  /** Its own monotonic time. */
  now(): number {
    return this.#life?.clock.monotonic() ?? 0;
  }

  status(): AutoscalerStatus | undefined {
    return this.#life?.autoscaler.status();
  }

  /** Takes another configuration at its next start. */
  configure(config: AutoscalerConfig): void {
    this.#previous = this.#config;
    this.#config = config;
    this.#changedMs = this.#options.clock.monotonic();
    for (const { name, namePrefix } of config.scaleSets) {
      if (this.#identities.has(this.identityOf(name))) continue;
      this.#identities.add(this.identityOf(name));
      this.#prefixes.push({ name, namePrefix });
    }
  }

  /** Works by another configuration from now on. */
  async reload(config: AutoscalerConfig): Promise<void> {
    this.configure(config);
    const life = this.#life;
    if (life === undefined) return;
    await Promise.race([life.clock.over(), life.died]);
    if (!life.dead) await life.autoscaler.reload(config);
  }

  /** SIGHUP, as far as launches go. Whether any of them were refused. */
  retryLaunches(): boolean {
    const sets = (this.pausedAs === undefined && this.status()?.scaleSets) || [];
    const refused = sets.some(({ problems }) => problems.some(({ code }) => code === "launch-refused"));
    if (refused) this.#life?.autoscaler.retryLaunches();
    return refused;
  }

  start(): void {
    if (this.#life !== undefined) return;
    this.#lives += 1;
    this.#momentsLeft = Number.POSITIVE_INFINITY;
    const { name, chance, skew, fetch, latencyMs, host, hooks } = this.#options;
    const clock = new ProcessClock(this.#options.clock, {
      rate: skew.rate,
      aheadMs: () => skew.aheadMs + this.#jumpedMs,
    });
    const alive = (): boolean => !life.dead;
    const moment = (): void => this.#moment(life);
    const line = new ServiceLine({
      fetch,
      clock: this.#options.clock,
      random: chance(`${name}:line:${this.#lives}`),
      latencyMs,
      pause: clock,
      hooks: { asked: hooks.asked, answered: hooks.answered, over: hooks.over, moment },
    });
    const backends: MemoryBackend[] = [];
    const memory = defineProvisioner({
      kind: "memory",
      options: (z) => z.strictObject({}),
      open: async () => {
        const backend = host.open();
        backends.push(backend);
        const { began, ended, listed, destroyDelayMs, jitHandedOver } = hooks;
        const watched = { began, ended, listed, destroyDelayMs, jitHandedOver, alive, moment, pause: clock };
        return guardedBackend(backend, watched);
      },
    });
    const ports = {
      sessionRecords: this.stateFolder.open(alive),
      fetch: line.fetch,
      clock,
      random: chance(`${name}:${this.#lives}`),
      logger: loggerTo((level, message, data) => {
        if (alive()) hooks.logged(level, message, data);
      }),
      provisioners: [memory],
      observer: {
        onDecision: (event) => {
          if (alive()) hooks.decided(event);
        },
        onCommand: (event) => {
          if (alive()) hooks.commanded(event);
        },
      },
      env: {},
    } satisfies AutoscalerPorts & { readonly sessionRecords: SessionMemory };
    const autoscaler = createAutoscaler(this.#config, ports);
    const stop = new AbortController();
    let die = (): void => {};
    const died = new Promise<void>((resolve) => {
      die = resolve;
    });
    const life: Life = { clock, line, backends, autoscaler, stop, dead: false, died, die, running: Promise.resolve() };
    this.#life = life;
    const over = (error: unknown): void => {
      if (life.dead || stop.signal.aborted) return;
      hooks.endedUnasked(error);
    };
    const running = autoscaler.run({ signal: stop.signal }).then(() => over(undefined), over);
    Object.assign(life, { running });
  }

  /** Stops its process, or puts its machine to sleep, until it is resumed. Whether there was a process that ran. */
  pause(kind: PauseKind): boolean {
    if (this.#life === undefined || this.pausedAs !== undefined) return false;
    this.#life.clock.pause(kind);
    return true;
  }

  resume(): void {
    this.#life?.clock.resume();
  }

  /** How its process is paused; undefined while it runs, or is down. */
  get pausedAs(): PauseKind | undefined {
    return this.#life?.clock.kind;
  }

  /** The wall clock of its machine jumps, and back by the negative. @unit milliseconds */
  jumpClock(ms: number): void {
    this.#jumpedMs += ms;
  }

  /** SIGTERM: resolves once it has ended, with whether it came to its end, or was killed on the way. */
  async stop(): Promise<boolean> {
    const life = this.#life;
    if (life === undefined) return true;
    // A stopped process takes no signal before it runs again.
    await Promise.race([life.clock.over(), life.died]);
    if (life.dead) return false;
    life.stop.abort(new Error("SIGTERM"));
    await Promise.race([life.running, life.died]);
    if (this.#life === life) this.#life = undefined;
    return !life.dead;
  }

  /** SIGKILL: from now on nothing it does counts, and nothing answers it. */
  crash(): void {
    const life = this.#life;
    if (life === undefined) return;
    life.dead = true;
    life.clock.die();
    life.die();
    this.#life = undefined;
    life.line.cut();
    for (const backend of life.backends) backend.crash();
  }

  /** SIGKILL when it has asked or been answered so many times more. */
  crashAfter(moments: number): void {
    this.#momentsLeft = moments;
  }

  /** Whether a crash that was ordered has not come yet. */
  get doomed(): boolean {
    return this.#life !== undefined && this.#momentsLeft !== Number.POSITIVE_INFINITY;
  }

  #moment(life: Life): void {
    if (life.dead || life !== this.#life) return;
    this.#momentsLeft -= 1;
    if (this.#momentsLeft <= 0) this.crash();
  }
}

function loggerTo(note: DaemonHooks["logged"]): Logger {
  const at =
    (level: keyof Logger) =>
    (data: object, message: string): void =>
      note(level, message, data);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
