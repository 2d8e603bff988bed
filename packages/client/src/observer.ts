import type { Operation, ScaleSetErrorCode } from "./errors.js";
import type { Logger } from "./logger.js";

/** One request and how it ended. */
export interface Attempt {
  /** Which call it is. */
  readonly operation: Operation;
  /** 1 for the first. */
  readonly attempt: number;
  /** From sending to the whole answer, decoded. @unit milliseconds */
  readonly durationMs: number;
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** Undefined when it succeeded. */
  readonly code: ScaleSetErrorCode | undefined;
  /** How long until it is tried again; undefined when it is not. @unit milliseconds */
  readonly retryInMs: number | undefined;
}

/**
 * What the client tells while it works, for metrics. Callbacks are called synchronously; one that throws is logged and
 * ignored. A tracer that wants the start of requests too hooks in at {@link diagnosticsChannels}.
 */
export interface ClientObserver {
  /** A request was answered or failed. Not called for one that the caller ended. */
  onAttempt?(attempt: Attempt): void;
  /** A new admin or installation token is in use, for `lifeMs` milliseconds at most. */
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
