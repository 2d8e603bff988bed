import { abortable, LinkedController } from "../async/abortable.js";
import { publish } from "../diagnostics.js";
import { isScaleSetError } from "../errors.js";
import { redact } from "../http/redact.js";
import type { MessageSession } from "../session/message-session.js";
import { contentOf } from "../session/recognition.js";
import { isFinal, patienceWith, type Verdict, verdictOf } from "../session/verdict.js";
import type { RunnerScaleSetMessage } from "../types.js";
import type { Acquirer } from "./acquirer.js";
import { type ListenerContext, loggable } from "./context.js";
import type { Cursor, Delivery } from "./cursor.js";
import type { DeliveryScope } from "./delivery-scope.js";
import { availableIds, dispatch, type Handled } from "./dispatch.js";
import { tellJobs } from "./metrics.js";
import type { PoisonMessage, RecoveringReason } from "./observer.js";
import { StopListening } from "./stop-listening.js";

/** Made once: an exception takes its stack each time that one is made. */
const HANDLED = new DOMException("the handler is done", "AbortError");

/** What came of a message. `failed`: it stays unacknowledged and comes again. */
export type Delivered =
  | { readonly kind: "done" }
  | { readonly kind: "repeated" }
  | { readonly kind: "failed"; readonly reason: RecoveringReason; readonly attempt: number; readonly error: unknown }
  | { readonly kind: "lost"; readonly verdict: Exclude<Verdict, "retry">; readonly error: unknown };

type Wanted = Pick<Handled, "acquire" | "offered">;

/**
 * One message, whole: handler, then acquiring, then acknowledging, as docs promise. Failed handlers leave it for another
 * delivery, a bounded number of times (F12); failed transport is nobody's poison.
 */
export class Deliverer {
  readonly #context: ListenerContext;
  readonly #cursor: Cursor;
  readonly #acquirer: Acquirer;
  /** Only the newest message matters: an older one is done with, or comes again from the start. */
  #failedCalls: { messageId: number; reason: RecoveringReason; times: number } | undefined;

  constructor(context: ListenerContext, cursor: Cursor, acquirer: Acquirer) {
    this.#context = context;
    this.#cursor = cursor;
    this.#acquirer = acquirer;
  }

  async deliver(message: RunnerScaleSetMessage, scope: DeliveryScope): Promise<Delivered> {
    const { messageId } = message;
    const delivery = this.#cursor.receive(messageId, contentOf(message));
    if (!delivery.settled) {
      const { generation } = scope;
      this.#context.state({ state: "handling", generation, messageId, attempt: delivery.attempt });
      const handled = await this.#handle(message, delivery, scope);
      if ("kind" in handled) return handled;
      const failed = await this.#acquire(messageId, handled, scope);
      if (failed !== undefined) return failed;
      this.#cursor.settle(messageId);
    }
    const failed = await this.#acknowledge(messageId, scope);
    if (failed !== undefined) return failed;
    return { kind: delivery.settled ? "repeated" : "done" };
  }

