import { Lifetime } from "../async/lifetime.js";
import { SingleFlight } from "../async/single-flight.js";
import { publish } from "../diagnostics.js";
import { isScaleSetError, type Operation, ScaleSetError } from "../errors.js";
import type { Delivered } from "../http/sender.js";
import { tell } from "../observer.js";
import type { Secret } from "../secret.js";
import { type ActionsService, SCALE_SETS } from "../service/actions-service.js";
import type {
  CallOptions,
  GetMessageOptions,
  MessagesOptions,
  RunnerScaleSetMessage,
  RunnerScaleSetStatistics,
  SessionAnswer,
} from "../types.js";
import { acquireBody, acquiredIds, message } from "../wire/message.js";
import { messageUrl, pollUrl } from "./queue-url.js";
import { Recognizer } from "./recognition.js";
import { deleteSession, refreshSession } from "./session-calls.js";
import { type MessageSource, streamMessages } from "./stream.js";
import { verdictOf } from "./verdict.js";

interface Queue {
  readonly url: URL;
  readonly token: Secret;
}

/** What a session is made of once it is known to be usable. */
export interface OpenedSession {
  readonly scaleSetId: number;
  readonly owner: string;
  readonly sessionId: string;
  readonly queue: Queue;
  readonly statistics: RunnerScaleSetStatistics;
  readonly onAnswered: ((answer: SessionAnswer) => void) | undefined;
  readonly onLost: ((error: ScaleSetError) => void) | undefined;
}

/** Ends the held polls of a queue that has moved. */
const MOVED = new DOMException("the queue has moved", "AbortError");

/**
 * A scale set's message session: one at a time a set, so whoever has it may act. Made by `openMessageSession`. A queue token
 * that ran out is renewed within a call, once; what fails then is the caller's affair ({@link Listener} knows what to do).
 * Calls may overlap: no lock is held over a request.
 *
 * Every method rejects with a {@link ScaleSetError}, or with the reason of its `signal`. What any call can fail with, and
 * its own documentation does not repeat: what any of {@link ScaleSetClient} can; `QUEUE_TOKEN_EXPIRED`, `SESSION_EXPIRED`
 * and `SCALE_SET_NOT_FOUND`, when the session is lost: open another one; `CLOSED`.
 */
export class MessageSession implements AsyncDisposable, MessageSource {
  /** Whose messages they are. */
  readonly scaleSetId: number;
  /** The service's id of the session. */
  readonly sessionId: string;
  /** Who holds it, as it was opened. */
  readonly owner: string;
  readonly #service: ActionsService;
  readonly #onAnswered: (answer: SessionAnswer) => void;
  readonly #onLost: (error: ScaleSetError) => void;
  readonly #lifetime = new Lifetime();
  readonly #refreshing = new SingleFlight<RunnerScaleSetStatistics | undefined>();
  #queue: Queue;
  /** Of the polls at the queue's present address. */
  #polls = new Lifetime();
  #failedRefreshes = 0;
  #lost: ScaleSetError | undefined;
  #statistics: RunnerScaleSetStatistics;
  readonly #recognizer = new Recognizer();
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(service: ActionsService, opened: OpenedSession) {
    this.#service = service;
    this.scaleSetId = opened.scaleSetId;
    this.sessionId = opened.sessionId;
    this.owner = opened.owner;
    this.#queue = opened.queue;
    this.#statistics = opened.statistics;
    this.#onAnswered = opened.onAnswered ?? (() => {});
    this.#onLost = opened.onLost ?? (() => {});
  }

  /** The newest reading: the one it was opened with, then those of its messages and refreshes. A redelivered message changes nothing. */
  get statistics(): RunnerScaleSetStatistics {
    return this.#statistics;
  }

  /** @internal Whether a refresh is under way. */
  get refreshing(): boolean {
    return this.#refreshing.running;
  }

  /**
   * The next message, or undefined when none came for as long as the service held the poll (about 50 s). Not repeated on
   * failure: call again, with the same `lastMessageId`.
   *
   * @throws {@link ScaleSetError} `CONFIG` for a capacity that is no whole number; `PROTOCOL` with a `messageId` for a
   * message whose body can't be read: acknowledge it once you gave it up.
   */
  async getMessage(options: GetMessageOptions): Promise<RunnerScaleSetMessage | undefined> {
    const { lastMessageId = 0, maxCapacity, signal } = options;
    if (!Number.isSafeInteger(maxCapacity) || maxCapacity < 0) {
      throw new ScaleSetError("CONFIG", "maxCapacity must be a whole number, not negative", {
        operation: "getMessage",
      });
    }
    const received = await this.#withQueue("getMessage", signal, (_, bounded) =>
      this.#poll({ lastMessageId, maxCapacity }, bounded),
    );
    this.#answered("poll", received);
    const { value } = received;
    if (value === undefined) return undefined;
    this.#read(value);
    publish("message", () => this.#event("received", value.messageId, value.jobs.length));
    return value;
  }

