import { Secret } from "@scaleset/client";
import { type Backend, defineProvisioner, type Provisioner } from "@scaleset/provisioner";
import { MemoryHost } from "@scaleset/provisioner/testing";
import {
  createSimulator,
  type Random,
  runSimulatedRunner,
  type Simulator,
  seededRandom,
  VirtualClock,
} from "@scaleset/simulator";
import { onTestFinished } from "vitest";
import type { AutoscalerConfig, ScaleSetConfig, TargetConfig } from "../../src/config/config.js";
import { defaultTimings } from "../../src/core/settings.js";
import { type Autoscaler, createAutoscaler } from "../../src/daemon.js";

/** Simulator, host and daemons under one virtual clock. */
export interface Here {
  readonly clock: VirtualClock;
  readonly simulator: Simulator;
  readonly host: MemoryHost;
  /** Puts the target of an organization together. */
  target(organization: string): TargetConfig;
  config(scaleSets: readonly Partial<ScaleSetConfig>[], some?: Partial<AutoscalerConfig>): AutoscalerConfig;
  start(config: AutoscalerConfig, ports?: Ports): Running;
  /** Lets time pass until it holds; fails when that takes longer than a virtual hour. */
  until(holds: () => boolean, limitMs?: number): Promise<void>;
  live(set: string): number;
}

export interface Ports {
  readonly provisioners?: readonly Provisioner[];
  /** Sees every request of this daemon. */
  readonly onRequest?: (request: { readonly method: string; readonly url: string; readonly status: number }) => void;
}

export interface Running {
  readonly autoscaler: Autoscaler;
  /** What `run` came to, once it has ended. */
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
  readonly log: readonly string[];
}

export function virtual(seed = 1): Here {
  const clock = new VirtualClock();
  const chance = (part: string): Random => seededRandom(`${seed}:${part}`);
  const simulator = createSimulator({ clock, random: chance("service") });
  const runnerChance = chance("runners");
  const host = new MemoryHost({
    clock,
    random: chance("host"),
    latencies: { create: [20, 200], start: [10, 100], destroy: [10, 100], list: [5, 20] },
    onStart: (_name, jitConfig, { signal, killed }) =>
      runSimulatedRunner({ jitConfig, fetch: simulator.fetch, clock, random: runnerChance, signal, kill: killed }),
  });
  const targets = new Map<string, TargetConfig>();
  const target = (organization: string): TargetConfig => {
    const made: TargetConfig = targets.get(organization) ?? {
      url: simulator.configUrl(organization),
      credentials: { kind: "token", token: new Secret(simulator.token) },
    };
    targets.set(organization, made);
    return made;
  };
  let daemons = 0;
  return {
    clock,
    simulator,
    host,
    target,
    config: (scaleSets, some = {}) => ({
      github: target("my-org"),
      owner: "daemon-1",
      stateFolder: "/nowhere",
      baseFolder: "/nowhere",
      log: { level: "debug", format: "json" },
      limits: { launchConcurrency: 10 },
      timings: defaultTimings,
      scaleSets: scaleSets.map((set) => scaleSetOf(set)),
      ...some,
    }),
    start: (config, ports = {}) => {
      daemons += 1;
      return start({ clock, simulator, host, random: chance(`daemon ${daemons}`) }, config, ports);
    },
    until: (holds, limitMs = 3_600_000) => clock.runUntil(holds, { limitMs }),
    live: (set) =>
      host.instances().filter(({ name, state }) => name.startsWith(`${set}-`) && state !== "exited").length,
  };
}

/** A scale set of the memory backend, with defaults for what is left out. */
export function scaleSetOf(set: Partial<ScaleSetConfig>): ScaleSetConfig {
  const name = set.name ?? "linux";
  return {
    name,
    labels: [name],
    runnerGroup: "default",
    minRunners: 0,
    maxRunners: 10,
    disableUpdate: false,
    namePrefix: name,
    workFolder: "_work",
    provisioner: { kind: "memory", options: {} },
    ...set,
  };
}

function start(
  world: {
    readonly clock: VirtualClock;
    readonly simulator: Simulator;
    readonly host: MemoryHost;
    readonly random: Random;
  },
  config: AutoscalerConfig,
  { provisioners, onRequest }: Ports,
): Running {
  const { clock, simulator, host, random } = world;
  const log: string[] = [];
  const note =
    (level: string) =>
    (data: object, message: string): void =>
      void log.push(`${level} ${message} ${JSON.stringify(data)}`);
  const memory = memoryKind("memory", async () => host.open());
  const autoscaler = createAutoscaler(config, {
    fetch: async (url, init) => {
      const answer = await simulator.fetch(url, init);
      onRequest?.({ method: init?.method ?? "GET", url: String(url), status: answer.status });
      return answer;
    },
    clock,
    random,
    logger: { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") },
    provisioners: [memory, ...(provisioners ?? [])],
    env: {},
  });
  const stop = new AbortController();
  const ended = autoscaler.run({ signal: stop.signal }).then(
    () => undefined,
    (error: unknown) => error,
  );
  const end = async (): Promise<void> => {
    stop.abort(new Error("the test is over"));
    await clock.runUntilSettled(ended);
  };
  onTestFinished(end);
  return { autoscaler, ended, stop: end, log };
}

export function memoryKind(kind: string, open: () => Promise<Backend>): Provisioner {
  return defineProvisioner<unknown>({ kind, options: (z) => z.looseObject({}), open });
}
