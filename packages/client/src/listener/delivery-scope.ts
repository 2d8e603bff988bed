import type { MessageSession } from "../session/message-session.js";

/** The session that a message came by. */
export interface DeliveryScope {
  readonly session: MessageSession;
  readonly generation: number;
  /** Ends with the session. */
  readonly signal: AbortSignal;
  /** Ends with the listener: a handler at work outlives its session. */
  readonly stopping: AbortSignal;
}
