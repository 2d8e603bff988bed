import { type FetchLike, Secret } from "@scaleset/client";
import type { Backend } from "@scaleset/provisioner";
import { MemoryHost, type MemoryHostOptions } from "@scaleset/provisioner/testing";
import {
  createSimulator,
  type Random,
  runSimulatedRunner,
  type Simulator,
  type SimulatorOptions,
  seededRandom,
  VirtualClock,
} from "@scaleset/simulator";
import { onTestFinished } from "vitest";
import type { AutoscalerConfig, ScaleSetConfig } from "../../src/config/config.js";
import { defaultTimings } from "../../src/core/settings.js";
import { type Autoscaler, createAutoscaler } from "../../src/daemon.js";
import { memoryKind, scaleSetOf } from "../daemon/virtual.js";
import { StoppableClock } from "./stoppable-clock.js";

/** One request of a daemon, as it was answered. */
export interface SentRequest {
  readonly atMs: number;
  readonly method: string;
  readonly url: string;
  readonly status: number;
}

/** A daemon under virtual time. */
export interface RunningDaemon {
  readonly autoscaler: Autoscaler;
  /** What `run` came to, once it has ended. */
  readonly ended: Promise<unknown>;
  readonly log: readonly string[];
  readonly requests: readonly SentRequest[];
  /** Outcomes of commands: `seconds command name outcome`. */
  readonly commands: readonly string[];
  /** Stops the process (SIGSTOP), or its machine, and lets it go on. */
  readonly process: StoppableClock;
  /** SIGTERM. */
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly host?: MemoryHost;
  /** Whether stopping it puts its machine to sleep, too. @default false */
  readonly machineSleeps?: boolean;
  /** Of a request and its answer together. */
  readonly latencyMs?: number;
  /** Stands between the daemon and the service. */
  readonly fetch?: (url: string, init: Parameters<FetchLike>[1], next: () => Promise<Response>) => Promise<Response>;
  readonly backend?: (backend: Backend) => Backend;
}

/** A service, its hosts and daemons under one virtual clock. */
export function here(
  options: {
    readonly seed?: number;
    readonly simulator?: Partial<SimulatorOptions>;
    readonly host?: Partial<MemoryHostOptions>;
  } = {},
) {
  const clock = new VirtualClock();
  const chance = (part: string): Random => seededRandom(`${options.seed ?? 1}:${part}`);
  const simulator = createSimulator({ clock, random: chance("service"), ...options.simulator });
  const newHost = (index: number): MemoryHost =>
    new MemoryHost({
      clock,
      random: chance(`host${index}`),
      latencies: { create: [20, 60], start: [10, 50], destroy: [10, 100], list: [5, 20] },
      onStart: (name, jitConfig, { signal, killed }) =>
        runSimulatedRunner({
          jitConfig,
          fetch: simulator.fetch,
          clock,
          random: chance(`r${name}`),
          signal,
          kill: killed,
        }),
      ...options.host,
    });
  const hosts = [newHost(0), newHost(1)] as const;
  const [host] = hosts;
  const seconds = (): string => (clock.monotonic() / 1_000).toFixed(1);
  let daemons = 0;

  const start = (config: AutoscalerConfig, how: DaemonOptions = {}): RunningDaemon => {
    daemons += 1;
    const log: string[] = [];
    const requests: SentRequest[] = [];
    const commands: string[] = [];
    const stoppable = new StoppableClock(clock, { sleeps: how.machineSleeps ?? false });
    const note =
      (level: string) =>
      (data: object, message: string): void =>
        void log.push(`${seconds()} ${level} ${message} ${JSON.stringify(data).slice(0, 200)}`);
    const halfLatency = (): Promise<void> => clock.sleep((how.latencyMs ?? 0) / 2);
    const fetch: FetchLike = async (url, init) => {
      const next = (): Promise<Response> => simulator.fetch(url, init);
      await halfLatency();
      const answer = await (how.fetch === undefined ? next() : how.fetch(url, init, next));
      await halfLatency();
      await stoppable.wait();
      requests.push({ atMs: clock.monotonic(), method: init.method, url, status: answer.status });
      return answer;
    };
    const memory = memoryKind("memory", async () => {
      const backend = stoppableBackend((how.host ?? host).open(), stoppable);
      return how.backend?.(backend) ?? backend;
    });
    const autoscaler = createAutoscaler(config, {
      fetch,
      clock: stoppable,
      random: chance(`daemon ${daemons}`),
      logger: { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") },
      provisioners: [memory],
      env: {},
      observer: {
        onCommand: ({ command, outcome }) =>
          void commands.push(`${seconds()} ${command.type} ${command.name} ${outcome.type}`),
      },
    });
    const over = new AbortController();
    const ended = autoscaler.run({ signal: over.signal }).then(
      () => undefined,
      (error: unknown) => error,
    );
    const stop = async (): Promise<void> => {
      stoppable.resume();
      over.abort(new Error("SIGTERM"));
      await clock.runUntilSettled(ended);
    };
    onTestFinished(stop);
    return { autoscaler, ended, stop, log, process: stoppable, requests, commands };
  };

  // Something must tick for `runUntil` to see a time.
  void (async () => {
    for (;;) await clock.sleep(1_000);
  })();

  return {
    clock,
    simulator,
    host,
    hosts,
    start,
    config: (sets: readonly Partial<ScaleSetConfig>[], more: Partial<AutoscalerConfig> = {}): AutoscalerConfig => ({
      github: {
        url: simulator.configUrl("my-org"),
        credentials: { kind: "token", token: new Secret(simulator.token) },
      },
      owner: "daemon-1",
      stateFolder: "/nowhere",
      baseFolder: "/nowhere",
      log: { level: "debug", format: "json" },
      limits: { launchConcurrency: 10 },
      timings: defaultTimings,
      scaleSets: sets.map(scaleSetOf),
      ...more,
    }),
    pass: async (ms: number): Promise<void> => {
      const end = clock.monotonic() + ms;
      await clock.runUntil(() => clock.monotonic() >= end, { limitMs: ms + 60_000 });
    },
    until: (holds: () => boolean, limitMs = 3_600_000): Promise<void> => clock.runUntil(holds, { limitMs }),
  };
}

/** A stopped process learns nothing from its backend either. */
function stoppableBackend(backend: Backend, process: StoppableClock): Backend {
  const late = async <Result>(call: Promise<Result>): Promise<Result> => {
    const result = await call;
    await process.wait();
    return result;
  };
  return {
    capabilities: backend.capabilities,
    check: (call) => late(backend.check(call)),
    create: (spec, call) => late(backend.create(spec, call)),
    start: (name, jitConfig, call) => late(backend.start(name, jitConfig, call)),
    list: (call) => late(backend.list(call)),
    destroy: (name, call) => late(backend.destroy(name, call)),
    async *watch(call) {
      for await (const event of backend.watch(call)) {
        await process.wait();
        yield event;
      }
    },
    close: () => backend.close(),
  };
}

/** What became of the jobs, in numbers. */
export function counts(simulator: Simulator) {
  const { queued, open, succeeded, failed, cancelled, lost, twice, leaked, lapsed } = simulator.summary();
  return { queued, open, succeeded, failed, cancelled, lost, twice, leaked, lapsed };
}

/** Jobs of the same length for one label. */
export function jobs(count: number, minutes: number, label = "linux") {
  return Array.from({ length: count }, () => ({ runsOn: [label], durationMs: minutes * 60_000 }));
}
