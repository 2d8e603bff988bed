import { defaultTimings, type Timings } from "@scaleset/autoscaler";
import { type Random, type SimulatorOptions, seededRandom } from "@scaleset/simulator";
import { falseAbsences, registrations } from "./failures/agents.js";
import { backendFailures } from "./failures/backend.js";
import { daemonFailures, interruptions, mendings, reconfigurations, scaleDowns } from "./failures/daemons.js";
import type { Failure } from "./failures/failure.js";
import { handEdits } from "./failures/hands.js";
import { backendOutages, brokenStandbys, fullHosts, serviceOutages } from "./failures/outages.js";
import { clockJumps, memoryLosses, pauses } from "./failures/pauses.js";
import { acquireFailures, falseCompletions, lastingMiscounts, miscounts, queueFailures } from "./failures/queues.js";
import { deprecations, runnerFailures } from "./failures/runners.js";
import { serviceFailures, vanishings } from "./failures/service.js";
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
  /** Mean time between two failures, for each of the lanes in which they come. @unit milliseconds */
  readonly pauseMs: number;
  readonly lanes: number;
}

type Kind = Partial<Omit<Settings, "world" | "seed" | "failures" | "daemons">> & {
  readonly about: string;
  readonly failures: readonly Failure[];
  /** How many daemons, each on a host of its own unless the scope is shared. @default 1 */
  readonly daemonCount?: (random: Random) => number;
  readonly strangers?: boolean;
  /** All scale sets of a daemon share fewer places than one of them may have. */
  readonly sharedPlaces?: boolean;
  /** How long things go wrong. @default 1 */
  readonly hours?: number;
};

const HOUR_MS = 3_600_000;
const named = (failures: readonly Failure[], pattern: RegExp): Failure[] =>
  failures.filter(({ name }) => pattern.test(name));

