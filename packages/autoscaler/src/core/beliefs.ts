import type { JobNews } from "./events.js";
import { explainExit, ranWell } from "./exits.js";
import type { Fleet } from "./fleet.js";
import type { Runner } from "./model.js";
import { forget404s, nextLookUp } from "./witness.js";

const NEVER = Number.POSITIVE_INFINITY;

/** Messages say who works on what. They may be late, doubled or lost, so they change beliefs and never counts. */
export function hearJobs(fleet: Fleet, jobs: readonly JobNews[], at: number): void {
  for (const job of jobs) {
    if (job.kind === "assigned") continue;
    fleet.unbacked.delete(job.jobId);
    if (job.kind === "completed") fleet.roster.noteCompleted(job.jobId);
    if (job.kind === "started") fleet.refill.claimed();
    if (job.runnerName === "") continue;
    if (job.kind === "completed") fleet.aside.jobDone();
    if (job.kind === "started") fleet.phantom.moved();
    explainExit(fleet, job.runnerName, at);
    const runner = fleet.roster.get(job.runnerName);
    if (runner === undefined || runner.foreignSchema) continue;
    if (!runner.hadJob) ranWell(fleet, runner.launchedAt);
    runner.hadJob = true;
    if (job.kind === "started") jobStarted(fleet, runner, job.jobId, at);
    else jobCompleted(fleet, runner, at);
  }
}

function jobStarted(fleet: Fleet, runner: Runner, jobId: string, at: number): void {
  // A completed job never opens again, whatever order the messages come in.
  if (fleet.roster.isCompleted(jobId)) return;
  switch (runner.phase) {
    case "registered":
    case "started":
    case "retiring":
      fleet.roster.believe(runner, { kind: "job", jobId });
      // A message that comes again says nothing of when.
      runner.jobSince ??= at;
      enterStarted(fleet, runner, at);
      break;
    case "abandoned":
    case "detached":
      // Its registration is gone or going, yet it works: only its exit or its completion ends this.
      fleet.roster.believe(runner, { kind: "job", jobId });
      runner.jobSince ??= at;
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
      fleet.roster.believe(runner, { kind: "none" });
      break;
    case "exited":
      fleet.roster.believe(runner, { kind: "none" });
      // The service said that its job still runs: that is over, and its place need not wait for the next question.
      if (runner.mayBeRegistered && runner.attempts > 0) {
        runner.attempts = 0;
        fleet.roster.lookAt(runner, at);
      }
      break;
    default:
  }
}

/** Its job is done: it has its time to exit by itself. */
export function finishing(fleet: Fleet, runner: Runner, at: number): void {
  const { timings, traits } = fleet;
  fleet.roster.believe(runner, { kind: "none" });
  runner.startedAt ??= at;
  runner.jobEnded = true;
  // One 404 after its time to exit ends it: an earlier one is not that.
  if (!traits.observesExit) forget404s(fleet, runner);
  const graceMs = traits.observesExit ? timings.completionGraceMs : timings.completionUnseenMs;
  fleet.move(runner, "finishing", at, at + graceMs);
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
  fleet.unfit.set(runner, runner.unfit === undefined ? NEVER : retirableAt);
  // An orphan can't be asked.
  const untold = belief.kind === "unknown" && jobSince === undefined && orphanedAt === undefined;
  fleet.untold.set(runner, untold ? startedAt : NEVER);
  const asked = runner.absentSince === undefined ? firstLookUp(fleet, runner, at) : nextLookUp(fleet, runner, at);
  fleet.lookUps.set(runner, asked);
}

/**
 * Each runner is asked about from its boot deadline on: its registration may be gone while its process lives on. Random
 * moments keep runners and scale sets that began together apart.
 */
function firstLookUp({ traits, timings, spread }: Fleet, runner: Runner, at: number): number {
  if (runner.orphanedAt !== undefined) return NEVER;
  const online = Math.max(at, (runner.startedAt ?? at) + traits.bootDeadlineMs);
  if (traits.observesExit) return online + spread.next(timings.idleLookUpMs);
  if (!runner.adopted) return online;
  // Its job may have ended long ago, and whoever heard of that is gone: until then it counts as able.
  return runner.belief.kind === "unknown"
    ? at + spread.next(timings.lookUpConfirmMs)
    : online + spread.next(timings.lookUpMs);
}
