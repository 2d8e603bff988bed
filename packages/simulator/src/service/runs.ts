import { after, type Context } from "./context.js";
import { tell } from "./job-messages.js";
import { endJob, leaveSet, record, returnToWaiting } from "./jobs.js";
import { Refusal } from "./refusal.js";
import { dropRegistration, endRunnerSession, expectJob, leaveAfterJob, recordRunner } from "./runners.js";
import type { JobResult, JobRow, RunnerRow, ScaleSetRow } from "./state.js";

/** Tells idle runners of assigned jobs: the oldest job to the runner that is longest online. */
export function matchRunners(context: Context, set: ScaleSetRow): void {
  if (set.assigned.size === 0 || context.state.runnersDeprecated) return;
  const idle = [...set.runners].filter(
    (runner) => runner.session !== undefined && runner.job === undefined && !runner.leaving,
  );
  if (idle.length === 0) return;
  idle.sort((a, b) => (a.session?.openedAtMs ?? 0) - (b.session?.openedAtMs ?? 0) || a.id - b.id);
  for (const job of set.assigned) {
    if (job.runner !== undefined) continue;
    const runner = idle.shift();
    if (runner === undefined) return;
    match(context, job, runner);
  }
}

function match(context: Context, job: JobRow, runner: RunnerRow): void {
  job.runner = runner;
  job.matchedAtMs = context.now();
  runner.job = job;
  context.woken.add(runner);
  runner.stopTimer();
  record(context, job, "matched", "the runner is idle");
  job.stopTimer();
  job.stopTimer = after(context, context.options.acquireTimeoutMs, () => {
    // Ending the session gives the job back; the runner may come again with a new one.
    if (runner.session !== undefined) endRunnerSession(context, runner.session, "it was told of a job and took none");
    else returnToWaiting(context, job, "its runner took too long");
  });
}

/** The runner takes the job it was told of, and runs it. */
export function startJob(context: Context, runner: RunnerRow, jobId: string): JobRow {
  const job = context.state.jobsByJobId.get(jobId);
  if (job === undefined) throw new Refusal("JobNotFoundException", `There is no job ${jobId}.`);
  if (job.runner !== runner) throw new Refusal("JobTakenException", `The job ${jobId} is not for this runner.`);
  // Asked again after a lost answer: the same runner gets the same job.
  if (job.state === "running") return job;
  const { scaleSet: set } = job;
  if (set === undefined) throw new Refusal("JobNotFoundException", `There is no job ${jobId}.`);
  job.state = "running";
  job.startedAtMs = context.now();
  job.firstStartedAtMs ??= job.startedAtMs;
  job.starts += 1;
  if (job.starts === 2) context.state.tally.twice += 1;
  set.assigned.delete(job);
  set.running.add(job);
  tell(context, set, job, "JobStarted", { runnerId: runner.id, runnerName: runner.name });
  record(context, job, "started", "the runner took it");
  recordRunner(context, runner, "busy", "it took a job");
  renewJob(context, job);
  return job;
}

/** The runner still works: the job is its own for another while. Answers until when. */
export function renewJob(context: Context, job: JobRow): number {
  job.lockedUntilMs = context.now() + context.options.jobLockMs;
  if (job.cancelAsked || job.state !== "running") return job.lockedUntilMs;
  job.stopTimer();
  job.stopTimer = after(context, context.options.jobLockMs, () => giveUp(context, job));
  return job.lockedUntilMs;
}

/** The runner is done. Its registration goes with its job. */
export function completeJob(context: Context, job: JobRow, result: JobResult): void {
  const { runner } = job;
  if (job.state !== "running" || runner === undefined) {
    throw new Refusal("JobNotFoundException", `The job ${job.jobId} does not run.`);
  }
  // A runner that says "canceled" unasked was told to stop: it finished nothing.
  const stopped = result === "canceled" && !job.cancelAsked;
  const end = stopped ? (runner.hostDied ? "host-died" : "lost") : result === "canceled" ? "cancelled" : "finished";
  endJob(context, job, { result, end, cause: "the runner said so" });
  runner.job = undefined;
  if (runner.removed) context.retired.runners.add(runner);
  leaveAfterJob(context, runner, "its job is done");
}

/**
 * The service takes a job for completed while its runner still works on it (actions/runner#4492).
 * The runner goes on; what it reports in the end is how the job ended.
 */
export function completeFalsely(
  context: Context,
  job: JobRow,
  { registration, counted }: { readonly registration: "removed" | "kept"; readonly counted: boolean },
): boolean {
  const { runner, scaleSet: set } = job;
  if (job.state !== "running" || job.falselyCompleted || runner === undefined || set === undefined) return false;
  job.finishedAtMs = context.now();
  tell(context, set, job, "JobCompleted", { result: "failed", runnerId: runner.id, runnerName: runner.name });
  job.finishedAtMs = undefined;
  job.falselyCompleted = true;
  if (!counted) leaveSet(job);
  record(context, job, "completed-falsely", "the service took it for completed");
  if (registration === "removed") dropRegistration(context, runner, "its job was taken for completed");
  return true;
}

/** Cancels a job in any state. Answers whether there was anything to cancel. */
export function cancelJob(context: Context, job: JobRow): boolean {
  if (job.state === "completed" || job.cancelAsked) return false;
  job.cancelAsked = true;
  record(context, job, "cancel-asked", "somebody asked");
  if (job.state === "running") {
    if (job.runner !== undefined) context.woken.add(job.runner);
    job.stopTimer();
    job.stopTimer = after(context, context.options.jobLockMs, () => giveUp(context, job));
    return true;
  }
  const { runner } = job;
  endJob(context, job, { result: "canceled", end: "cancelled", cause: "somebody asked" });
  if (runner?.job === job) {
    runner.job = undefined;
    expectJob(context, runner);
  }
  return true;
}

/** Nothing was heard of the job for too long. */
function giveUp(context: Context, job: JobRow): void {
  const { runner } = job;
  const end = job.cancelAsked ? "cancelled" : runner?.hostDied ? "host-died" : "lost";
  endJob(context, job, {
    result: job.cancelAsked ? "canceled" : "failed",
    end,
    cause: "its runner was not heard of for too long",
  });
  if (runner === undefined) return;
  runner.job = undefined;
  if (runner.removed) context.retired.runners.add(runner);
  dropRegistration(context, runner, "its job was given up");
}
