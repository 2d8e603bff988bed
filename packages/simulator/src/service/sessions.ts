import { after, type Context, uuid } from "./context.js";
import { freeAssigned, withdrawOffers } from "./jobs.js";
import { Refusal } from "./refusal.js";
import type { ScaleSetRow, SessionRow } from "./state.js";

/** Opens the one session that a scale set can have. */
export function openSession(context: Context, set: ScaleSetRow, ownerName: string): SessionRow {
  if (set.session !== undefined) {
    throw new Refusal(
      "RunnerScaleSetSessionConflictException",
      `The runner scale set ${set.name} already has an active session${
        context.options.conflictNamesOwner ? ` for owner ${set.session.ownerName}` : ""
      }.`,
    );
  }
  const now = context.now();
  const session: SessionRow = {
    id: uuid(context),
    scaleSet: set,
    ownerName,
    openedAtMs: now,
    lastSeenAtMs: now,
    heldPolls: 0,
    capacity: undefined,
    refreshes: 0,
    queueNumber: 0,
    ended: undefined,
  };
  set.session = session;
  context.state.sessions.set(session.id, session);
  record(context, session, "opened", "the client asked");
  watchForSilence(context, session);
  return session;
}

/**
 * The session of a process that was killed: nobody polls, and the service keeps it alive so long all the same (F1). It
 * takes the place of one that lives.
 */
export function leaveStaleSession(
  context: Context,
  set: ScaleSetRow,
  { ownerName, forMs }: { readonly ownerName: string; readonly forMs: number },
): void {
  if (set.session !== undefined) endSession(context, set.session, "expired", "the service ended it");
  const session = openSession(context, set, ownerName);
  session.heldPolls += 1;
  after(context, forMs, () => endSession(context, session, "expired", "the service ended it"));
}

/** The live session with this id of this set, or the refusal that tells what became of it. */
export function sessionOf(context: Context, set: ScaleSetRow, sessionId: string): SessionRow {
  const session = context.state.sessions.get(sessionId);
  if (session === undefined || session.scaleSet !== set || session.ended === "closed") {
    throw new Refusal("RunnerAdminException", `The runner scale set has no session ${sessionId}.`);
  }
  if (session.ended === "expired") {
    throw new Refusal("RunnerScaleSetSessionExpiredException", `The session ${sessionId} has expired.`);
  }
  return session;
}

/** A sign of life, which keeps the session from expiring. */
export function touchSession(context: Context, session: SessionRow): void {
  session.lastSeenAtMs = context.now();
}

/** A refresh: a sign of life, and where the rules say so the end of the held poll or another queue URL. */
export function refreshSession(context: Context, session: SessionRow): void {
  touchSession(context, session);
  const { refreshMovesQueue, refreshEndsPoll } = context.options;
  if (refreshMovesQueue) session.queueNumber += 1;
  if (!refreshEndsPoll) return;
  session.refreshes += 1;
  context.touched.add(session.scaleSet);
}

/** A poll begins: while it is held, the session lives. What it announces is the set's capacity from now on. */
export function beginPoll(context: Context, session: SessionRow, capacity: number): void {
  touchSession(context, session);
  session.heldPolls += 1;
  if (session.capacity !== capacity) {
    session.capacity = capacity;
    context.touched.add(session.scaleSet);
    const announced = Number.isFinite(capacity) ? { capacity } : {};
    record(
      context,
      session,
      "capacity",
      `the poll announced ${"capacity" in announced ? capacity : "none"}`,
      announced,
    );
  }
}

export function endPoll(context: Context, session: SessionRow): void {
  touchSession(context, session);
  session.heldPolls -= 1;
}

/** Ends a session. Nothing more is assigned to its set until another one polls. */
export function endSession(context: Context, session: SessionRow, how: "closed" | "expired", cause: string): void {
  if (session.ended !== undefined) return;
  session.ended = how;
  if (session.scaleSet.session === session) session.scaleSet.session = undefined;
  context.touched.add(session.scaleSet);
  record(context, session, how, cause);
  withdrawOffers(context, session.scaleSet);
  if (context.options.assignedWithoutSession === "freed") freeAssigned(context, session.scaleSet);
  context.retired.sessions.add(session);
}

function watchForSilence(context: Context, session: SessionRow): void {
  const silentMs = session.heldPolls > 0 ? 0 : context.now() - session.lastSeenAtMs;
  after(context, context.options.sessionTimeoutMs - silentMs, () => {
    if (session.ended !== undefined) return;
    const expired = session.heldPolls === 0 && context.now() - session.lastSeenAtMs >= context.options.sessionTimeoutMs;
    if (expired) endSession(context, session, "expired", "no poll for too long");
    else watchForSilence(context, session);
  });
}

function record(
  context: Context,
  session: SessionRow,
  event: string,
  cause: string,
  more: { readonly capacity?: number } = {},
): void {
  context.journal.record({
    subject: "session",
    event,
    cause,
    sessionId: session.id,
    scaleSetId: session.scaleSet.id,
    ...more,
  });
}
