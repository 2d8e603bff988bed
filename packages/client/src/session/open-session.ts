import { publish } from "../diagnostics.js";
import { ScaleSetError } from "../errors.js";
import { tell } from "../observer.js";
import type { ActionsService } from "../service/actions-service.js";
import type { OpenSessionOptions } from "../types.js";
import { MessageSession } from "./message-session.js";
import { createSession, deleteSession, type SessionIdentity } from "./session-calls.js";

/** Opens a session, or fails whole: one without a queue, an id or statistics is closed again (F5). */
export async function openSession(
  service: ActionsService,
  scaleSetId: number,
  options: OpenSessionOptions,
): Promise<MessageSession> {
  const { owner, signal, onAnswered, onLost } = options;
  const { value, heldMs, sentAt } = await createSession(service, { scaleSetId, owner, signal });
  const { sessionId, queueUrl, queueToken, statistics } = value;
  if (sessionId === undefined || queueUrl === undefined || queueToken === undefined || statistics === undefined) {
    if (sessionId !== undefined) await discard(service, { scaleSetId, owner, sessionId });
    throw new ScaleSetError("SESSION_UNUSABLE", "the session was opened without a queue, an id or statistics", {
      operation: "openMessageSession",
    });
  }
  tell(service.sender.logger, () => onAnswered?.({ call: "open", heldMs, sentAt }));
  publish("session", () => ({ event: "opened", owner, scaleSetId, sessionId }));
  const queue = { url: queueUrl, token: queueToken };
  return new MessageSession(service, { scaleSetId, owner, sessionId, queue, statistics, onAnswered, onLost });
}

/** Else the next attempt would meet a conflict with it. That it fails is told by that conflict. */
async function discard(service: ActionsService, identity: SessionIdentity): Promise<void> {
  const { clock, timings, logger } = service.sender;
  using deadline = clock.deadline(timings.closeDeadlineMs);
  await deleteSession(service, identity, deadline.signal).catch((error: unknown) => {
    logger.debug({ err: error }, "a session of no use could not be closed");
  });
}
