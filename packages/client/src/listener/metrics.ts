import type { JobDetails, RunnerScaleSetMessage } from "../types.js";
import type { ListenerContext } from "./context.js";
import type { JobDurations } from "./observer.js";

/** Tells the observer of the jobs in a message that was handled, each once. */
export function tellJobs(context: ListenerContext, message: RunnerScaleSetMessage): void {
  for (const job of message.jobs) {
    if (job.messageType === "JobStarted") {
      context.tell((observer) => observer.onJobStarted?.({ job, ...durationsOf(job) }));
    } else if (job.messageType === "JobCompleted") {
      context.tell((observer) => observer.onJobCompleted?.({ job, ...durationsOf(job) }));
    }
  }
}

/** What is between the times of a job; undefined where one of them is not set. */
function durationsOf(job: JobDetails): JobDurations {
  return {
    queuedMs: between(job.queueTime, job.scaleSetAssignTime),
    startupMs: between(job.scaleSetAssignTime, job.runnerAssignTime),
    executionMs: between(job.runnerAssignTime, job.finishTime),
  };
}

/** The service's clocks are not one: what would be negative is nothing. */
function between(from: Date | undefined, to: Date | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : Math.max(0, to.getTime() - from.getTime());
}
