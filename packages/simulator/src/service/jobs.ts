import { after, type Context, nextId, noTimer, uuid } from "./context.js";
import { tell } from "./job-messages.js";
import type { JobEnd, JobResult, JobRow, JobSpec, ScaleSetRow } from "./state.js";

/** Waits from queueing to starting that are kept, at least. */
const waitsKept = 10_000;

/** Queues a job. Whoever may take it gets it when the present step ends. */
export function queueJob(context: Context, spec: JobSpec, workflowRunId?: string): JobRow {
  const id = nextId(context);
  const job: JobRow = {
    id,
    workflowRunId: workflowRunId ?? wireId(context, id),
    spec,
    queuedAtMs: context.now(),
    attempt: 1,
    lapses: 0,
    jobId: uuid(context),
    runnerRequestId: "0",
    state: "queued",
    scaleSet: undefined,
    runner: undefined,
    assignedAtMs: undefined,
    matchedAtMs: undefined,
    startedAtMs: undefined,
    finishedAtMs: undefined,
    firstStartedAtMs: undefined,
    starts: 0,
    cancelAsked: false,
    falselyCompleted: false,
    lockedUntilMs: 0,
    planId: uuid(context),
    timelineId: uuid(context),
    result: undefined,
    end: undefined,
    stopTimer: noTimer,
  };
  context.state.jobs.set(id, job);
  context.state.tally.queued += 1;
  enqueue(context, job, "somebody asked");
  return job;
}

/**
 * Whether this set may run this job: labels, name, id, scope and runner group, each if the job asks for it. Of several
 * sets that may, the oldest that has room gets it: jobs go to sets in the order in which the sets were created.
 */
function mayRun(set: ScaleSetRow, spec: JobSpec): boolean {
  if (spec.scaleSetId !== undefined && spec.scaleSetId !== set.id) return false;
  if (spec.scaleSetName !== undefined && spec.scaleSetName.toLowerCase() !== set.name.toLowerCase()) return false;
  if (!spec.runsOn.every((label) => set.labels.some(({ name }) => name.toLowerCase() === label.toLowerCase())))
    return false;
  const visible = set.scope.groups.get(set.runnerGroupId)?.repositories;
  if (visible !== undefined && spec.repository !== undefined && !visible.has(spec.repository.toLowerCase()))
    return false;
  if (spec.repository === undefined || set.scope.kind === "enterprise") return true;
  const repository = spec.repository.toLowerCase();
  return set.scope.kind === "repo"
    ? set.scope.key === `repo:${repository}`
    : set.scope.key === `org:${repository.split("/")[0]}`;
}

/** Gives the set as many of the jobs that wait as it announced capacity for, oldest first; offers may go beyond that. */
export function takeJobs(context: Context, set: ScaleSetRow): void {
  const { assignment, offersBeyondAnnounced } = context.options;
  const capacity = set.session?.capacity ?? 0;
  const most = capacity > 0 && assignment === "acquire" ? capacity + offersBeyondAnnounced : capacity;
  while (set.available.size + set.assigned.size + set.running.size < most) {
    const job = oldestFor(context, set);
    if (job === undefined) return;
    leaveBacklog(context, job);
    job.scaleSet = set;
    if (assignment === "direct") assign(context, set, job, "the set announced room for it");
    else offer(context, set, job);
  }
}

/** Grants those of the offered jobs that are still to be had, and answers their ids. */
export function acquireJobs(context: Context, set: ScaleSetRow, requestIds: readonly string[]): string[] {
  const wanted = new Set(requestIds);
  const granted: string[] = [];
  for (const job of [...set.available]) {
    if (!wanted.has(job.runnerRequestId)) continue;
    set.available.delete(job);
    granted.push(job.runnerRequestId);
    assign(context, set, job, "the client acquired it");
  }
  return granted;
}

/** Offers nobody answered go back to whoever else may take them; done when a session ends. */
export function withdrawOffers(context: Context, set: ScaleSetRow): void {
  for (const job of [...set.available]) abandonByService(context, job, "its session ended");
}

