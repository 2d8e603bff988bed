import type { JobNews } from "./events.js";
import type { Fleet } from "./fleet.js";
import type { Runner } from "./model.js";

/** Messages say who works on what. They may be late, doubled or lost, so they change beliefs and never counts. */
export function hearJobs(fleet: Fleet, jobs: readonly JobNews[], at: number): void {
  for (const job of jobs) {
    if (job.kind === "completed") fleet.noteCompleted(job.jobId);
    const runner = job.runnerName === "" ? undefined : fleet.get(job.runnerName);
    if (runner === undefined || runner.foreignSchema) continue;
    if (job.kind === "started") jobStarted(fleet, runner, job.jobId, at);
    if (job.kind === "completed") jobCompleted(fleet, runner, at);
  }
}

function jobStarted(fleet: Fleet, runner: Runner, jobId: string, at: number): void {
  // A completed job never opens again, whatever order the messages come in.
  if (fleet.isCompleted(jobId)) return;
  switch (runner.phase) {
    case "registered":
    case "started":
    case "retiring":
      runner.belief = { kind: "job", jobId };
      enterStarted(fleet, runner, at);
      break;
    case "abandoned":
    case "detached":
      // Its registration is gone or going, yet it works: only its exit or its completion ends this.
      runner.belief = { kind: "job", jobId };
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
      runner.belief = { kind: "none" };
      runner.startedAt ??= at;
      fleet.move(runner, "finishing", at, at + fleet.timings.completionGraceMs);
      break;
    case "abandoned":
      runner.belief = { kind: "none" };
      break;
    default:
  }
}

/** It runs. When it may be asked to retire follows from what we think it does: a busy one never is. */
export function enterStarted(fleet: Fleet, runner: Runner, at: number): void {
  runner.startedAt ??= at;
  const { belief, orphaned } = runner;
  const busy = belief.kind === "job" || orphaned;
  const retirableAt = busy ? Number.POSITIVE_INFINITY : belief.kind === "unknown" ? belief.askAt : runner.startedAt;
  if (runner.phase === "started") fleet.lookAt(runner, retirableAt);
  else fleet.move(runner, "started", at, retirableAt);
}
