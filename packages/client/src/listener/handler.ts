import type { MessageSession } from "../session/message-session.js";
import type {
  JobAssigned,
  JobAvailable,
  JobCompleted,
  JobStarted,
  RunnerScaleSetMessage,
  RunnerScaleSetStatistics,
} from "../types.js";
import type { PoisonMessage } from "./observer.js";

/** What a handler is told about the message it handles. */
export interface MessageContext {
  /**
   * True when this message is recognized, by id and content, as one that this handler saw before (its statistics may be
   * old). The second time must change nothing. A message whose handler failed comes again with an `attempt` above 1.
   */
  readonly redelivered: boolean;
  /** 1 at first; more when handling it failed before. */
  readonly attempt: number;
  /** Counts the sessions of this listener, from 1. */
  readonly generation: number;
  /** Of the session that it came by. */
  readonly scaleSetId: number;
  /** The session that it came by. The listener acknowledges and closes: leave that to it. */
  readonly session: MessageSession;
  /** Aborts when the listener is asked to end: what is not done by then is left unacknowledged. */
  readonly signal: AbortSignal;
}

/** Where a reading of statistics came from: a message, or the session when it was opened (`messageId` undefined). */
export interface StatisticsContext extends Omit<MessageContext, "attempt"> {
  /** Undefined for the reading that the session was opened with. */
  readonly messageId: number | undefined;
}

type Awaitable<T> = T | PromiseLike<T>;

/**
 * What a user of the listener implements; each part is optional, awaited, and called in this order: the whole message,
 * its statistics, then its jobs in their order. When all are done, the jobs that can be acquired are, and the message is
 * acknowledged. A rejection leaves the message unacknowledged: it comes again, up to `timings.poisonAttempts` times, and
 * never ends the listener; only a {@link StopListening} does.
 * Handlers must not wait for runners to start: the level is the truth, not the message.
 *
 * @example
 * ```ts
 * const handler: ListenerHandler = {
 *   onStatistics: ({ totalAssignedJobs }) => scaleTo(totalAssignedJobs),
 *   onJobCompleted: ({ runnerName, result }) => console.log(`${runnerName} is done: ${result}`),
 * };
 * ```
 */
export interface ListenerHandler {
  /**
   * A whole message. Return `{ acquire }` to choose the `runnerRequestId`s to acquire, whatever capacity is announced. By
   * default offered jobs are acquired up to the announced capacity, and the rest as room comes.
   */
  onMessage?(
    message: RunnerScaleSetMessage,
    context: MessageContext,
    // biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is the usual one
  ): Awaitable<{ readonly acquire: readonly string[] } | undefined | void>;
  /**
   * The newest reading: also the one that the session was opened with. Answer how many runners you want now, if you like:
   * the observer is told. Not called for a redelivered message that was handled before.
   */
  onStatistics?(
    statistics: RunnerScaleSetStatistics,
    context: StatisticsContext,
    // biome-ignore lint/suspicious/noConfusingVoidType: as above
  ): Awaitable<number | undefined | void>;
  /**
   * A job that can be acquired (GHES). Return `false` to leave it to others. With this method the handler decides: all other
   * offered jobs are acquired at once, whatever capacity is announced, and none is kept or taken from the service's list.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
  onJobAvailable?(job: JobAvailable, context: MessageContext): Awaitable<boolean | undefined | void>;
  /** A job waits for a runner of ours. The statistics count it already. */
  onJobAssigned?(job: JobAssigned, context: MessageContext): Awaitable<void>;
  /** A runner of ours has a job; it can be told up to a poll late. A name nobody knows is no error (F9). */
  onJobStarted?(job: JobStarted, context: MessageContext): Awaitable<void>;
  /** A job of ours ended, or no runner took it in time: `runnerName` is empty then. Its runner exits by itself. */
  onJobCompleted?(job: JobCompleted, context: MessageContext): Awaitable<void>;
  /** A message failed for the last time: keep it if you want it, it is acknowledged next. What this throws is logged. */
  onPoison?(poison: PoisonMessage, context: { readonly signal: AbortSignal }): Awaitable<void>;
}