/** Jobs that wait for a runner go back to whoever else may take them; done when a session ends, where the rules say so. */
export function freeAssigned(context: Context, set: ScaleSetRow): void {
  for (const job of [...set.assigned]) {
    if (job.runner === undefined) abandonByService(context, job, "the session of its scale set ended");
  }
}

/** Takes a job that no runner has from its set and queues it again. */
export function abandonByService(context: Context, job: JobRow, cause: string): void {
  leaveSet(job);
  if (job.state === "assigned") newAttempt(context, job);
  enqueue(context, job, cause);
}

/** A job that was matched with a runner waits for another one. */
export function returnToWaiting(context: Context, job: JobRow, cause: string): void {
  job.runner = undefined;
  job.matchedAtMs = undefined;
  record(context, job, "unmatched", cause);
  watchForLapse(context, job);
  if (job.scaleSet !== undefined) context.touched.add(job.scaleSet);
}

/** Ends a job for good. `end` says how it counts. */
export function endJob(
  context: Context,
  job: JobRow,
  { result, end, cause }: { result: JobResult; end: JobEnd; cause: string },
): void {
  const { scaleSet: set, runner } = job;
  leaveBacklog(context, job);
  leaveSet(job);
  job.stopTimer();
  if (job.state === "stranded") context.state.tally.stranded -= 1;
  job.state = "completed";
  job.result = result;
  job.end = end;
  job.finishedAtMs = context.now();
  if (set !== undefined && !job.falselyCompleted) {
    tell(context, set, job, "JobCompleted", { result, runnerId: runner?.id ?? 0, runnerName: runner?.name ?? "" });
  }
  context.state.jobsByJobId.delete(job.jobId);
  count(context, job, result, end);
  record(context, job, "completed", `${result}: ${cause}`, { end });
  context.retired.attempts.add(job.jobId);
  context.retired.jobs.add(job);
}

export function record(
  context: Context,
  job: JobRow,
  event: string,
  cause: string,
  more: { readonly end?: JobEnd } = {},
): void {
  context.journal.record({
    subject: "job",
    event,
    cause,
    job: job.id,
    jobId: job.jobId,
    ...(job.scaleSet === undefined ? {} : { scaleSetId: job.scaleSet.id }),
    ...(job.runner === undefined ? {} : { runnerId: job.runner.id, runnerName: job.runner.name }),
    ...more,
  });
}

function enqueue(context: Context, job: JobRow, cause: string): void {
  const sets = [...context.state.scaleSets.values()].filter((set) => mayRun(set, job.spec));
  job.stopTimer();
  job.scaleSet = undefined;
  if (context.options.strandOnZeroCapacity && sets.some(refusesAll) && sets.every((set) => !takesSome(set))) {
    job.state = "stranded";
    context.state.tally.stranded += 1;
    record(context, job, "stranded", "its scale set announced capacity 0");
    return;
  }
  job.state = "queued";
  context.state.jobsByJobId.set(job.jobId, job);
  const key = backlogKey(job.spec);
  const bucket = context.state.backlog.get(key);
  if (bucket === undefined) context.state.backlog.set(key, new Set([job]));
  else bucket.add(job);
  for (const set of sets) context.touched.add(set);
  record(context, job, "queued", cause);
}

function refusesAll(set: ScaleSetRow): boolean {
  return set.session?.capacity === 0;
}

function takesSome(set: ScaleSetRow): boolean {
  return set.session !== undefined && set.session.capacity !== 0;
}

function oldestFor(context: Context, set: ScaleSetRow): JobRow | undefined {
  let oldest: JobRow | undefined;
  for (const bucket of context.state.backlog.values()) {
    const [first] = bucket;
    if (first !== undefined && mayRun(set, first.spec) && (oldest === undefined || first.id < oldest.id))
      oldest = first;
  }
  return oldest;
}

