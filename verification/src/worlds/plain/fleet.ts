import { type AutoscalerConfig, createAutoscaler, defaultTimings } from "@scaleset/autoscaler";
import { type Logger, Secret } from "@scaleset/client";
import { defineProvisioner } from "@scaleset/provisioner";
import { MemoryHost } from "@scaleset/provisioner/testing";
import type { Clock, Random, Simulator } from "@scaleset/simulator";
import { memoryRunners } from "../memory-runners.js";

export interface FleetOptions {
  readonly simulator: Simulator;
  /** What the host and its runners go by. */
  readonly clock: Clock;
  /** What the daemon goes by. @default the same */
  readonly daemonClock?: Clock | undefined;
  /** A source of chance for each part, so that one more draw in one of them leaves the others' as they are. */
  readonly chance: (part: string) => Random;
  readonly maxRunners: number;
  /** Gets the daemon's log. */
  readonly note: (line: string) => void;
}

export interface Fleet {
  instancesLeft(): number;
  /** Most runners that were live at once. */
  maxLive(): number;
  /** Stops the daemon, and waits for it. @throws Error when it had ended unasked */
  stop(): Promise<void>;
}

/** The real daemon with one scale set, and a host full of instances in memory, each a simulated runner. */
export function startFleet({ simulator, clock, daemonClock = clock, chance, maxRunners, note }: FleetOptions): Fleet {
  const host = new MemoryHost({
    clock,
    random: chance("host"),
    ...memoryRunners({ simulator, clock, random: chance("runners") }),
  });
  const memory = defineProvisioner({
    kind: "memory",
    options: (z) => z.strictObject({}),
    open: async () => host.open(),
  });
  const daemon = createAutoscaler(configOf(simulator, maxRunners), {
    fetch: simulator.fetch,
    clock: daemonClock,
    random: chance("daemon"),
    logger: loggerTo(note),
    provisioners: [memory],
    env: {},
  });
  const stop = new AbortController();
  let ended = false;
  const running = daemon.run({ signal: stop.signal }).finally(() => {
    ended = true;
  });
  return {
    instancesLeft: () => host.instances().length,
    maxLive: () => Math.max(0, ...daemon.status().scaleSets.map((set) => set.maxLive)),
    stop: async () => {
      if (ended) throw new Error("the daemon ended unasked");
      stop.abort();
      await running;
    },
  };
}

function configOf(simulator: Simulator, maxRunners: number): AutoscalerConfig {
  return {
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
    scaleSets: [
      {
        name: "linux-x64",
        labels: ["linux-x64"],
        runnerGroup: "default",
        minRunners: 0,
        maxRunners,
        disableUpdate: false,
        namePrefix: "linux-x64",
        workFolder: "_work",
        provisioner: { kind: "memory", options: {} },
      },
    ],
  };
}

function loggerTo(note: (line: string) => void): Logger {
  const at =
    (level: string) =>
    (data: object, message: string): void =>
      note(`daemon ${level} ${message} ${JSON.stringify(data)}`);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