  /**
   * The message was dealt with and need not come again. An id that is not there any more is a success.
   *
   * @throws {@link ScaleSetError} what any call of a session can.
   */
  async acknowledge(messageId: number, options: CallOptions = {}): Promise<void> {
    const answered = await this.#withQueue("acknowledgeMessage", options.signal, ({ url, token }, bounded) =>
      this.#service.queue({
        operation: "acknowledgeMessage",
        method: "DELETE",
        url: messageUrl(url, messageId),
        token,
        poll: false,
        repeat: "safe",
        success: [204, 200],
        decode: () => undefined,
        scaleSetId: this.scaleSetId,
        owner: this.owner,
        signal: bounded,
      }),
    );
    this.#answered("acknowledge", answered);
    publish("message", () => this.#event("acknowledged", messageId));
  }

  /**
   * Takes available jobs (`runnerRequestId`s) for this set (GHES). Answers those that were granted, which can be fewer.
   *
   * @throws {@link ScaleSetError} `CONFIG` for an id that is no decimal number of 64 bits.
   *
   * @example
   * ```ts
   * const message = await session.getMessage({ maxCapacity: 10, signal });
   * const available = message?.jobs.filter((job) => job.messageType === "JobAvailable") ?? [];
   * const granted = await session.acquireJobs(available.map((job) => job.runnerRequestId));
   * console.log(`${granted.length} of ${available.length} are ours`);
   * ```
   */
  async acquireJobs(ids: readonly string[], options: CallOptions = {}): Promise<readonly string[]> {
    const body = acquireBody(ids);
    if (ids.length === 0) return [];
    const acquired = await this.#withQueue("acquireJobs", options.signal, ({ token }, bounded) =>
      this.#service.callWithQueueToken(
        {
          operation: "acquireJobs",
          method: "POST",
          path: `${SCALE_SETS}/${this.scaleSetId}/acquirejobs`,
          body,
          repeat: "safe",
          success: 200,
          decode: (_, field) => acquiredIds(field()),
          scaleSetId: this.scaleSetId,
          owner: this.owner,
          signal: bounded,
        },
        token,
      ),
    );
    this.#answered("acquire", acquired);
    return acquired.value;
  }

  /**
   * Renews the queue's token and keeps the session alive. Callers at the same time share one request. Resolves with the
   * statistics that the answer carries; undefined where the service sends none.
   *
   * @throws {@link ScaleSetError} `SESSION_UNUSABLE` when it came without a token.
   */
  async refresh(options: CallOptions = {}): Promise<RunnerScaleSetStatistics | undefined> {
    this.#throwIfClosed("refreshMessageSession");
    return await this.#refreshing.run(() => this.#refresh(), options.signal);
  }

  /**
   * Messages as they come, polled one after the other. Polls that fail are repeated, jittered, 0.25 to 30 s apart; a session
   * that is lost throws. Ends when the signal aborts. Acknowledge each message when it is dealt with: one that is not comes
   * again in the next session.
   *
   * @throws {@link ScaleSetError} what {@link MessageSession.getMessage} can, when no repetition mends it.
   *
   * @example
   * ```ts
   * for await (const message of session.messages({ maxCapacity: () => 10, signal })) {
   *   await scaleTo(session.statistics.totalAssignedJobs);
   *   await session.acknowledge(message.messageId);
   * }
   * ```
   */
  messages(options: MessagesOptions): AsyncIterableIterator<RunnerScaleSetMessage> {
    return streamMessages(this, this.#service.sender, options);
  }

  /**
   * Gives the scale set free: running calls end with `CLOSED`. A session that is gone already is a success. Idempotent; one
   * that failed can be tried again. `await using` does it too.
   *
   * @throws {@link ScaleSetError} `TIMEOUT` after 3 s, or what any call can; the session then ends by itself, in about a
   * minute.
   */
  close(options: CallOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options).catch((error: unknown) => {
      this.#closing = undefined;
      throw error;
    });
    return this.#closing;
  }

  /** Like {@link close}, but a failure is only logged: it must not hide why the block was left. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch((error: unknown) => {
      this.#service.sender.logger.warn({ err: error, scaleSetId: this.scaleSetId }, "the session could not be closed");
    });
  }

  async #close(options: CallOptions): Promise<void> {
    this.#lifetime.end(closedError("closeMessageSession"));
    const { clock, timings } = this.#service.sender;
    using deadline = clock.deadline(timings.closeDeadlineMs, { signal: options.signal });
    await deleteSession(this.#service, this, deadline.signal);
    publish("session", () => ({ event: "closed", ...this.#identity() }));
  }

  /** One poll; repeated at the queue's new address when it moves meanwhile. */
  async #poll(
    { lastMessageId, maxCapacity }: { readonly lastMessageId: number; readonly maxCapacity: number },
    signal: AbortSignal,
  ): Promise<Delivered<RunnerScaleSetMessage | undefined>> {
    for (;;) {
      const { url, token } = this.#queue;
      // By hand, as in the sender: this frame waits as long as a poll.
      const bounded = this.#polls.link(signal);
      try {
        return await this.#service.queue({
          operation: "getMessage",
          method: "GET",
          url: pollUrl(url, lastMessageId),
          token,
          headers: { "x-scalesetmaxcapacity": String(maxCapacity) },
          poll: true,
          repeat: "never",
          success: [200, 202],
          decode: (answer, body) => (answer.status === 202 ? undefined : message(body())),
          scaleSetId: this.scaleSetId,
          owner: this.owner,
          signal: bounded.signal,
        });
      } catch (error) {
        if (error !== MOVED) throw error;
      } finally {
        bounded[Symbol.dispose]();
      }
    }
  }

  async #refresh(): Promise<RunnerScaleSetStatistics | undefined> {
    using bounded = this.#lifetime.link();
    let refreshed: Awaited<ReturnType<typeof refreshSession>>;
    try {
      refreshed = await refreshSession(this.#service, this, bounded.signal);
    } catch (error) {
      if (!this.#lifetime.ended) this.#judgeFailedRefresh(error);
      throw error;
    }
    this.#failedRefreshes = 0;
    const { queueUrl, queueToken, statistics } = refreshed.value;
    if (queueToken === undefined) {
      throw new ScaleSetError("SESSION_UNUSABLE", "the session was refreshed without a queue token", {
        operation: "refreshMessageSession",
      });
    }
    const before = this.#queue.url;
    this.#queue = { url: queueUrl ?? before, token: queueToken };
    if (statistics !== undefined) this.#statistics = statistics;
    this.#answered("refresh", refreshed);
    if (this.#queue.url.href !== before.href) {
      const polls = this.#polls;
      this.#polls = new Lifetime();
      polls.end(MOVED);
    }
    publish("session", () => ({ event: "refreshed", ...this.#identity() }));
    return statistics;
  }

  /** One that fails for good ends the session at once: what is still under way in it would act without the right to. */
  #judgeFailedRefresh(error: unknown): void {
    this.#failedRefreshes += 1;
    const verdict = verdictOf(error, this.#failedRefreshes);
    if (!isScaleSetError(error) || (verdict !== "reopen" && verdict !== "resolve")) return;
    this.#lost = error;
    this.#lifetime.end(error);
    tell(this.#service.sender.logger, () => this.#onLost(error));
  }

  /** Calls with the queue's token; on its 401 refreshes the session and calls once more. */
  async #withQueue<T>(
    operation: Operation,
    signal: AbortSignal | undefined,
    call: (queue: Queue, signal: AbortSignal) => Promise<Delivered<T>>,
  ): Promise<Delivered<T>> {
    this.#throwIfClosed(operation);
    // By hand, as in the sender: this frame waits as long as a poll.
    const bounded = this.#lifetime.link(signal);
    try {
      for (let refreshed = false; ; ) {
        const used = this.#queue;
        try {
          return await call(used, bounded.signal);
        } catch (error) {
          if (!isScaleSetError(error, "QUEUE_TOKEN_EXPIRED")) throw error;
          // Another call may have refreshed it while this one was on its way: that proves nothing about the new token.
          if (this.#queue !== used) continue;
          // One that another call asked for may be why the token is refused.
          const shared = this.#refreshing.running;
          if (refreshed && !shared) throw error;
          await this.refresh({ signal: bounded.signal });
          refreshed ||= !shared;
        }
      }
    } finally {
      bounded[Symbol.dispose]();
    }
  }

  #read(message: RunnerScaleSetMessage): void {
    if (this.#recognizer.cameBefore(message)) return;
    if (message.statistics !== undefined) this.#statistics = message.statistics;
  }

  #answered(call: SessionAnswer["call"], { heldMs, sentAt }: Pick<SessionAnswer, "heldMs" | "sentAt">): void {
    tell(this.#service.sender.logger, () => this.#onAnswered({ call, heldMs, sentAt }));
  }

  #identity() {
    const { owner, scaleSetId, sessionId } = this;
    return { owner, scaleSetId, sessionId };
  }

  #event<E extends string>(event: E, messageId: number, jobs?: number) {
    const { owner, scaleSetId } = this;
    return { event, owner, scaleSetId, messageId, jobs };
  }

  #throwIfClosed(operation: Operation): void {
    if (this.#lost !== undefined && this.#closing === undefined) throw this.#lost;
    if (this.#lifetime.ended) throw closedError(operation);
  }
}

function closedError(operation: Operation): ScaleSetError {
  return new ScaleSetError("CLOSED", "the session is closed", { operation });
}
