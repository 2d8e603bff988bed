import type { JobNews } from "./events.js";
import type { Fleet } from "./fleet.js";
import type { Runner } from "./model.js";

const NEVER = Number.POSITIVE_INFINITY;

/** Messages say who works on what. They may be late, doubled or lost, so they change beliefs and never counts. */
export function hearJobs(fleet: Fleet, jobs: readonly JobNews[], at: number): void {
  for (const job of jobs) {
    if (job.kind === "assigned") continue;
    fleet.unbacked.delete(job.jobId);
    if (job.kind === "completed") fleet.roster.noteCompleted(job.jobId);
    if (job.runnerName === "") continue;
    if (job.kind === "completed") fleet.aside.jobDone();
    if (job.kind === "started") fleet.phantom.moved();
    const exit = fleet.verdicts.clear(job.runnerName);
    if (exit !== undefined) hadJob(fleet, exit.launchedAt);
    const runner = fleet.roster.get(job.runnerName);
    if (runner === undefined || runner.foreignSchema) continue;
    if (!runner.hadJob) hadJob(fleet, runner.launchedAt);
    runner.hadJob = true;
    if (job.kind === "started") jobStarted(fleet, runner, job.jobId, at);
    else jobCompleted(fleet, runner, at);
  }
}

/** A runner launched then did what it is for. */
function hadJob(fleet: Fleet, launchedAt: number): void {
  fleet.breaker.proved("had a job", launchedAt);
  fleet.outdated.proved(launchedAt);
  fleet.ghosts.claimed();
  fleet.aside.worked();
}

function jobStarted(fleet: Fleet, runner: Runner, jobId: string, at: number): void {
  // A completed job never opens again, whatever order the messages come in.
  if (fleet.roster.isCompleted(jobId)) return;
  switch (runner.phase) {
    case "registered":
    case "started":
    case "retiring":
      runner.belief = { kind: "job", jobId };
      // A message that comes again says nothing of when.
      runner.jobSince ??= at;
      enterStarted(fleet, runner, at);
      break;
    case "abandoned":
    case "detached":
      // Its registration is gone or going, yet it works: only its exit or its completion ends this.
      runner.belief = { kind: "job", jobId };
      fleet.weighWork(runner);
      break;
    default:
  }
}

function jobCompleted(fleet: Fleet, runner: Runner, at: number): void {
  switch (runner.phase) {
    case "registered":
    case "started":
    case "retiring":
    case "detached":
      fleet.noteEnd(runner, at);
      finishing(fleet, runner, at);
      break;
    case "abandoned":
      runner.belief = { kind: "none" };
      fleet.weighWork(runner);
      break;
    default:
  }
}

/** Its job is done: it has its time to exit by itself. */
export function finishing(fleet: Fleet, runner: Runner, at: number): void {
  runner.belief = { kind: "none" };
  runner.startedAt ??= at;
  fleet.move(runner, "finishing", at, at + fleet.timings.completionGraceMs);
}

/** It runs. When it may be asked to retire follows from what we think it does: a busy one never is. */
export function enterStarted(fleet: Fleet, runner: Runner, at: number): void {
  const { timings, traits } = fleet;
  runner.startedAt ??= at;
  const { belief, startedAt, orphanedAt } = runner;
  const working = belief.kind === "job";
  const retirableAt =
    working || orphanedAt !== undefined ? NEVER : belief.kind === "unknown" ? belief.askAt : startedAt;
  if (runner.phase === "started") fleet.roster.lookAt(runner, retirableAt);
  else fleet.move(runner, "started", at, retirableAt);
  if (working || orphanedAt !== undefined) fleet.young.delete(runner);
  else fleet.young.started(runner, startedAt + traits.bootDeadlineMs, startedAt + timings.fastExitMs);
  const { jobSince } = runner;
  fleet.working.set(runner, belief.kind === "none" ? NEVER : (jobSince ?? NEVER));
  // An orphan can't be asked.
  const untold = belief.kind === "unknown" && jobSince === undefined && orphanedAt === undefined;
  fleet.untold.set(runner, untold ? startedAt : NEVER);
  runner.absentSince = undefined;
  fleet.lookUps.set(runner, firstLookUp(fleet, runner, at));
}

/**
 * Where exits can't be seen, the service is asked about each runner. Where they can, only about one that works for long:
 * the news of its end may be lost, and it may hang.
 */
function firstLookUp({ traits, timings }: Fleet, runner: Runner, at: number): number {
  if (runner.orphanedAt !== undefined) return NEVER;
  if (!traits.observesExit) return Math.max(at, (runner.startedAt ?? at) + traits.bootDeadlineMs);
  return runner.belief.kind === "job" ? at + timings.unknownRecheckMs : NEVER;
}