  /** A message whose body can't be read: given up like one that can't be handled. */
  async unreadable(messageId: number, error: unknown, scope: DeliveryScope): Promise<Delivered> {
    const delivery = this.#cursor.receive(messageId, undefined);
    const body = isScaleSetError(error) ? error.messageBody : undefined;
    if (!delivery.settled && !(await this.#giveUp({ messageId, error, message: undefined, body }, scope))) {
      return { kind: "failed", reason: "handler-failed", attempt: delivery.attempt, error };
    }
    this.#cursor.settle(messageId);
    return (await this.#acknowledge(messageId, scope)) ?? { kind: "done" };
  }

  async #handle(message: RunnerScaleSetMessage, delivery: Delivery, scope: DeliveryScope): Promise<Wanted | Delivered> {
    const { session, generation, stopping } = scope;
    const { redelivered, attempt } = delivery;
    const { scaleSetId } = session;
    // Given up already; what follows it failed the last time.
    if (redelivered && attempt > this.#context.timings.poisonAttempts)
      return { acquire: [], offered: availableIds(message) };
    const told = { redelivered, attempt, generation, scaleSetId, session, signal: stopping };
    const { messageId } = message;
    const startedAt = this.#context.clock.monotonic();
    const trace = (event: "handled" | "failed"): void =>
      publish("message", () => {
        const durationMs = this.#context.clock.monotonic() - startedAt;
        const { owner } = session;
        return { event, owner, scaleSetId, messageId, jobs: message.jobs.length, redelivered, attempt, durationMs };
      });
    try {
      const handled = await this.keepingAlive(scope, () => dispatch(this.#context.handler, message, told));
      trace("handled");
      this.#cursor.handled(messageId);
      this.#acquirer.offers.decline(handled.declined);
      this.#tell(message, handled, scope);
      return handled;
    } catch (error) {
      stopping.throwIfAborted();
      trace("failed");
      if (error instanceof StopListening) throw error;
      if (!(await this.#giveUp({ messageId, error, message, body: undefined }, scope)))
        return { kind: "failed", reason: "handler-failed", attempt, error };
      // Jobs that wait for an answer would wait for ever.
      return { acquire: [], offered: availableIds(message) };
    }
  }

  #tell(message: RunnerScaleSetMessage, handled: Handled, { generation, session }: DeliveryScope): void {
    const { messageId, statistics } = message;
    const { scaleSetId } = session;
    this.#acquirer.offers.named(message);
    if (statistics !== undefined && handled.read) {
      this.#acquirer.offers.read(statistics, this.#context.clock.uptime());
      this.#context.tell((told) => told.onStatistics?.({ statistics, generation, scaleSetId, messageId }));
    }
    const { desiredCount: count } = handled;
    if (count !== undefined) {
      this.#context.tell((told) => told.onDesiredCount?.({ count, generation, scaleSetId }));
    }
    tellJobs(this.#context, message);
  }

  /** Counts a failure. True once it was the last one, and the message was handed to whoever wants to keep it. */
  async #giveUp(
    failed: Pick<PoisonMessage, "messageId" | "error" | "message" | "body">,
    scope: DeliveryScope,
  ): Promise<boolean> {
    const { timings, logger, handler } = this.#context;
    const { messageId, error, message } = failed;
    const attempts = this.#cursor.failed(messageId);
    if (attempts < timings.poisonAttempts) {
      logger.warn({ messageId, attempts, error: loggable(error) }, "a message could not be handled, it comes again");
      return false;
    }
    const text = message === undefined ? failed.body : JSON.stringify(message);
    const whole = text === undefined ? undefined : redact(text);
    logger.error(
      { messageId, attempts, error: loggable(error), message: whole },
      "a message could not be handled, it is given up",
    );
    const { generation, session, stopping } = scope;
    const { owner, scaleSetId } = session;
    const poison: PoisonMessage = { ...failed, attempts, generation, scaleSetId };
    publish("message", () => ({ event: "poison", owner, scaleSetId, messageId, attempt: attempts }));
    this.#context.tell((observer) => observer.onPoison?.(poison));
    try {
      await this.keepingAlive(scope, async () => handler.onPoison?.(poison, { signal: stopping }));
    } catch (failure) {
      stopping.throwIfAborted();
      if (failure instanceof StopListening) throw failure;
      logger.error({ messageId, error: loggable(failure) }, "onPoison failed, the message is lost");
    }
    return true;
  }

  /** What exceeds the announced capacity is kept, and acquired as room comes: the message need not wait for that. */
  async #acquire(messageId: number, wanted: Wanted, scope: DeliveryScope): Promise<Delivered | undefined> {
    if (wanted.acquire.length === 0 && wanted.offered.length === 0) return undefined;
    this.#acquirer.offers.keep(wanted.offered);
    try {
      await this.#acquirer.acquireWith(wanted.acquire, scope);
      return undefined;
    } catch (error) {
      const failed = this.#failedCall(messageId, "acquire-failed", error, scope);
      if (failed === undefined) this.#acquirer.offers.drop([...wanted.acquire, ...wanted.offered]);
      return failed;
    }
  }

  async #acknowledge(messageId: number, scope: DeliveryScope): Promise<Delivered | undefined> {
    try {
      await scope.session.acknowledge(messageId, { signal: scope.signal });
    } catch (error) {
      const failed = this.#failedCall(messageId, "acknowledge-failed", error, scope);
      if (failed !== undefined) return failed;
    }
    this.#cursor.pass(messageId);
    return undefined;
  }

  /** Undefined: no repetition helps, go on without. */
  #failedCall(
    messageId: number,
    reason: RecoveringReason,
    error: unknown,
    scope: DeliveryScope,
  ): Delivered | undefined {
    scope.signal.throwIfAborted();
    const last = this.#failedCalls;
    const attempt = last?.messageId === messageId && last.reason === reason ? last.times + 1 : 1;
    this.#failedCalls = { messageId, reason, times: attempt };
    if (isFinal(error)) {
      // A handled message costs nothing when it comes again; only one that never can be acknowledged must not block the rest.
      const patience = reason === "acknowledge-failed" ? this.#context.timings.poisonAttempts : patienceWith(error);
      if (attempt < patience) return { kind: "failed", reason, attempt, error };
      this.#context.logger.warn({ messageId, ...loggable(error) }, `${reason}: it will not succeed, going on`);
      return undefined;
    }
    const verdict = verdictOf(error, attempt);
    if (verdict !== "retry") return { kind: "lost", verdict, error };
    return { kind: "failed", reason, attempt, error };
  }

  /** Runs a handler: one that takes long must not cost the session, one that never ends must not keep us from ending. */
  async keepingAlive<T>({ session, stopping }: DeliveryScope, work: () => Promise<T>): Promise<T> {
    using stop = new LinkedController();
    const beating = this.#beat(session, stop.signal);
    try {
      return await abortable(work(), stopping);
    } finally {
      stop.abort(HANDLED);
      await beating;
    }
  }

  async #beat(session: MessageSession, signal: AbortSignal): Promise<void> {
    const { clock, timings, logger } = this.#context;
    for (;;) {
      try {
        await clock.sleep(timings.handlerRefreshMs, { signal });
        await session.refresh({ signal });
      } catch (error) {
        if (signal.aborted) return;
        // What is wrong with the session shows at its next call.
        logger.debug(loggable(error), "the session could not be refreshed meanwhile");
      }
    }
  }
}
