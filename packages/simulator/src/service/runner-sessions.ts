import { randomHex } from "../time/random.js";
import { after, type Context, uuid } from "./context.js";
import { Refusal } from "./refusal.js";
import { dropRegistration, endRunnerSession, expectJob, recordRunner } from "./runners.js";
import type { RunnerRow, RunnerSessionRow } from "./state.js";

/** A runner comes online: it can have one session at a time, and none once its registration is gone. */
export function openRunnerSession(
  context: Context,
  runner: RunnerRow,
  ownerName: string,
  legacyId?: string,
): RunnerSessionRow {
  refuseSession(runner);
  const session: RunnerSessionRow = {
    id: legacyId ?? uuid(context),
    legacy: legacyId !== undefined,
    runner,
    openedAtMs: context.now(),
    ownerName,
    lastSeenAtMs: context.now(),
    heldPolls: 0,
    cancellationSent: false,
    nextMessageId: 1,
  };
  runner.session = session;
  runner.everOnline = true;
  context.state.runnerSessions.set(session.id, session);
  context.touched.add(runner.scaleSet);
  recordRunner(context, runner, "online", "it opened a session");
  expectJob(context, runner);
  if (runner.droppedAfterMs !== undefined) {
    after(context, runner.droppedAfterMs, () => dropRegistration(context, runner, "the service dropped it"));
  }
  watchForSilence(context, session);
  return session;
}

/** A runner asks at the old API. It is not online by that: a newer one goes on to the broker for a session of its own. */
export function startLegacySession(context: Context, runner: RunnerRow): { readonly id: string; readonly key: string } {
  refuseSession(runner);
  const id = uuid(context);
  runner.legacySessionId = id;
  return { id, key: Buffer.from(randomHex(context.random, 32), "hex").toString("base64") };
}

/** An older runner polls the old queue with the session that it got there, and is online by that. */
export function openLegacySession(context: Context, runner: RunnerRow, id: string): void {
  if (runner.legacySessionId !== id || runner.session !== undefined || runner.removed) return;
  openRunnerSession(context, runner, "RUNNER", id);
}

function refuseSession(runner: RunnerRow): void {
  if (runner.removed) throw new Refusal("TaskAgentNotFoundException", `The runner ${runner.name} was not found.`);
  if (runner.session === undefined) return;
  throw new Refusal(
    "TaskAgentSessionConflictException",
    `The runner ${runner.name} already has an active session for owner ${runner.session.ownerName}.`,
  );
}

/** The live session with this id of this runner. */
export function runnerSession(context: Context, runner: RunnerRow, sessionId: string): RunnerSessionRow {
  const session = context.state.runnerSessions.get(sessionId);
  if (session !== undefined && session.runner === runner) return session;
  if (runner.removed) {
    const loops = context.options.orphanedRunners === "loop" && runner.scaleSet.deleted;
    throw new Refusal(
      loops ? "RunnerLoopsException" : "TaskAgentNotFoundException",
      `The registration of runner ${runner.name} was not found.`,
    );
  }
  throw new Refusal("TaskAgentSessionExpiredException", `The runner ${runner.name} has no session ${sessionId}.`);
}

export function beginRunnerPoll(context: Context, session: RunnerSessionRow): void {
  session.lastSeenAtMs = context.now();
  session.heldPolls += 1;
}

export function endRunnerPoll(context: Context, session: RunnerSessionRow): void {
  session.lastSeenAtMs = context.now();
  session.heldPolls -= 1;
}

function watchForSilence(context: Context, session: RunnerSessionRow): void {
  const silentMs = session.heldPolls > 0 ? 0 : context.now() - session.lastSeenAtMs;
  after(context, context.options.runnerTimeoutMs - silentMs, () => {
    if (!context.state.runnerSessions.has(session.id)) return;
    const silent = session.heldPolls === 0 && context.now() - session.lastSeenAtMs >= context.options.runnerTimeoutMs;
    if (silent) endRunnerSession(context, session, "no poll for too long");
    else watchForSilence(context, session);
  });
}
