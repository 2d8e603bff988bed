import type { Context } from "../service/context.js";
import { openJobs } from "../service/jobs.js";
import type { JobResult, JobRow, JobState, RunnerRow, Statistics } from "../service/state.js";
import { isOnline, statisticsOf } from "../service/statistics.js";

/** A job as it stands. */
export interface JobView {
  readonly id: number;
  readonly displayName: string;
  readonly state: JobState;
  readonly attempt: number;
  /** Id of the present attempt, as messages carry it. */
  readonly jobId: string;
  readonly workflowRunId: string;
  readonly scaleSetId: number | undefined;
  readonly runnerName: string | undefined;
  readonly result: JobResult | undefined;
  /** Ended without a runner having finished it, and nobody cancelled it. */
  readonly lost: boolean;
  readonly queuedAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
}

export interface RunnerView {
  readonly id: number;
  readonly name: string;
  readonly scaleSetId: number;
  readonly state: "offline" | "idle" | "busy";
  readonly everOnline: boolean;
  readonly job: number | undefined;
}

export interface SessionView {
  readonly sessionId: string;
  readonly ownerName: string;
  /** What its newest poll announced; undefined before the first. */
  readonly capacity: number | undefined;
  readonly openedAtMs: number;
  readonly lastSeenAtMs: number;
  readonly polling: boolean;
}

export interface ScaleSetView {
  readonly id: number;
  readonly name: string;
  /** Path of the config URL, e.g. `my-org`. */
  readonly scope: string;
  readonly runnerGroupId: number;
  readonly labels: readonly string[];
  readonly statistics: Statistics;
  readonly session: SessionView | undefined;
  readonly unacknowledgedMessages: number;
}

/** The whole service at one moment. */
export interface SimulatorState {
  readonly nowMs: number;
  readonly scaleSets: readonly ScaleSetView[];
  /** Jobs by state; `completed` counts those still kept. */
  readonly jobs: Readonly<Record<JobState, number>>;
  /** Every registration there is. */
  readonly runners: readonly RunnerView[];
}

/** What became of all jobs and registrations so far (lifecycle.md §7). */
export interface Summary {
  readonly queued: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Ended without a runner having finished them, and nobody cancelled them. */
  readonly lost: number;
  /** Ended because their host died, which is nobody's fault. */
  readonly hostDied: number;
  /** Attempts that two runners started. */
  readonly twice: number;
  /** Assignments that no runner took in time. */
  readonly lapsed: number;
  /** Jobs queued while capacity 0 was announced, which will never be delivered. */
  readonly stranded: number;
  /** Jobs that have not ended yet, stranded ones apart. */
  readonly open: number;
  /** JIT configs ever given out. */
  readonly registrations: number;
  /** Registrations without a runner online at present. They are leaks if things have settled. */
  readonly leaked: number;
  /** From queueing to the first start. @unit milliseconds */
  readonly queueToStartMs: {
    readonly count: number;
    readonly min: number;
    readonly median: number;
    readonly p95: number;
    readonly max: number;
  };
}

export function viewJob(job: JobRow): JobView {
  return {
    id: job.id,
    displayName: job.spec.displayName,
    state: job.state,
    attempt: job.attempt,
    jobId: job.jobId,
    workflowRunId: job.workflowRunId,
    scaleSetId: job.scaleSet?.id,
    runnerName: job.runner?.name,
    result: job.result,
    lost: job.end === "lost",
    queuedAtMs: job.queuedAtMs,
    startedAtMs: job.startedAtMs,
    finishedAtMs: job.finishedAtMs,
  };
}

function viewRunner(runner: RunnerRow): RunnerView {
  const state = runner.job?.state === "running" ? "busy" : isOnline(runner) ? "idle" : "offline";
  const { id, name, scaleSet, everOnline, job } = runner;
  return { id, name, scaleSetId: scaleSet.id, state, everOnline, job: job?.id };
}

export function viewState(context: Context): SimulatorState {
  const { state } = context;
  return {
    nowMs: context.now(),
    scaleSets: [...state.scaleSets.values()].map((set) => ({
      id: set.id,
      name: set.name,
      scope: set.scope.path,
      runnerGroupId: set.runnerGroupId,
      labels: set.labels.map((label) => label.name),
      statistics: statisticsOf(context, set),
      session: set.session && {
        sessionId: set.session.id,
        ownerName: set.session.ownerName,
        capacity: set.session.capacity,
        openedAtMs: set.session.openedAtMs,
        lastSeenAtMs: set.session.lastSeenAtMs,
        polling: set.session.heldPolls > 0,
      },
      unacknowledgedMessages: set.messages.size,
    })),
    jobs: countJobs(context),
    runners: [...state.runners.values()].map(viewRunner),
  };
}

export function viewSummary(context: Context): Summary {
  const { tally, runners } = context.state;
  const waits = [...tally.queueToStartMs].sort((a, b) => a - b);
  const at = (share: number): number => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0;
  return {
    queued: tally.queued,
    succeeded: tally.succeeded,
    failed: tally.failed,
    cancelled: tally.cancelled,
    lost: tally.lost,
    hostDied: tally.hostDied,
    twice: tally.twice,
    lapsed: tally.lapsed,
    stranded: tally.stranded,
    open: openJobs(context),
    registrations: tally.registrations,
    leaked: [...runners.values()].filter((runner) => !isOnline(runner)).length,
    queueToStartMs: { count: waits.length, min: at(0), median: at(0.5), p95: at(0.95), max: at(1) },
  };
}

function countJobs({ state }: Context): Record<JobState, number> {
  const counts = { queued: 0, stranded: 0, available: 0, assigned: 0, running: 0, waiting: 0, completed: 0 };
  for (const job of state.jobs.values()) counts[job.state] += 1;
  return counts;
}
