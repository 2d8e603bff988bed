import { MemoryHost } from "@scaleset/autoscaler/testing";
import { type Random, runSimulatedRunner, type Simulator, type VirtualClock } from "@scaleset/simulator";
import type { Settings } from "./settings.js";

/** A machine, or a cloud: its runners are the simulator's, and its watch misses something now and then. */
export function newHost(
  settings: Settings,
  world: { clock: VirtualClock; simulator: Simulator; chance: (part: string) => Random; index: number },
): MemoryHost {
  const { clock, simulator, chance, index } = world;
  const random = chance(`runners:${index}`);
  return new MemoryHost({
    clock,
    random: chance(`host:${index}`),
    scope: settings.scope,
    observesExit: settings.observesExit,
    bootDeadlineMs: settings.bootDeadlineMs,
    eventLoss: 0.05,
    ...(settings.maxInstances === undefined ? {} : { maxInstances: settings.maxInstances }),
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
  });
}
