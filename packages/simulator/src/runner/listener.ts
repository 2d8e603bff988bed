import { type Answer, NotRegistered, objectIn, type RunnerConnection, runnerVersion } from "./connection.js";
import { exitCodes } from "./exit-codes.js";
import { type JobRequest, readJobRequest } from "./job-request.js";
import { runJob } from "./job-run.js";
import { closeSession, failed, type ListenerOptions, messageQuery, poll } from "./listening.js";
import { joinSignals } from "./signals.js";

const conflictPatienceMs = 240_000;
const pollAttempts = 50;

/** A runner's life: session, at most one job, end. Answers the listener's exit code. */
export async function listen(options: ListenerOptions): Promise<number> {
  const { clock, behaviour, stop, death } = options;
  using joined = joinSignals(stop, death);
  const end = joined.signal;
  const session: OwnSession = { maybeOpen: false };
  try {
    if (behaviour.startDelayMs) await clock.sleep(behaviour.startDelayMs, { signal: end });
    while (behaviour.neverOnline) await clock.sleep(86_400_000, { signal: end });
    const opened = await openSession(options, { session, signal: end });
    if (typeof opened === "number") return opened;
    options.log("Connected to GitHub");
    options.log("Listening for Jobs");
    if (behaviour.outdated) return exitCodes.versionDeprecated;
    return await inSession(options, { session, sessionId: opened, end });
  } catch (error) {
    if (death.aborted) throw death.reason;
    if (!stop.aborted) throw error;
    // Told to end while the answer was under way, it has a session that it does not know of.
    if (session.maybeOpen) await closeSession(options);
    return exitCodes.success;
  }
}

/** Whether there may be a session of this runner's own: from asking for one until somebody says that there is none. */
interface OwnSession {
  maybeOpen: boolean;
}

/** Opens the session, waiting out what may pass. */
async function openSession(
  { connection, clock, log }: ListenerOptions,
  { session, signal }: { readonly session: OwnSession; readonly signal: AbortSignal },
): Promise<string | number> {
  const startedMs = clock.monotonic();
  for (;;) {
    session.maybeOpen = true;
    const answer = await connection
      .call("POST", "session", { body: sessionBody(connection), signal })
      .catch((error: unknown) => failed(error, signal));
    if (answer instanceof NotRegistered) {
      log("The registration of this runner has been deleted from the server.");
      return exitCodes.terminated;
    }
    const sessionId = answer?.json["sessionId"];
    if (answer?.status === 200 && typeof sessionId === "string") return sessionId;
    if (answer !== undefined) session.maybeOpen = false;
    if (answer?.status === 401 || answer?.status === 403) return exitCodes.terminated;
    if (answer?.status === 409 && clock.monotonic() - startedMs >= conflictPatienceMs) return exitCodes.sessionConflict;
    log(`No session yet (${answer?.status ?? "no answer"}), trying again in 30 s`);
    await clock.sleep(30_000, { signal });
  }
}

async function inSession(
  options: ListenerOptions,
  { session, sessionId, end }: { readonly session: OwnSession; readonly sessionId: string; readonly end: AbortSignal },
): Promise<number> {
  const { connection, clock, behaviour, random, log } = options;
  const onlineMs = clock.monotonic();
  let id = sessionId;
  for (let failures = 0; failures < pollAttempts; ) {
    const patienceMs = behaviour.exitIdleAfterMs;
    const leftMs = patienceMs === undefined ? 0 : patienceMs - (clock.monotonic() - onlineMs);
    if (patienceMs !== undefined && leftMs <= 0) return exitCodes.success;
    using patience = patienceMs === undefined ? undefined : clock.deadline(leftMs, { signal: end });
    const answer = await poll(connection, { sessionId: id, status: "Online", signal: patience?.signal ?? end }).catch(
      (error: unknown) => failed(error, end),
    );
    if (end.aborted) break;
    if (patience?.signal.aborted) return exitCodes.success;
    const kind = answer instanceof NotRegistered ? undefined : answer?.json["errorKind"];
    const gone = kind === "RunnerNotFound" || answer instanceof NotRegistered;
    while (gone && behaviour.outlivesRegistration) await clock.sleep(86_400_000, { signal: end });
    if (kind === "RunnerNotFound") {
      log("The registration of this runner is gone.");
      return exitCodes.success;
    }
    if (kind === "RunnerVersionTooOld") return exitCodes.versionDeprecated;
    if (kind === "RunnerSessionInvalid") {
      const again = await openSession(options, { session, signal: end });
      if (typeof again === "number") return again;
      id = again;
      continue;
    }
    if (answer === undefined || answer instanceof NotRegistered || answer.status >= 400) {
      failures += 1;
      await clock.sleep(5_000 + random() * 10_000, { signal: end });
      continue;
    }
    failures = 0;
    const job = await takeJob(options, { sessionId: id, answer, signal: end });
    if (job === undefined) continue;
    await runJob(options, { job, sessionId: id });
    if (behaviour.lingerMs) await clock.sleep(behaviour.lingerMs, { signal: options.death });
    await closeSession(options);
    return exitCodes.success;
  }
  if (options.death.aborted) throw options.death.reason;
  if (!options.stop.aborted) return exitCodes.retryable;
  await closeSession(options);
  return exitCodes.success;
}

/** Acknowledges and acquires the job that a message speaks of; nothing if the message speaks of none, or it is gone. */
async function takeJob(
  { connection, clock, random, log }: ListenerOptions,
  { sessionId, answer, signal }: { sessionId: string; answer: Answer; signal: AbortSignal },
): Promise<JobRequest | undefined> {
  if (answer.json["messageType"] !== "RunnerJobRequest" || typeof answer.json["body"] !== "string") return undefined;
  const body = objectIn(answer.json["body"]);
  const runnerRequestId = body["runner_request_id"];
  if (body["should_acknowledge"] === true) {
    const path = `acknowledge?${messageQuery(sessionId, "Online")}`;
    const told = await connection
      .call("POST", path, { body: { runnerRequestId }, signal })
      .catch((error: unknown) => failed(error, signal));
    if (!(told instanceof NotRegistered) && told?.json["errorKind"] === "AcknowledgeJobNotFound") return undefined;
  }
  for (let attempt = 0; attempt < 5; attempt++) {
    const url = new URL("acquirejob", String(body["run_service_url"])).href;
    const acquired = await connection
      .call("POST", url, { body: { jobMessageId: runnerRequestId, runnerOS: "Linux", billingOwnerId: "" }, signal })
      .catch((error: unknown) => failed(error, signal));
    if (acquired instanceof NotRegistered) return undefined;
    if (acquired?.status === 200) return readJobRequest(acquired.json);
    if (acquired !== undefined && [404, 409, 422].includes(acquired.status)) {
      log("The job is not to be had any more.");
      await clock.sleep(1_000, { signal });
      return undefined;
    }
    await clock.sleep(5_000 + random() * 10_000, { signal });
  }
  return undefined;
}

function sessionBody({ config }: RunnerConnection): Record<string, unknown> {
  return {
    sessionId: "00000000-0000-0000-0000-000000000000",
    ownerName: `${config.agentName} (simulated)`,
    agent: { id: Number(config.agentId), name: config.agentName, version: runnerVersion, osDescription: "simulated" },
    useFipsEncryption: false,
  };
}
