import { type AutoscalerConfig, type AutoscalerPorts, createAutoscaler, defaultTimings } from "@scaleset/autoscaler";
import { realClock, realRandom, Secret } from "@scaleset/client";
import { defineProvisioner } from "@scaleset/provisioner";
import { MemoryHost, type MemoryHostOptions } from "@scaleset/provisioner/testing";

export interface InMemoryDaemon {
  readonly host: MemoryHost;
  run(signal: AbortSignal): Promise<void>;
  /** Whether every scale set has its session. */
  holdsAll(): boolean;
}

/** The whole daemon over a backend in memory, whose runners do what `onStart` says. */
export function inMemoryDaemon(options: {
  readonly url: string;
  readonly token: string;
  readonly names: readonly string[];
  readonly maxRunners: number;
  readonly launchConcurrency: number;
  readonly latencies: NonNullable<MemoryHostOptions["latencies"]>;
  readonly onStart: NonNullable<MemoryHostOptions["onStart"]>;
  readonly ports?: AutoscalerPorts;
}): InMemoryDaemon {
  const { latencies, onStart } = options;
  const host = new MemoryHost({ clock: realClock, random: realRandom, latencies, onStart });
  const memory = defineProvisioner({
    kind: "memory",
    options: (z) => z.strictObject({}),
    open: async () => host.open(),
  });
  const config: AutoscalerConfig = {
    github: { url: options.url, credentials: { kind: "token", token: new Secret(options.token) } },
    owner: "bench",
    stateFolder: "/nowhere",
    baseFolder: "/nowhere",
    log: { level: "error", format: "json" },
    // The pace that spares a real service is out of the way.
    limits: { launchConcurrency: options.launchConcurrency, requestsPerSecond: 10_000 },
    timings: defaultTimings,
    scaleSets: options.names.map((name) => ({
      name,
      labels: [name],
      runnerGroup: "default",
      minRunners: 0,
      maxRunners: options.maxRunners,
      disableUpdate: false,
      namePrefix: name,
      workFolder: "_work",
      provisioner: { kind: "memory", options: {} },
    })),
  };
  const daemon = createAutoscaler(config, { ...options.ports, provisioners: [memory], env: {} });
  return {
    host,
    run: (signal) => daemon.run({ signal }),
    holdsAll: () => {
      const { scaleSets } = daemon.status();
      return scaleSets.length === options.names.length && scaleSets.every(({ state }) => state === "holding");
    },
  };
}
