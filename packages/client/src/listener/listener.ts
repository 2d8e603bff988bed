import { setMaxListeners } from "node:events";
import { LinkedController } from "../async/abortable.js";
import { publish } from "../diagnostics.js";
import { isScaleSetError, ScaleSetError } from "../errors.js";
import type { MessageSession } from "../session/message-session.js";
import { HURRIED_MS } from "../session/stream.js";
import { type Verdict, verdictOf } from "../session/verdict.js";
import type { RunnerScaleSetStatistics } from "../types.js";
import { createContext, type ListenerContext, loggable, waitFor } from "./context.js";
import { Cursor } from "./cursor.js";
import { type Delivered, Deliverer, type DeliveryScope } from "./delivery.js";
import type { RecoveringReason } from "./observer.js";
import { Opener } from "./opener.js";
import type { ListenerOptions } from "./options.js";
import { Poller } from "./poller.js";
import { StopListening } from "./stop-listening.js";

/** Failures in a row between two refreshes that are not asked for by the queue itself. */
const REFRESH_EVERY = 5;

interface Loss {
  readonly verdict: Exclude<Verdict, "retry">;
  readonly error: unknown;
}

/**
 * Holds a scale set's message session for as long as it runs, whatever the service does, and hands every message to a
 * handler: waits while another one holds the session, replaces sessions and scale sets that were lost, polls on after
 * failures, announces capacity, acknowledges what was handled, and gives up a message that can't be.
 *
 * @example
 * ```ts
 * const listener = new Listener({ client, scaleSet: set.id, owner: "host-1", maxCapacity: 10, handler: {
 *   onStatistics: ({ totalAssignedJobs }) => scaleTo(totalAssignedJobs),
 * } });
 * await listener.run({ signal });
 * ```
 */
export class Listener {
  readonly #context: ListenerContext;
  readonly #poller: Poller;
  readonly #opener: Opener;
  readonly #cursor = new Cursor();
  readonly #deliverer: Deliverer;
  #scaleSetId: number | undefined;
  #generation = 0;
  #session: MessageSession | undefined;
  #running = false;
  #failures = 0;

  constructor(options: ListenerOptions) {
    this.#context = createContext(options);
    this.#poller = new Poller(this.#context, options.maxCapacity);
    this.#opener = new Opener(this.#context, options);
    this.#deliverer = new Deliverer(this.#context, this.#cursor);
  }

  /** What the next poll announces. */
  get maxCapacity(): number {
    return this.#poller.capacity;
  }

  /**
   * Announces another capacity: a higher one at once (the running poll is ended, at most once in 2 s), a lower one with the
   * next poll.
   *
   * @throws {@link ScaleSetError} `CONFIG` below 1
   */
  setMaxCapacity(maxCapacity: number): void {
    this.#poller.capacity = maxCapacity;
  }

  /**
   * Renews the session held now, which proves that it is still ours; without one does nothing. Resolves with the statistics
   * that the answer carries; undefined where the service sends none.
   *
   * @throws {@link ScaleSetError} what {@link MessageSession.refresh} can.
   */
  async refresh(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<RunnerScaleSetStatistics | undefined> {
    return await this.#session?.refresh(options);
  }

  /**
   * Runs until the signal aborts: the session is then closed, within 3 s, and it resolves. Rejects only when no wait can mend
   * it, or when the handler wants it to.
   *
   * @throws {@link ScaleSetError} `CONFIG` for a wrong option, or when it runs already; `CLOSED` for a closed client;
   * `SCALE_SET_NOT_FOUND` for one that is known by its id alone and stays away for a minute
   * @throws {@link StopListening} the handler's
   */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#running) throw new ScaleSetError("CONFIG", "this listener runs already", { operation: "listen" });
    this.#running = true;
    let failure: unknown;
    // One of each of the many listeners that may share it: that is no leak.
    setMaxListeners(0, signal);
    using own = new LinkedController(signal);
    try {
      await this.#keepListening(own.signal);
    } catch (error) {
      if (signal.aborted) return;
      failure = error;
      throw error;
    } finally {
      await this.#closeSession();
      this.#running = false;
      this.#context.state({ state: "closed", error: failure });
    }
  }

  async #keepListening(signal: AbortSignal): Promise<never> {
    let fruitless = 0;
    for (;;) {
      const session = await this.#opener.open(signal, this.#generation > 0);
      this.#begin(session);
      const scope = { session, generation: this.#generation, signal };
      const { loss, useful } = await this.#listen(scope);
      if (loss.verdict === "stop") throw loss.error;
      this.#context.logger.warn({ ...loggable(loss.error), generation: scope.generation }, "the session was lost");
      const { generation } = scope;
      this.#context.tell((observer) => observer.onSessionLost?.({ generation, error: loss.error }));
      const { owner, scaleSetId, sessionId } = session;
      const code = isScaleSetError(loss.error) ? loss.error.code : undefined;
      publish("session", () => ({ event: "lost", owner, scaleSetId, sessionId, code }));
      // It may live on at the service; then the next one would meet a conflict.
      await this.#closeSession();
      if (loss.verdict === "resolve") this.#opener.lose();
      fruitless = useful ? 0 : fruitless + 1;
      if (fruitless > 1) await this.#waitToReopen(fruitless - 1, loss.error, signal);
    }
  }

