import type { MemoryHostOptions } from "@scaleset/provisioner/testing";
import { type Clock, type Random, runSimulatedRunner, type Simulator } from "@scaleset/simulator";

/** What makes a host in memory a place for the simulator's runners: each instance is one, and takes its time. */
export function memoryRunners(world: {
  readonly simulator: Simulator;
  readonly clock: Clock;
  readonly random: Random;
}): Pick<MemoryHostOptions, "latencies" | "onStart"> {
  const { simulator, clock, random } = world;
  return {
    latencies: { create: [20, 400], start: [10, 200], destroy: [10, 300], list: [5, 50] },
    onStart: async (_name, jitConfig, { signal, killed }) =>
      await runSimulatedRunner({
        jitConfig,
        fetch: simulator.fetch,
        clock,
        random,
        signal,
        kill: killed,
        // As every provisioner sets it.
        returnVersionDeprecatedExitCode: true,
      }),
  };
}
