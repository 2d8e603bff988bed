import { isScaleSetError } from "../errors.js";
import { HURRIED_MS } from "../session/stream.js";
import { isCutOff, type Verdict, verdictOf } from "../session/verdict.js";
import type { Acquirer } from "./acquirer.js";
import { type ListenerContext, loggable, waitFor } from "./context.js";
import type { Cursor } from "./cursor.js";
import type { Delivered, Deliverer } from "./delivery.js";
import type { DeliveryScope } from "./delivery-scope.js";
import type { RecoveringReason } from "./observer.js";
import type { Poller } from "./poller.js";
import { StopListening } from "./stop-listening.js";

/** Failures in a row between two refreshes that are not asked for by the queue itself. */
const REFRESH_EVERY = 5;

/** How a session ended. `useful`: it did what a session is for at least once. */
export interface Loss {
  readonly verdict: Exclude<Verdict, "retry">;
  readonly error: unknown;
  readonly useful: boolean;
}

/** What a loop works with. */
export interface LoopParts {
  readonly context: ListenerContext;
  readonly poller: Poller;
  readonly cursor: Cursor;
  readonly deliverer: Deliverer;
  readonly acquirer: Acquirer;
}

/** Polls one session and delivers its messages, until the session is lost. */
export class SessionLoop {
  readonly #context: ListenerContext;
  readonly #poller: Poller;
  readonly #cursor: Cursor;
  readonly #deliverer: Deliverer;
  readonly #acquirer: Acquirer;
  readonly #scope: DeliveryScope;
  #failures = 0;
  /** Failures when the session was last refreshed for them. */
  #refreshedAfter = 0;
  #useful = false;

  constructor(parts: LoopParts, scope: DeliveryScope) {
    this.#context = parts.context;
    this.#poller = parts.poller;
    this.#cursor = parts.cursor;
    this.#deliverer = parts.deliverer;
    this.#acquirer = parts.acquirer;
    this.#scope = scope;
  }

  /** Resolves when the session is lost; rejects when the listener ends. */
  async untilLost(): Promise<Loss> {
    const { signal, stopping } = this.#scope;
    try {
      await this.#firstReading();
      this.#succeeded();
      for (;;) {
        signal.throwIfAborted();
        const loss = await this.#turn();
        if (loss !== undefined) return { ...loss, useful: this.#useful };
      }
    } catch (error) {
      stopping.throwIfAborted();
      if (error instanceof StopListening || !signal.aborted) throw error;
      const verdict = verdictOf(signal.reason, Number.POSITIVE_INFINITY);
      return { verdict: verdict === "retry" ? "reopen" : verdict, error: signal.reason, useful: this.#useful };
    }
  }

  /** One poll, what came of it, and the wait after a failure. */
  async #turn(): Promise<Omit<Loss, "useful"> | undefined> {
    const { signal } = this.#scope;
    let outcome: Delivered | "nothing" | "hurried" | "interrupted" | "cut";
    try {
      outcome = await this.#step();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof StopListening) throw error;
      const verdict = verdictOf(error, this.#failures + 1);
      if (verdict !== "retry") return { verdict, error };
      await this.#recover("poll-failed", error);
      return undefined;
    }
    if (outcome === "interrupted") return undefined;
    if (outcome === "hurried") await this.#recover("hurried", undefined);
    else if (outcome === "cut") await this.#afterCut();
    else if (outcome === "nothing" || outcome.kind === "done") {
      this.#succeeded();
      this.#useful = true;
    } else if (outcome.kind === "lost") return outcome;
    else if (outcome.kind === "repeated") await this.#recover("hurried", undefined);
    else await this.#recover(outcome.reason, outcome.error);
    return undefined;
  }

  async #step(): Promise<Delivered | "nothing" | "hurried" | "interrupted" | "cut"> {
    const { session, generation, signal } = this.#scope;
    if (!this.#poller.polling) {
      this.#context.state({ state: "unpolled", generation });
      await this.#poller.untilPolling(signal);
    }
    // The queue may have moved: a refresh brings its new address.
    if (this.#failures % REFRESH_EVERY === 0 && this.#failures > this.#refreshedAfter) {
      this.#refreshedAfter = this.#failures;
      const statistics = await session.refresh({ signal });
      this.#acquirer.read(statistics, this.#context.refreshSentAt, this.#scope);
    }
    const lastMessageId = (): number => this.#cursor.beginPoll();
    const onAnnounced = (): void => this.#acquirer.acquireKept(this.#scope);
    const polled = await this.#poller.poll(session, { generation, lastMessageId, signal, onAnnounced });
    switch (polled.kind) {
      case "message":
        return await this.#deliverer.deliver(polled.message, this.#scope);
      case "interrupted":
        return "interrupted";
      case "nothing":
        if (polled.heldMs >= HURRIED_MS) return "nothing";
        // A refresh may end a poll: that is no sign of a service that holds none.
        return session.refreshing || this.#context.refreshedAt > polled.startedAt ? "interrupted" : "hurried";
      case "cut": {
        const { error, heldMs } = polled;
        if (isScaleSetError(error, "PROTOCOL") && error.messageId !== undefined) {
          return await this.#deliverer.unreadable(error.messageId, error, this.#scope);
        }
        if (heldMs >= this.#context.timings.pollHeldMs && isCutOff(error)) return "cut";
        throw error;
      }
    }
  }

  /** The service held the poll, and something between cut it off. The wait keeps many listeners from returning at once. */
  async #afterCut(): Promise<void> {
    const { timings, clock } = this.#context;
    this.#succeeded();
    const { pollRetryMinMs: minMs, pollRetryMaxMs: maxMs } = timings;
    await clock.sleep(waitFor(this.#context, { attempt: 1, minMs, maxMs }), { signal: this.#scope.signal });
  }

  /** Jobs that waited before we came are in the session's own statistics, and in no message to come. */
  async #firstReading(): Promise<void> {
    const { session, generation, signal, stopping } = this.#scope;
    const { handler, logger, timings } = this.#context;
    const { statistics, scaleSetId } = session;
    const context = { redelivered: false, generation, scaleSetId, session, signal: stopping, messageId: undefined };
    for (let attempt = 1; attempt <= timings.poisonAttempts; attempt++) {
      try {
        const desired = await this.#deliverer.keepingAlive(this.#scope, async () =>
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
        await this.#recover("handler-failed", error);
      }
    }
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#refreshedAfter = 0;
  }

  /** Waits with the session in hand. */
  async #recover(reason: RecoveringReason, error: unknown): Promise<void> {
    const { timings, clock, logger } = this.#context;
    const { generation, signal } = this.#scope;
    this.#failures += 1;
    const { pollRetryMinMs: minMs, pollRetryMaxMs: maxMs } = timings;
    const retryInMs = waitFor(this.#context, { attempt: this.#failures, minMs, maxMs, error });
    this.#context.state({ state: "recovering", generation, reason, error, retryInMs });
    logger.debug({ reason, retryInMs, ...(error === undefined ? {} : { error: loggable(error) }) }, "polling again");
    await clock.sleep(retryInMs, { signal });
  }
}