function offer(context: Context, set: ScaleSetRow, job: JobRow): void {
  job.state = "available";
  job.runnerRequestId = wireId(context, nextId(context));
  set.available.add(job);
  tell(context, set, job, "JobAvailable");
  record(context, job, "offered", "the set announced room for it");
  job.stopTimer = after(context, context.options.lapseMs, () => abandonByService(context, job, "nobody acquired it"));
}

function assign(context: Context, set: ScaleSetRow, job: JobRow, cause: string): void {
  job.state = "assigned";
  job.assignedAtMs = context.now();
  set.assigned.add(job);
  tell(context, set, job, "JobAssigned");
  record(context, job, "assigned", cause);
  watchForLapse(context, job);
}

function watchForLapse(context: Context, job: JobRow): void {
  const waitedMs = context.now() - (job.assignedAtMs ?? context.now());
  job.stopTimer();
  job.stopTimer = after(context, context.options.lapseMs - waitedMs, () => lapse(context, job));
}

/** No runner took the job in time: its assignment is cancelled, and it is assigned again later, or given up. */
function lapse(context: Context, job: JobRow): void {
  const delayMs = context.options.requeueDelaysMs[job.lapses];
  job.lapses += 1;
  context.state.tally.lapsed += 1;
  if (delayMs === undefined) {
    endJob(context, job, { result: "canceled", end: "lost", cause: "no runner took any of its attempts" });
    return;
  }
  const { scaleSet: set } = job;
  job.finishedAtMs = context.now();
  if (set !== undefined) tell(context, set, job, "JobCompleted", { result: "canceled", runnerId: 0, runnerName: "" });
  record(context, job, "lapsed", "no runner took it in time");
  leaveSet(job);
  job.state = "waiting";
  newAttempt(context, job);
  job.stopTimer = after(context, delayMs, () => enqueue(context, job, "assigned again after a lapse"));
}

function newAttempt(context: Context, job: JobRow): void {
  context.state.jobsByJobId.delete(job.jobId);
  context.retired.attempts.add(job.jobId);
  job.attempt += 1;
  job.jobId = uuid(context);
  job.runnerRequestId = "0";
  job.scaleSet = undefined;
  job.assignedAtMs = undefined;
  job.finishedAtMs = undefined;
  job.starts = 0;
}

function leaveBacklog(context: Context, job: JobRow): void {
  const key = backlogKey(job.spec);
  const bucket = context.state.backlog.get(key);
  if (bucket?.delete(job) && bucket.size === 0) context.state.backlog.delete(key);
}

export function leaveSet(job: JobRow): void {
  const { scaleSet: set } = job;
  set?.available.delete(job);
  set?.assigned.delete(job);
  set?.running.delete(job);
}

function backlogKey({ scaleSetId, scaleSetName, runsOn, repository }: JobSpec): string {
  return JSON.stringify([scaleSetId, scaleSetName, runsOn, repository]);
}

function wireId(context: Context, id: number): string {
  return context.options.largeIds ? String(2n ** 53n + 1n + BigInt(id) * 2n) : String(id);
}

function count(context: Context, job: JobRow, result: JobResult, end: JobEnd): void {
  const { tally } = context.state;
  if (end === "lost") tally.lost += 1;
  else if (end === "host-died") tally.hostDied += 1;
  else if (end === "cancelled" || result === "canceled") tally.cancelled += 1;
  else if (result === "succeeded") tally.succeeded += 1;
  else tally.failed += 1;
  if (job.firstStartedAtMs === undefined) return;
  tally.queueToStartMs.push(job.firstStartedAtMs - job.queuedAtMs);
  if (tally.queueToStartMs.length > 2 * waitsKept) tally.queueToStartMs.splice(0, waitsKept);
}

/** Jobs that have not ended and still can. */
export function openJobs({ state: { tally } }: Context): number {
  const ended = tally.succeeded + tally.failed + tally.cancelled + tally.lost + tally.hostDied;
  return tally.queued - ended - tally.stranded;
}
