import type { JobMessage, Logger } from "@scaleset/client";

/** What people call a job is theirs to choose: it gets one line, and not all of that. */
const NAME_LENGTH = 100;

/** A line for each job that a runner took, and for each that ended: what a job is followed by in a log. */
export function logJobs(logger: Logger, jobs: readonly JobMessage[]): void {
  for (const job of jobs) {
    if (job.messageType !== "JobStarted" && job.messageType !== "JobCompleted") continue;
    const { jobId, workflowRunId, jobWorkflowRef: workflow, runnerName: runner } = job;
    const what = `${job.ownerName}/${job.repositoryName}: ${oneLine(job.jobDisplayName)}`;
    const record = { jobId, workflowRunId, workflow };
    if (job.messageType === "JobStarted") logger.info({ ...record, runner }, `${runner} works on ${what}`);
    else if (runner === "") logger.info({ ...record, result: job.result }, `no runner took ${what} (${job.result})`);
    else logger.info({ ...record, runner, result: job.result }, `${runner} ended ${what} (${job.result})`);
  }
}

function oneLine(name: string): string {
  return name.replaceAll(/\p{Cc}+/gu, " ").slice(0, NAME_LENGTH);
}