  #begin(session: MessageSession): void {
    const { sessionId, scaleSetId, statistics } = session;
    if (this.#scaleSetId !== undefined && this.#scaleSetId !== scaleSetId) this.#cursor.reset();
    this.#scaleSetId = scaleSetId;
    this.#session = session;
    this.#generation += 1;
    this.#failures = 0;
    const generation = this.#generation;
    this.#context.logger.info({ scaleSetId, generation }, "the session is open");
    this.#context.tell((observer) => observer.onSessionOpened?.({ generation, sessionId, scaleSetId, statistics }));
  }

  /** Until the session is lost. `useful`: it did what a session is for at least once. */
  async #listen(scope: DeliveryScope): Promise<{ readonly loss: Loss; readonly useful: boolean }> {
    let useful = false;
    await this.#firstReading(scope);
    this.#failures = 0;
    for (;;) {
      scope.signal.throwIfAborted();
      let outcome: Delivered | "nothing" | "hurried" | "interrupted";
      try {
        outcome = await this.#step(scope);
      } catch (error) {
        scope.signal.throwIfAborted();
        if (error instanceof StopListening) throw error;
        const verdict = verdictOf(error, this.#failures + 1);
        if (verdict !== "retry") return { loss: { verdict, error }, useful };
        await this.#recover("poll-failed", error, scope);
        continue;
      }
      if (outcome === "interrupted") continue;
      if (outcome === "hurried") await this.#recover("hurried", undefined, scope);
      else if (outcome === "nothing" || outcome.kind === "done") {
        this.#failures = 0;
        useful = true;
      } else if (outcome.kind === "lost") return { loss: outcome, useful };
      else if (outcome.kind === "repeated") await this.#recover("hurried", undefined, scope);
      else await this.#recover(outcome.reason, outcome.error, scope);
    }
  }

  /** One poll, and what came of it. */
  async #step(scope: DeliveryScope): Promise<Delivered | "nothing" | "hurried" | "interrupted"> {
    const { session, generation, signal } = scope;
    // The queue may have moved: a refresh tells its new address.
    if (this.#failures > 0 && this.#failures % REFRESH_EVERY === 0) await session.refresh({ signal });
    try {
      const { lastMessageId } = this.#cursor;
      const polled = await this.#poller.poll(session, { generation, lastMessageId, signal });
      if (polled.kind === "message") return await this.#deliverer.deliver(polled.message, scope);
      if (polled.kind === "interrupted") return "interrupted";
      return polled.heldMs < HURRIED_MS ? "hurried" : "nothing";
    } catch (error) {
      if (!isScaleSetError(error, "PROTOCOL") || error.messageId === undefined) throw error;
      return this.#deliverer.unreadable(error.messageId, error, scope);
    }
  }

  /** Jobs that waited before we came are in the session's own statistics, and in no message to come. */
  async #firstReading(scope: DeliveryScope): Promise<void> {
    const { session, generation, signal } = scope;
    const { handler, logger, timings } = this.#context;
    const { statistics, scaleSetId } = session;
    const context = { redelivered: false, generation, scaleSetId, session, signal, messageId: undefined };
    for (let attempt = 1; attempt <= timings.poisonAttempts; attempt++) {
      try {
        const desired = await this.#deliverer.keepingAlive(scope, async () =>
          handler.onStatistics?.(statistics, context),
        );
        this.#context.tell((told) => told.onStatistics?.({ statistics, generation, scaleSetId, messageId: undefined }));
        if (typeof desired === "number") {
          this.#context.tell((told) => told.onDesiredCount?.({ count: desired, scaleSetId, generation }));
        }
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof StopListening) throw error;
        logger.warn({ error: loggable(error), attempt }, "the handler failed with the session's statistics");
        await this.#recover("handler-failed", error, scope);
      }
    }
  }

  /** Waits with the session in hand. */
  async #recover(reason: RecoveringReason, error: unknown, scope: DeliveryScope): Promise<void> {
    const { timings, clock, logger } = this.#context;
    this.#failures += 1;
    const { pollRetryMinMs: minMs, pollRetryMaxMs: maxMs } = timings;
    const retryInMs = waitFor(this.#context, { attempt: this.#failures, minMs, maxMs, error });
    this.#context.state({ state: "recovering", generation: scope.generation, reason, error, retryInMs });
    logger.debug({ reason, retryInMs, ...(error === undefined ? {} : { error: loggable(error) }) }, "polling again");
    await clock.sleep(retryInMs, { signal: scope.signal });
  }

  async #waitToReopen(attempt: number, error: unknown, signal: AbortSignal): Promise<void> {
    const { ownSessionMinMs: minMs, ownSessionMaxMs: maxMs } = this.#context.timings;
    const retryInMs = waitFor(this.#context, { attempt, minMs, maxMs, error });
    this.#context.state({ state: "waiting", reason: "sessions-lost", error, retryInMs });
    await this.#context.clock.sleep(retryInMs, { signal });
  }

  /** Bounded, and never louder than what made the session end. */
  async #closeSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    const { clock, timings, logger } = this.#context;
    using deadline = clock.deadline(timings.closeDeadlineMs);
    await session.close({ signal: deadline.signal }).catch((error: unknown) => {
      logger.warn(loggable(error), "the session could not be closed");
    });
  }
}
