import type { Problem } from "../engine/problem.js";
import { sortProblems } from "../engine/problems.js";
import type { ScaleSetStatus } from "../engine/status.js";

/** Raised when a field changes its meaning or goes; a new field does not raise it. */
export const STATUS_SCHEMA = 1;

/** A problem of one scale set, or of the whole daemon. */
export interface DaemonProblem extends Problem {
  readonly scaleSet?: string | undefined;
  /** Where that scale set is: scale sets of two organisations may have one name. */
  readonly url?: string | undefined;
}

/**
 * A daemon as it is now. Plain data that JSON holds; fields that are not known are left out. Ages are in milliseconds,
 * times in milliseconds since the epoch.
 */
export interface AutoscalerStatus {
  readonly schema: typeof STATUS_SCHEMA;
  readonly version: string;
  /** Name that this daemon holds its message sessions under. */
  readonly owner: string;
  /** When this was written down. */
  readonly at: number;
  readonly startedAt: number;
  readonly uptimeMs: number;
  /** `stopping`: it was told to end, and brings launches under way to their end. */
  readonly state: "running" | "stopping";
  readonly limits: {
    /** Launches under way at one time on each provisioner. */
    readonly launchConcurrency: number;
  };
  /** Sums over all scale sets. */
  readonly totals: {
    readonly assigned: number;
    readonly live: number;
    readonly busy: number;
    readonly started: number;
  };
  /** Of all scale sets, worst first. */
  readonly problems: readonly DaemonProblem[];
  readonly scaleSets: readonly ScaleSetStatus[];
}

/** What the daemon knows beside its scale sets. */
export interface DaemonFacts
  extends Pick<AutoscalerStatus, "version" | "owner" | "limits" | "at" | "startedAt" | "uptimeMs" | "scaleSets"> {
  readonly stopping: boolean;
  /** Of the daemon itself. */
  readonly problems?: readonly Problem[] | undefined;
}

export function snapshot({ stopping, scaleSets, limits, problems: own = [], ...facts }: DaemonFacts): AutoscalerStatus {
  const sum = (count: (set: ScaleSetStatus) => number): number =>
    scaleSets.reduce((total, set) => total + count(set), 0);
  const ofSets = scaleSets.flatMap(({ name, url, problems }) =>
    problems.map((problem) => ({ scaleSet: name, url, ...problem })),
  );
  const problems: DaemonProblem[] = [...own, ...ofSets];
  return {
    schema: STATUS_SCHEMA,
    ...facts,
    state: stopping ? "stopping" : "running",
    limits: { launchConcurrency: limits.launchConcurrency },
    totals: {
      assigned: sum((set) => set.assigned),
      live: sum((set) => set.live),
      busy: sum((set) => set.activities.busy),
      started: sum((set) => set.totals.started),
    },
    problems: sortProblems(problems),
    scaleSets,
  };
}
