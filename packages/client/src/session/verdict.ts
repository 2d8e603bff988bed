import { isScaleSetError, type ScaleSetError } from "../errors.js";

/**
 * What to do about a session whose call failed:
 * - `retry`: the same call again, session and cursor kept (F2);
 * - `reopen`: another session of the same scale set, cursor kept (F3);
 * - `resolve`: the scale set is gone, find it (F4);
 * - `stop`: no wait mends it.
 */
export type Verdict = "retry" | "reopen" | "resolve" | "stop";

/** After so many refusals in a row that name no reason, the session is taken for gone. */
const VAGUE_REFUSALS = 3;

/** `failures`: calls in a row that failed, this one included. */
export function verdictOf(error: unknown, failures: number): Verdict {
  if (!isScaleSetError(error)) return "retry";
  switch (error.code) {
    case "CONFIG":
    case "CLOSED":
      return "stop";
    case "SCALE_SET_NOT_FOUND":
      return "resolve";
    case "SESSION_EXPIRED":
    case "SESSION_CONFLICT":
    case "QUEUE_TOKEN_EXPIRED":
    case "SESSION_UNUSABLE":
      return "reopen";
    case "NOT_FOUND":
    case "FORBIDDEN":
    case "BAD_REQUEST":
    case "CONFLICT":
      // A gateway in between can say these too, for a moment.
      return failures >= VAGUE_REFUSALS ? "reopen" : "retry";
    default:
      return "retry";
  }
}

/** Whether a poll that was held ended because something between us and the service cut it off. */
export function isCutOff(error: unknown): boolean {
  if (!isScaleSetError(error) || error.retryAfterMs !== undefined) return false;
  return ["NETWORK", "PROTOCOL", "SERVER_ERROR"].includes(error.code);
}

/** Whether doing the same again could help a call that is not about the session. */
export function isFinal(error: unknown): boolean {
  if (!isScaleSetError(error) || error.retryable) return false;
  return ["BAD_REQUEST", "NOT_FOUND", "CONFLICT", "CONFIG"].includes(error.code);
}

/** Attempts until a refusal for good is believed. One that names no reason may be a gateway's, for a moment. */
export function patienceWith(error: unknown): number {
  return isScaleSetError(error, "NOT_FOUND") || isScaleSetError(error, "CONFLICT") ? VAGUE_REFUSALS : 1;
}

/** Who holds the session, from the conflict's text; the service leaves it out at times. */
export function holderOf(conflict: ScaleSetError): string | undefined {
  const holder = /active session for owner\s+(\S.*?)\.?\s*$/i.exec(conflict.serviceMessage ?? "")?.[1];
  return holder === "." ? undefined : holder;
}
