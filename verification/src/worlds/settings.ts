import { defaultTimings, type Timings } from "@scaleset/autoscaler";
import { type SimulatorOptions, seededRandom } from "@scaleset/simulator";
import type { Failure } from "./failures/failure.js";
import { dealtTo, type Kind, kinds, type WorldName, worldOf } from "./kinds.js";
import type { Skew } from "./process-clock.js";

export interface DaemonSettings {
  readonly name: string;
  /** Number of the host that it runs instances on. */
  readonly host: number;
  /** Path of its config URL: one of another organization is a stranger. */
  readonly path: string;
  readonly skew: Skew;
  readonly credentials: "token" | "app";
}

interface ScaleSetSettings {
  readonly name: string;
  readonly minRunners: number;
  readonly maxRunners: number;
}

/** Everything that is chosen about a world before it begins. */
export interface Settings {
  readonly world: WorldName;
  readonly seed: number;
  /** How long things go wrong, and jobs come. @unit milliseconds */
  readonly lastsMs: number;
  readonly scope: "host" | "shared";
  readonly observesExit: boolean;
  readonly bootDeadlineMs: number;
  readonly hosts: number;
  readonly maxInstances: number | undefined;
  readonly daemons: readonly DaemonSettings[];
  readonly scaleSets: readonly ScaleSetSettings[];
  readonly jobs: number;
  /** Shares of the jobs that are cancelled, and that are long. */
  readonly cancelled: number;
  readonly long: number;
  readonly timings: Timings;
  readonly launchConcurrency: number;
  /** Of all scale sets of a daemon together. */
  readonly maxRunners: number | undefined;
  readonly service: Pick<
    SimulatorOptions,
    | "assignment"
    | "offersBeyondAnnounced"
    | "mergeUndelivered"
    | "statisticsAt"
    | "countOfflineRunners"
    | "idleRunnerTtlMs"
    | "orphanedRunners"
    | "largeIds"
    | "refreshStatistics"
    | "refreshEndsPoll"
    | "refreshMovesQueue"
    | "assignedWithoutSession"
    | "acknowledgeInLostSession"
    | "conflictNamesOwner"
    | "deregistrationDelayMs"
  >;
  readonly failures: readonly Failure[];
  /** Those that strike before any other. */
  readonly dealt: readonly Failure[];
  /** Mean time between two failures, for each of the lanes in which they come. @unit milliseconds */
  readonly pauseMs: number;
  readonly lanes: number;
}

const HOUR_MS = 3_600_000;

export function settingsOf(
  seed: number,
  options: { readonly world?: WorldName | undefined; readonly hours?: number | undefined } = {},
): Settings {
  const world = options.world ?? worldOf(seed);
  const kind: Kind = kinds[world];
  const random = seededRandom(`${seed}:${world}:settings`);
  const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  const chance = (share: number): boolean => random() < share;
  const scope = kind.scope ?? "host";
  const count = kind.strangers ? 2 : (kind.daemonCount?.(random) ?? 1);
  const daemons = Array.from(
    { length: count },
    (_, index): DaemonSettings => ({
      name: `daemon-${index + 1}`,
      host: scope === "shared" ? 0 : index,
      path: kind.strangers && index > 0 ? "other-org" : "my-org",
      skew: {
        aheadMs: chance(0.3) ? between(-20, 20) * 60_000 : between(-3_000, 3_000),
        rate: 1 + (random() - 0.5) * 0.01,
      },
      credentials: chance(0.4) ? "app" : "token",
    }),
  );
  const scaleSets = Array.from({ length: kind.sharedPlaces ? between(2, 3) : between(1, 3) }, (_, index) => ({
    name: `set-${"abc"[index]}`,
    minRunners: chance(0.4) ? between(1, 2) : 0,
    maxRunners: between(2, 8),
  }));
  // Whoever holds a full host for good leaves no room for strangers on it.
  const kept = scaleSets.reduce((sum, { minRunners }) => sum + minRunners, 0) * (kind.strangers ? 2 : 1);
  const settings: Settings = {
    world,
    seed,
    lastsMs: (options.hours ?? kind.hours ?? 1) * HOUR_MS,
    scope,
    observesExit: kind.observesExit ?? true,
    bootDeadlineMs: kind.bootDeadlineMs ?? (chance(0.3) ? 180_000 : 120_000),
    hosts: scope === "shared" ? 1 : count,
    maxInstances: chance(0.15) ? kept + between(3, 8) : undefined,
    daemons,
    scaleSets,
    jobs: kind.jobs ?? between(30, 70),
    cancelled: chance(0.5) ? 0.15 : 0,
    long: kind.long ?? 0.04,
    timings: kind.timings ?? defaultTimings,
    maxRunners: kind.sharedPlaces
      ? kept + between(1, 4)
      : chance(world === "limits" ? 0.6 : 0.1)
        ? kept + between(2, 8)
        : undefined,
    launchConcurrency: kind.launchConcurrency ?? (chance(0.3) ? between(1, 2) : 10),
    service: {
      assignment: chance(0.4) ? "acquire" : "direct",
      mergeUndelivered: chance(0.5),
      statisticsAt: chance(0.5) ? "making" : "delivery",
      countOfflineRunners: chance(0.3),
      // Where no exit is seen, idle runners that the service drops are missed for longer than they live.
      idleRunnerTtlMs: chance(0.3) && kind.observesExit !== false ? between(3, 20) * 60_000 : undefined,
      orphanedRunners: chance(0.3) ? "loop" : "exit",
      largeIds: chance(0.3),
    },
    failures: kind.failures,
    dealt: dealtTo(seed, kind),
    pauseMs: kind.pauseMs ?? 240_000,
    lanes: kind.lanes ?? 1,
  };
  // Drawn last, so that what else a seed is stays as it was.
  return { ...settings, service: { ...settings.service, ...guessesOf(chance) } };
}

/** How the service does what nobody outside knows. */
function guessesOf(chance: (share: number) => boolean): Partial<Settings["service"]> {
  return {
    refreshStatistics: chance(0.3) ? "empty" : "filled",
    refreshEndsPoll: chance(0.3),
    refreshMovesQueue: chance(0.2),
    assignedWithoutSession: chance(0.5) ? "freed" : "kept",
    acknowledgeInLostSession: chance(0.3) ? "accept" : "refuse",
    conflictNamesOwner: chance(0.7),
    deregistrationDelayMs: chance(0.4) ? 10_000 : 0,
    offersBeyondAnnounced: chance(0.5) ? 3 : 0,
  };
}
