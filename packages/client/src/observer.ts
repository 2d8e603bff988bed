import type { Operation, ScaleSetErrorCode } from "./errors.js";
import type { Logger } from "./logger.js";

/** One request and how it ended. */
export interface Attempt {
  readonly operation: Operation;
  /** 1 for the first. */
  readonly attempt: number;
  readonly durationMs: number;
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
  /** Undefined when it succeeded. */
  readonly code: ScaleSetErrorCode | undefined;
  /** How long until it is tried again; undefined when it is not. */
  readonly retryInMs: number | undefined;
}

/** What the client tells while it works. Callbacks are called synchronously; one that throws is logged and ignored. */
export interface ClientObserver {
  onAttempt?(attempt: Attempt): void;
  /** A new admin or installation token is in use. */
  onTokenRenewed?(event: { readonly token: "admin" | "installation"; readonly lifeMs: number }): void;
}

/** Calls an observer; what it throws is its own affair. */
export function tell(logger: Logger, call: () => void): void {
  try {
    call();
  } catch (error) {
    logger.warn({ err: error }, "an observer threw");
  }
}
