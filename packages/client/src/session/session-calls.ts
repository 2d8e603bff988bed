import { isScaleSetError } from "../errors.js";
import type { Delivered } from "../http/sender.js";
import { type ActionsService, SCALE_SETS } from "../service/actions-service.js";
import { NIL_UUID, session, type WireSession } from "../wire/session.js";

export interface SessionIdentity {
  readonly scaleSetId: number;
  /** Undefined where only the id is known. */
  readonly owner: string | undefined;
  readonly sessionId: string;
}

/** Not repeated where it might have happened: the second would meet a conflict with the first. */
export function createSession(
  service: ActionsService,
  request: { readonly scaleSetId: number; readonly owner: string; readonly signal: AbortSignal | undefined },
): Promise<Delivered<WireSession>> {
  const { scaleSetId, owner, signal } = request;
  return service.call({
    operation: "openMessageSession",
    method: "POST",
    path: `${SCALE_SETS}/${scaleSetId}/sessions`,
    body: JSON.stringify({ sessionId: NIL_UUID, ownerName: owner }),
    repeat: "uncommitted",
    success: 200,
    decode: (_, body) => session(body()),
    scaleSetId,
    owner,
    signal,
  });
}

export function refreshSession(
  service: ActionsService,
  identity: SessionIdentity,
  signal: AbortSignal,
): Promise<Delivered<WireSession>> {
  return service.call({
    operation: "refreshMessageSession",
    method: "PATCH",
    path: sessionPath(identity),
    repeat: "safe",
    success: 200,
    decode: (_, body) => session(body()),
    scaleSetId: identity.scaleSetId,
    owner: identity.owner,
    signal,
  });
}

/** Closes a session; that it is gone already is as good. */
export async function deleteSession(
  service: ActionsService,
  identity: SessionIdentity,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await service.call({
      operation: "closeMessageSession",
      method: "DELETE",
      path: sessionPath(identity),
      repeat: "safe",
      success: [204, 200],
      decode: () => undefined,
      scaleSetId: identity.scaleSetId,
      owner: identity.owner,
      signal,
    });
  } catch (error) {
    const gone = ["SESSION_EXPIRED", "SCALE_SET_NOT_FOUND", "NOT_FOUND"] as const;
    if (!gone.some((code) => isScaleSetError(error, code))) throw error;
  }
}

function sessionPath({ scaleSetId, sessionId }: SessionIdentity): string {
  return `${SCALE_SETS}/${scaleSetId}/sessions/${encodeURIComponent(sessionId)}`;
}
