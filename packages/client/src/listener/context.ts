import type { Clock, Random } from "../clock.js";
import { isScaleSetError } from "../errors.js";
import { backoffMs, jittered } from "../http/retry.js";
import type { Logger } from "../logger.js";
import { tell } from "../observer.js";
import type { SessionAnswer } from "../types.js";
import type { ListenerHandler } from "./handler.js";
import type { ListenerObserver, ListenerState } from "./observer.js";
import { type ListenerClient, type ListenerOptions, type ListenerTimings, resolveTimings } from "./options.js";

/** What every part of a listener works with. */
export interface ListenerContext {
  readonly client: ListenerClient;
  readonly owner: string;
  readonly handler: ListenerHandler;
  readonly timings: ListenerTimings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Tells the observer, whatever it does about it. */
  tell(call: (observer: ListenerObserver) => void): void;
  state(state: ListenerState): void;
  /** The service answered a call of the session. */
  answered(answer: SessionAnswer): void;
  /** When it last answered a refresh, however that came about. @unit milliseconds, monotonic */
  readonly refreshedAt: number;
  /** When that refresh was sent. @unit milliseconds, uptime */
  readonly refreshSentAt: number;
}

export function createContext(options: ListenerOptions): ListenerContext {
  const { client, owner, handler, observer = {} } = options;
  const logger = options.logger ?? client.logger;
  let refreshedAt = Number.NEGATIVE_INFINITY;
  let refreshSentAt = Number.NEGATIVE_INFINITY;
  const context: ListenerContext = {
    client,
    owner,
    handler,
    timings: resolveTimings(options.timings),
    clock: options.clock ?? client.clock,
    random: options.random ?? client.random,
    logger,
    tell: (call) => tell(logger, () => call(observer)),
    state: (state) => context.tell((told) => told.onState?.(state)),
    answered: (answer) => {
      if (answer.call === "refresh") {
        refreshedAt = context.clock.monotonic();
        refreshSentAt = answer.sentAt;
      }
      context.tell((told) => told.onAnswered?.(answer));
    },
    get refreshedAt() {
      return refreshedAt;
    },
    get refreshSentAt() {
      return refreshSentAt;
    },
  };
  return context;
}

/** A jittered wait that doubles; longer when the service asked for it, an hour at most. */
export function waitFor(
  context: ListenerContext,
  range: { readonly attempt: number; readonly minMs: number; readonly maxMs: number; readonly error?: unknown },
): number {
  const ownMs = jittered(backoffMs(range.attempt, range.minMs, range.maxMs), context.random);
  const askedMs = isScaleSetError(range.error) ? (range.error.retryAfterMs ?? 0) : 0;
  return Math.max(ownMs, Math.min(askedMs, 60 * 60_000));
}

/** What may be logged of an error that is not ours: a handler's can quote anything. */
export function loggable(error: unknown): object {
  if (!isScaleSetError(error)) return { name: error instanceof Error ? error.name : typeof error };
  const { code, operation, status, requestId, activityId, message } = error;
  return { code, operation, status, requestId, activityId, message };
}
