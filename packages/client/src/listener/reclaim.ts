import { isScaleSetError } from "../errors.js";
import { holderOf, isFinal } from "../session/verdict.js";
import { NIL_UUID } from "../wire/session.js";
import { type ListenerContext, loggable } from "./context.js";
import type { RecordedSession } from "./options.js";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Closes the session that a process of this owner left behind, so that its successor need not wait for it to expire. */
export class Reclaim {
  readonly #context: ListenerContext;
  #recorded: RecordedSession | undefined;

  constructor(context: ListenerContext, recorded: RecordedSession | undefined) {
    this.#context = context;
    const usable = recorded !== undefined && UUID.test(recorded.sessionId) && recorded.sessionId !== NIL_UUID;
    if (recorded !== undefined && !usable) {
      context.logger.warn({ scaleSetId: recorded.scaleSetId }, "the recorded session is ignored: its id is not a UUID");
    }
    this.#recorded = usable ? recorded : undefined;
  }

  /** A session is open: the recorded one is gone. */
  forget(): void {
    this.#recorded = undefined;
  }

  /**
   * Closes the recorded session when it can be the cause of a failed opening. True: it is closed, open again at once. Only
   * once, and never where the conflict names another owner: one set has one session, so that owner's replaced ours.
   */
  async closeAfter(error: unknown, scaleSetId: number | undefined, signal: AbortSignal): Promise<boolean> {
    const recorded = this.#recorded;
    if (recorded === undefined || !isScaleSetError(error, "SESSION_CONFLICT")) return false;
    const { client, owner, clock, timings, logger } = this.#context;
    const holder = holderOf(error);
    if (recorded.scaleSetId !== scaleSetId || (holder !== undefined && holder !== owner)) {
      this.#recorded = undefined;
      return false;
    }
    using deadline = clock.deadline(timings.closeDeadlineMs, { signal });
    try {
      await client.closeMessageSession(scaleSetId, recorded.sessionId, { signal: deadline.signal });
    } catch (failure) {
      signal.throwIfAborted();
      logger.warn(loggable(failure), "the session of an earlier process could not be closed");
      if (isFinal(failure)) this.#recorded = undefined;
      return false;
    }
    this.#recorded = undefined;
    logger.info({ scaleSetId }, "the session of an earlier process is closed");
    return true;
  }
}
