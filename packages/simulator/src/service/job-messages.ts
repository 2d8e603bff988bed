import type { Context } from "./context.js";
import type { JobMessage, JobRow, ScaleSetRow } from "./state.js";

/** How the wire writes a time that is not set. */
const unsetTime = "0001-01-01T00:00:00Z";

/** Tells the set's listener what happened to a job; it goes out with the next message. */
export function tell(
  context: Context,
  set: ScaleSetRow,
  job: JobRow,
  messageType: JobMessage["messageType"],
  extra: Pick<JobMessage, "result" | "runnerId" | "runnerName"> = {},
): void {
  const [owner = "", repository = ""] = (job.spec.repository ?? repositoryIn(set)).split("/");
  set.outbox.push({
    messageType,
    runnerRequestId: job.runnerRequestId,
    repositoryName: repository,
    ownerName: owner,
    jobId: job.jobId,
    jobWorkflowRef: `${owner}/${repository}/.github/workflows/ci.yml@refs/heads/main`,
    jobDisplayName: job.spec.displayName,
    workflowRunId: job.workflowRunId,
    eventName: "push",
    requestLabels: job.spec.runsOn.length > 0 ? job.spec.runsOn : [set.name],
    queueTime: wireTime(job.queuedAtMs),
    scaleSetAssignTime: wireTime(job.assignedAtMs),
    runnerAssignTime: wireTime(job.startedAtMs),
    finishTime: wireTime(job.finishedAtMs),
    ...extra,
  });
  context.touched.add(set);
}

/** The repository a job is said to come from when nobody named one. */
export function repositoryIn(set: ScaleSetRow): string {
  if (set.scope.kind === "repo") return set.scope.path;
  return `${set.scope.path.replace(/^enterprises\//i, "")}/app`;
}

function wireTime(atMs: number | undefined): string {
  return atMs === undefined ? unsetTime : new Date(atMs).toISOString();
}