/** The worlds there are: what is mixed in each. */
export const kinds = {
  narrow: {
    about: "one launch at a time, and sessions that end while the others wait",
    failures: [...interruptions, ...interruptions, ...named(serviceFailures, /^F(2|3|13|15)/)],
    launchConcurrency: 1,
  },
  calm: { about: "one daemon, and nothing goes wrong but time", failures: scaleDowns, pauseMs: 900_000 },
  storm: {
    about: "everything that the service, runners and the backend do wrong, at once",
    failures: [...serviceFailures, ...runnerFailures, ...backendFailures, ...scaleDowns],
    lanes: 2,
  },
  crash: {
    about: "one daemon, killed at any await, with answers lost",
    failures: [
      ...daemonFailures,
      ...daemonFailures,
      ...named(serviceFailures, /^F(7|13|15)/),
      ...named(backendFailures, /hang|lost|transient/),
      ...scaleDowns,
    ],
    pauseMs: 180_000,
  },
  takeover: {
    about: "two or three daemons on machines of their own, fighting for the sessions",
    failures: [...daemonFailures, ...named(serviceFailures, /^F(1|3|5|13|14)/), ...named(backendFailures, /^F22/)],
    daemonCount: (random) => 2 + Math.floor(random() * 2),
  },
  shared: {
    about: "two or three daemons on one shared backend, fighting for the sessions",
    failures: [...daemonFailures, ...serviceFailures, ...backendFailures],
    daemonCount: (random) => 2 + Math.floor(random() * 2),
    scope: "shared",
  },
  clouds: {
    about: "machines whose end nobody sees",
    failures: [...serviceFailures, ...runnerFailures, ...named(backendFailures, /lost|fails/), ...daemonFailures],
    scope: "shared",
    observesExit: false,
    bootDeadlineMs: 600_000,
    jobs: 40,
  },
  vanish: {
    about: "scale sets and registrations go away",
    failures: [...vanishings, ...vanishings, ...named(serviceFailures, /^F(1|3|6|9)/), ...daemonFailures],
  },
  outdated: {
    about: "runners that are of no use: too old, gone at once, never there",
    failures: [...deprecations, ...runnerFailures, ...named(serviceFailures, /^F6/)],
  },
  phantom: {
    about: "statistics that say what is not so",
    failures: named(serviceFailures, /^F(8|10|11|12)/),
  },
  strangers: {
    about: "two organizations with scale sets of the same name, on one backend",
    failures: [...daemonFailures, ...named(serviceFailures, /^F(2|3|15)/), ...backendFailures],
    scope: "shared",
    strangers: true,
  },
  reload: {
    about: "limits and runner specs that change, and refused launches that are lifted, while jobs run",
    failures: [
      ...reconfigurations,
      ...reconfigurations,
      ...mendings,
      ...scaleDowns,
      ...daemonFailures,
      ...named(serviceFailures, /^F(2|3|13)/),
    ],
    daemonCount: (random) => 1 + Math.floor(random() * 2),
    scope: "shared",
  },
  frozen: {
    about: "daemons that are stopped, or whose machine sleeps, while others wait for their sessions",
    failures: [...pauses, ...pauses, ...clockJumps, ...memoryLosses, ...named(daemonFailures, /killed/)],
    daemonCount: (random) => 1 + Math.floor(random() * 3),
    hours: 3,
  },
  liars: {
    about: "the agents API, statistics and messages lie, one at a time",
    failures: [...falseAbsences, ...miscounts, ...queueFailures, ...falseCompletions, ...registrations],
    daemonCount: (random) => 1 + Math.floor(random() * 2),
    pauseMs: 900_000,
    long: 0.25,
    hours: 3,
  },
  full: {
    about: "machines that hold less than the maximum says",
    failures: [...fullHosts, ...fullHosts, ...named(backendFailures, /create fails: capacity/), ...scaleDowns],
    daemonCount: (random) => 1 + Math.floor(random() * 2),
    pauseMs: 600_000,
    long: 0.3,
    hours: 3,
  },
  broken: {
    about: "backends and a service that are broken for long, with standbys or without",
    failures: [...backendOutages, ...brokenStandbys, ...brokenStandbys, ...named(daemonFailures, /killed/)],
    daemonCount: (random) => 1 + Math.floor(random() * 3),
    pauseMs: 900_000,
    hours: 3,
  },
  away: {
    about: "a service that is away for hours",
    failures: serviceOutages,
    daemonCount: (random) => 1 + Math.floor(random() * 2),
    pauseMs: 1_800_000,
    hours: 8,
    jobs: 60,
  },
  deaf: {
    about: "messages that never come, and jobs that can't be acquired",
    failures: [...queueFailures, ...queueFailures, ...acquireFailures, ...named(serviceFailures, /^F(2|3) /)],
    daemonCount: (random) => 1 + Math.floor(random() * 2),
    hours: 2,
  },
  edits: {
    about: "people who change scale sets at GitHub by hand",
    failures: [...handEdits, ...handEdits, ...named(daemonFailures, /killed/), ...named(serviceFailures, /^F3/)],
    daemonCount: (random) => 1 + Math.floor(random() * 2),
    hours: 2,
  },
  fair: {
    about: "many jobs for scale sets that share few places",
    failures: [...scaleDowns, ...named(serviceFailures, /^F(2|3) /), ...named(daemonFailures, /stopped/)],
    sharedPlaces: true,
    pauseMs: 900_000,
    hours: 2,
    jobs: 150,
  },
  twoLiars: {
    about: "two liars at once, and statistics that lie forever",
    failures: [
      ...falseAbsences,
      ...miscounts,
      ...queueFailures,
      ...falseCompletions,
      ...lastingMiscounts,
      ...named(backendOutages, /stale/),
      ...named(pauses, /minutes/),
    ],
    daemonCount: (random) => 1 + Math.floor(random() * 2),
    lanes: 2,
    long: 0.2,
    hours: 2,
  },
  limits: {
    about: "jobs that may not take for ever, and runners that may not idle for ever",
    failures: [...scaleDowns, ...daemonFailures],
    timings: { ...defaultTimings, maxJobDurationMs: 12 * 60_000, maxIdleAgeMs: 15 * 60_000 },
    long: 0.1,
    jobs: 35,
    pauseMs: 600_000,
  },
} as const satisfies Record<string, Kind>;

export type WorldName = keyof typeof kinds;

export const worldNames = Object.keys(kinds).filter((name): name is WorldName => name in kinds);

/** Which world a seed is, where nobody says. */
export function worldOf(seed: number): WorldName {
  return worldNames[seed % worldNames.length] ?? "calm";
}

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
