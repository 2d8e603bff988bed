import type { Answer } from "./connection.js";
import { objectIn } from "./connection.js";
import type { Conclusion, JobRequest } from "./job-request.js";
import { failed, type ListenerOptions, poll } from "./listening.js";
import { joinSignals } from "./signals.js";

const renewEveryMs = 60_000;

/** Runs a job: renews the hold on it, listens for its cancellation, does the work, reports how it ended. */
export async function runJob(
  options: ListenerOptions,
  { job, sessionId }: { readonly job: JobRequest; readonly sessionId: string },
): Promise<void> {
  const { stop, death, log, worker } = options;
  const cancel = new AbortController();
  const over = new AbortController();
  using work = joinSignals(cancel.signal, stop, death);
  using joinedAside = joinSignals(over.signal, death);
  const aside = joinedAside.signal;
  log(`Running job: ${job.displayName}`);
  const first = await tell(options, job, { path: "renewjob", signal: death });
  if (first?.status !== 200) {
    log("The job is not this runner's any more.");
    return;
  }
  const renewing = keepRenewing(options, {
    job,
    signal: aside,
    abandon: () => cancel.abort(new Error("lost the job")),
  });
  const listening = listenForCancel(options, {
    job,
    sessionId,
    signal: aside,
    cancel: () => cancel.abort(new Error("cancelled")),
  });
  const crashing =
    options.behaviour.crashAfterMs === undefined
      ? undefined
      : options.clock.sleep(options.behaviour.crashAfterMs, { signal: aside }).then(options.crash, () => undefined);
  let conclusion: Conclusion;
  try {
    conclusion = await worker(job, { signal: work.signal });
  } finally {
    over.abort(new Error("the job is over"));
    await Promise.all([renewing, listening, crashing]);
  }
  if (death.aborted) throw death.reason;
  await options.sendLogs?.(job, { signal: death });
  await report(options, { job, conclusion });
  log(`Job ${job.displayName} completed with result: ${conclusion}`);
}

async function keepRenewing(
  options: ListenerOptions,
  { job, signal, abandon }: { job: JobRequest; signal: AbortSignal; abandon: () => void },
): Promise<void> {
  try {
    for (;;) {
      await options.clock.sleep(renewEveryMs, { signal });
      const answer = await tell(options, job, { path: "renewjob", signal });
      if (answer?.status === 200) continue;
      return abandon();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function listenForCancel(
  options: ListenerOptions,
  { job, sessionId, signal, cancel }: { job: JobRequest; sessionId: string; signal: AbortSignal; cancel: () => void },
): Promise<void> {
  const { connection, clock, random } = options;
  try {
    while (!signal.aborted) {
      const answer = await poll(connection, { sessionId, status: "Busy", signal }).catch((error: unknown) =>
        failed(error, signal),
      );
      if (answer === undefined || answer instanceof Error || answer.status >= 400) {
        await clock.sleep(5_000 + random() * 10_000, { signal });
        continue;
      }
      const { messageType, body } = answer.json;
      if (messageType === "JobCancellation" && typeof body === "string" && objectIn(body)["jobId"] === job.jobId)
        cancel();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function report(
  options: ListenerOptions,
  { job, conclusion }: { job: JobRequest; conclusion: Conclusion },
): Promise<void> {
  const stepResults = job.steps.map((step, index) => ({
    external_id: step.id,
    number: index + 1,
    name: step.name,
    status: "completed",
    conclusion,
  }));
  const body = { conclusion, outputs: {}, stepResults, annotations: [], telemetry: [] };
  await tell(options, job, { path: "completejob", signal: options.death, body });
}

/** A call about the job with the job's own token, tried five times; 401 and 404 are answers. */
async function tell(
  { connection, clock, random }: ListenerOptions,
  job: JobRequest,
  { path, signal, body = {} }: { path: string; signal: AbortSignal; body?: Record<string, unknown> },
): Promise<Answer | undefined> {
  const url = new URL(path, job.url).href;
  for (let attempt = 1; ; attempt++) {
    const answer = await connection
      .callWith(job.token, { method: "POST", url, body: { planId: job.planId, jobId: job.jobId, ...body }, signal })
      .catch((error: unknown) => failed(error, signal));
    if (answer instanceof Error) return undefined;
    if (answer !== undefined && answer.status < 500) return answer;
    if (attempt === 5) return undefined;
    await clock.sleep(5_000 + random() * 10_000, { signal });
  }
}
