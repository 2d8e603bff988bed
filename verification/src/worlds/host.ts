import { MemoryHost } from "@scaleset/provisioner/testing";
import type { Random, Simulator, VirtualClock } from "@scaleset/simulator";
import { memoryRunners } from "./memory-runners.js";
import type { Settings } from "./settings.js";

/** A machine, or a cloud: its runners are the simulator's, and its watch misses something now and then. */
export function newHost(
  settings: Settings,
  world: { clock: VirtualClock; simulator: Simulator; chance: (part: string) => Random; index: number },
): MemoryHost {
  const { clock, simulator, chance, index } = world;
  return new MemoryHost({
    clock,
    random: chance(`host:${index}`),
    scope: settings.scope,
    observesExit: settings.observesExit,
    bootDeadlineMs: settings.bootDeadlineMs,
    eventLoss: 0.05,
    ...(settings.maxInstances === undefined ? {} : { maxInstances: settings.maxInstances }),
    ...memoryRunners({ simulator, clock, random: chance(`runners:${index}`) }),
  });
}
