import { announcedCapacity } from "../core/capacity.js";
import { demandOf } from "../core/demand.js";
import { isEmptied } from "../core/drain.js";
import type { Fleet } from "../core/fleet.js";
import { byPhase, type Phase, type Reading, type Statistics } from "../core/model.js";
import { holds } from "../core/rights.js";
import type { Problem } from "./problem.js";
import { problemsOf } from "./problems.js";
import { type RunnerCounts, type RunnerStatus, runnersOf } from "./runner-status.js";
import { isSilent } from "./service-problems.js";
import type { FailedRunnerStatus, WorkerFacts } from "./worker-facts.js";

/**
 * - `off`: its `maxRunners` is 0, so it is not polled;
 * - `starting`: no session yet; `standby`: somebody else holds it;
 * - `aside`: no runner could be started, so the session is left to another daemon, or polled by none; it comes back by itself;
 * - `holding`: it launches, retires and destroys;
 * - `recovering`: it holds the session and may not act just now;
 * - `draining`: it lets its runners go; `drained`: it has closed its session for good;
 * - `restarting`: its worker has crashed, and starts again in a while; `stopped`: its worker has ended.
 */
export type ScaleSetState =
  | "off"
  | "starting"
  | "standby"
  | "aside"
  | "holding"
  | "recovering"
  | "draining"
  | "drained"
  | "restarting"
  | "stopped";

/** The message session: whoever holds it may act. Ages are in milliseconds. */
export type SessionStatus =
  | { readonly state: "none" }
  /** Closed by us to drain the scale set. */
  | { readonly state: "drained" }
  /** `holder`: the name that the other one holds it under, where the service says so. */
  | { readonly state: "standby"; readonly holder?: string | undefined }
  | {
      readonly state: "held";
      readonly ageMs: number;
      /** Since the service last answered a call of the session. */
      readonly answeredAgeMs?: number | undefined;
    };

/**
 * One scale set as it is now; every page, metric, log line and test reads this. Plain data that JSON holds; fields that
 * are not known are left out. Ages are in milliseconds, times in milliseconds since the epoch.
 */
export interface ScaleSetStatus {
  readonly name: string;
  /** The organisation, repository or enterprise that it is in, as configured. */
  readonly url?: string | undefined;
  readonly state: ScaleSetState;
  /** Its id at the service; absent until the first session. */
  readonly scaleSetId?: number | undefined;
  readonly session: SessionStatus;
  /** What the service last said, and how long ago. */
  readonly reading?: (Statistics & { readonly ageMs: number }) | undefined;
  readonly limits: {
    readonly minRunners: number;
    readonly maxRunners: number;
    /** Most that a limit shared with other scale sets leaves to it. */
    readonly share?: number | undefined;
    /** What its polls announce: it accepts so many jobs at one time. */
    readonly announced: number;
  };
  /** Jobs that wait for a runner of it or run on one. */
  readonly assigned: number;
  /** Runners that are wanted. */
  readonly target: number;
  /** Runners by phase: facts only. */
  readonly runners: Readonly<Record<Phase, number>>;
  /** Runners by what they do, as far as we know. */
  readonly activities: RunnerCounts;
  /** Each runner, oldest first. */
  readonly runnerList: readonly RunnerStatus[];
  /** How many more there are than the list holds. */
  readonly runnersOmitted: number;
  /** Every instance not gone, and launches under way. */
  readonly live: number;
  /** Runners on another machine, known by their number alone. */
  readonly foreign: number;
  /** Most that were live at once since the daemon started. */
  readonly maxLive: number;
  /** Counted since its worker started. */
  readonly totals: Readonly<Fleet["totals"]>;
  /** When it last decided, and why things are as they are. */
  readonly lastDecision?: { readonly at: number; readonly reasons: readonly string[] } | undefined;
  /** The newest runners that did not come up. */
  readonly failedRunners: readonly FailedRunnerStatus[];
  /** What a person should know of and what to do, worst first. Empty when all is well. */
  readonly problems: readonly Problem[];
}

/** Characters; the log has more. */
const OUTPUT_SHOWN = 4_096;

export function statusOf(fleet: Fleet, worker: WorkerFacts): ScaleSetStatus {
  const { now } = worker;
  const reading = fleet.reading(now);
  const { assigned, target } = demandOf(fleet, now);
  const { list, omitted, counts } = runnersOf(fleet, now);
  return {
    name: worker.name,
    state: worker.stopped ? "stopped" : stateOf(fleet, now),
    scaleSetId: fleet.scaleSetId,
    session: sessionOf(fleet, now),
    reading: reading && readingOf(reading, now),
    limits: {
      minRunners: fleet.limits.minRunners,
      maxRunners: fleet.limits.maxRunners,
      share: fleet.share,
      announced: announcedCapacity(fleet, now),
    },
    assigned,
    target,
    runners: byPhase((phase) => fleet.roster.count(phase)),
    activities: counts,
    runnerList: list,
    runnersOmitted: omitted,
    live: fleet.occupying,
    foreign: fleet.foreign.count,
    maxLive: fleet.totals.maxLive,
    totals: { ...fleet.totals },
    lastDecision: worker.lastDecision,
    failedRunners: worker.failedRunners.map((failed) => ({ ...failed, output: failed.output.slice(-OUTPUT_SHOWN) })),
    problems: problemsOf(fleet, worker),
  };
}

function readingOf({ asOf, endsKnown: _endsKnown, ...statistics }: Reading, now: number): ScaleSetStatus["reading"] {
  return { ...statistics, ageMs: Math.round(now - asOf) };
}

function stateOf(fleet: Fleet, now: number): ScaleSetState {
  if (fleet.aside.state.kind !== "working" && fleet.session.state !== "standby") return "aside";
  switch (fleet.session.state) {
    case "none":
      return "starting";
    case "standby":
      return "standby";
    case "drained":
      return isEmptied(fleet) ? "drained" : "draining";
    case "held":
      if (!holds(fleet, now) || isSilent(fleet, now)) return "recovering";
      return fleet.drainingSince === undefined ? "holding" : "draining";
  }
}

function sessionOf({ session, answeredAt }: Fleet, now: number): SessionStatus {
  switch (session.state) {
    case "standby":
      return { state: "standby", holder: session.holder };
    case "held": {
      const answeredAgeMs = Number.isFinite(answeredAt) ? Math.round(now - answeredAt) : undefined;
      return { state: "held", ageMs: Math.round(now - session.openedAt), answeredAgeMs };
    }
    default:
      return { state: session.state };
  }
}

/** A scale set that may have no runner: a poll would accept at least one job, so it is not polled. */
export function offStatus(name: string, url?: string): ScaleSetStatus {
  return {
    name,
    url,
    state: "off",
    session: { state: "none" },
    limits: { minRunners: 0, maxRunners: 0, announced: 0 },
    assigned: 0,
    target: 0,
    runners: byPhase(() => 0),
    activities: { starting: 0, idle: 0, busy: 0, unknown: 0, ending: 0 },
    runnerList: [],
    runnersOmitted: 0,
    live: 0,
    foreign: 0,
    maxLive: 0,
    totals: { launched: 0, started: 0, maxLive: 0, retired: 0, lost: 0, ghosts: 0, fastExits: 0, forced: 0 },
    failedRunners: [],
    problems: [],
  };
}
