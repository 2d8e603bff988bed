import { defaultTimings, type Timings } from "@scaleset/autoscaler";
import type { Random } from "@scaleset/simulator";
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

export interface Kind {
  readonly about: string;
  /** What goes wrong: each time one of them, by chance. */
  readonly failures: readonly Failure[];
  /** What goes wrong first: dealt to the worlds of this kind in turn, so that in any few of them all of it has its turn. @default none */
  readonly dealt?: readonly Failure[];
  /** How many daemons, each on a host of its own unless the scope is shared. @default 1 */
  readonly daemonCount?: (random: Random) => number;
  readonly scope?: "host" | "shared";
  readonly observesExit?: boolean;
  readonly bootDeadlineMs?: number;
  readonly strangers?: boolean;
  /** All scale sets of a daemon share fewer places than one of them may have. */
  readonly sharedPlaces?: boolean;
  readonly launchConcurrency?: number;
  readonly timings?: Timings;
  readonly jobs?: number;
  /** Share of the jobs that are long. */
  readonly long?: number;
  /** How long things go wrong. @default 1 */
  readonly hours?: number;
  /** Mean time between two failures, for each of the lanes in which they come. @unit milliseconds */
  readonly pauseMs?: number;
  readonly lanes?: number;
}

const named = (failures: readonly Failure[], pattern: RegExp): Failure[] =>
  failures.filter(({ name }) => pattern.test(name));

/** The worlds there are: what is mixed in each. */
export const kinds = {
  narrow: {
    about: "one launch at a time, and sessions that end while the others wait",
    failures: [...interruptions, ...interruptions, ...named(serviceFailures, /^F(2|3|13|15)/)],
    dealt: interruptions,
    launchConcurrency: 1,
  },
  calm: { about: "one daemon, and nothing goes wrong but time", failures: scaleDowns, pauseMs: 900_000 },
  storm: {
    about: "everything that the service, runners and the backend do wrong, at once",
    failures: [...serviceFailures, ...runnerFailures, ...backendFailures, ...scaleDowns],
    dealt: [...serviceFailures, ...acquireFailures],
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
    dealt: [...vanishings, ...registrations],
  },
  outdated: {
    about: "runners that are of no use: too old, gone at once, never there",
    failures: [...deprecations, ...runnerFailures, ...named(serviceFailures, /^F6/)],
    dealt: [...deprecations, ...runnerFailures],
  },
  phantom: {
    about: "statistics that say what is not so",
    failures: named(serviceFailures, /^F(8|10|11|12)/),
  },
  strangers: {
    about: "two organizations with scale sets of the same name, on one backend",
    failures: [...daemonFailures, ...named(serviceFailures, /^F(2|3|15)/), ...backendFailures],
    dealt: backendFailures,
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
    dealt: [...reconfigurations, ...mendings],
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
    dealt: [...backendOutages, ...brokenStandbys],
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

/** So many worlds of a kind in a row are dealt all that it deals. */
const ROUND = 8;

/** What a world is dealt. Seeds in a row, of any kind or of one, take turns. */
export function dealtTo(seed: number, { dealt = [] }: Kind): readonly Failure[] {
  const size = Math.ceil(dealt.length / ROUND);
  const turn = (seed + Math.floor(seed / worldNames.length)) % ROUND;
  return dealt.slice(turn * size, (turn + 1) * size);
}
