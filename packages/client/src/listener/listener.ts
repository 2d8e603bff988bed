import { setMaxListeners } from "node:events";
import { abortable, LinkedController } from "../async/abortable.js";
import { publish } from "../diagnostics.js";
import { isScaleSetError, ScaleSetError } from "../errors.js";
import type { MessageSession } from "../session/message-session.js";
import type { RunnerScaleSetStatistics } from "../types.js";
import { Acquirer } from "./acquirer.js";
import { createContext, type ListenerContext, loggable, waitFor } from "./context.js";
import { Cursor } from "./cursor.js";
import { Deliverer } from "./delivery.js";
import type { DeliveryScope } from "./delivery-scope.js";
import { type Opened, Opener } from "./opener.js";
import type { ListenerOptions } from "./options.js";
import { Poller } from "./poller.js";
import { type Loss, SessionLoop } from "./session-loop.js";

/** Made once: an exception takes its stack each time that one is made. */
const SESSION_ENDS = new DOMException("the session ends", "AbortError");

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
  readonly #acquirer: Acquirer;
  readonly #deliverer: Deliverer;
  #scaleSetId: number | undefined;
  #generation = 0;
  #session: MessageSession | undefined;
  /** Of the session held now; its signal is aborted once it is lost. */
  #scope: DeliveryScope | undefined;
  #running = false;

  constructor(options: ListenerOptions) {
    this.#context = createContext(options);
    this.#poller = new Poller(this.#context, {
      capacity: options.maxCapacity,
      polling: options.polling ?? true,
    });
    this.#opener = new Opener(this.#context, options);
    this.#acquirer = new Acquirer(this.#context, this.#poller);
    this.#deliverer = new Deliverer(this.#context, this.#cursor, this.#acquirer);
  }

  /** What the next poll announces. */
  get maxCapacity(): number {
    return this.#poller.capacity;
  }

  /**
   * Announces another capacity: a higher one at once (the running poll is ended, at most once in 2 s), a lower one with the
   * next poll.
   *
   * @param options - `lowerAtOnce`: a lower one is announced at once too, at a random moment within those 2 s. @default false
   * @throws {@link ScaleSetError} `CONFIG` below 1
   */
  setMaxCapacity(maxCapacity: number, options: { readonly lowerAtOnce?: boolean | undefined } = {}): void {
    this.#poller.setCapacity(maxCapacity, options.lowerAtOnce ?? false);
    if (this.#scope !== undefined) this.#acquirer.acquireKept(this.#scope);
  }

  /** Whether polls are sent. */
  get polling(): boolean {
    return this.#poller.polling;
  }

  /**
   * Stops or resumes polling. While polling is off the session stays open, a running poll is ended, no job is accepted, and
   * only {@link refresh} keeps the session alive.
   */
  setPolling(polling: boolean): void {
    this.#poller.setPolling(polling);
    if (polling && this.#scope !== undefined) this.#acquirer.acquireKept(this.#scope);
  }

  /**
   * Lets the next poll leave out `lastMessageId`, so that the queue answers its lowest message: for a queue whose ids may
   * have restarted. A message that was handled is recognized, and only acknowledged again.
   */
  restartCursor(): void {
    this.#cursor.restart();
  }

  /**
   * Renews the session held now, which proves that it is still ours; without one does nothing. Resolves with the statistics
   * that the answer carries; undefined where the service sends none. One that fails because the session or its scale set is
   * gone ends the session and its running poll at once.
   *
   * @throws {@link ScaleSetError} what {@link MessageSession.refresh} can.
   */
  async refresh(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<RunnerScaleSetStatistics | undefined> {
    const scope = this.#scope;
    if (scope === undefined || scope.signal.aborted) return undefined;
    const statistics = await scope.session.refresh(options);
    this.#acquirer.read(statistics, this.#context.refreshSentAt, scope);
    return statistics;
  }

  /**
   * Statistics that are newer than this call, beside those of messages: of a refresh, or of the scale set where refreshes
   * bring none. Offered jobs that no message named are acquired, and then counted too. Undefined without a session.
   *
   * @throws {@link ScaleSetError} what {@link refresh} and {@link ScaleSetClient.getRunnerScaleSetById} can.
   */
  async readStatistics(
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<RunnerScaleSetStatistics | undefined> {
    const { granted } = this.#acquirer;
    const first = await this.#freshStatistics(options);
    await abortable(this.#acquirer.settled(), options.signal);
    return this.#acquirer.granted === granted ? first : await this.#freshStatistics(options);
  }

  async #freshStatistics(options: {
    readonly signal?: AbortSignal | undefined;
  }): Promise<RunnerScaleSetStatistics | undefined> {
    const refreshed = await this.refresh(options);
    const scope = this.#scope;
    if (refreshed !== undefined || scope === undefined || scope.signal.aborted) return refreshed;
    const sentAt = this.#context.clock.uptime();
    const { statistics } = await this.#context.client.getRunnerScaleSetById(scope.session.scaleSetId, options);
    if (!scope.signal.aborted) this.#acquirer.read(statistics, sentAt, scope);
    return statistics;
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
      const opened = await this.#opener.open(signal, this.#generation > 0);
      const loss = await this.#hold(opened, signal);
      if (loss.verdict === "stop") throw loss.error;
      // It may live on at the service; then the next one would meet a conflict.
      await this.#closeSession();
      if (loss.verdict === "resolve") this.#opener.lose();
      fruitless = loss.useful ? 0 : fruitless + 1;
      if (fruitless > 1) await this.#waitToReopen(fruitless - 1, loss.error, signal);
    }
  }

  /** Works with one session until it is lost. */
  async #hold(opened: Opened, signal: AbortSignal): Promise<Loss> {
    const { session, ended } = opened;
    this.#begin(opened);
    const scope = { session, generation: this.#generation, signal: ended.signal, stopping: signal };
    this.#scope = scope;
    const onEnded = (): void => {
      if (!signal.aborted) this.#tellLost(session, ended.signal.reason);
    };
    ended.signal.addEventListener("abort", onEnded, { once: true });
    const parts = {
      context: this.#context,
      poller: this.#poller,
      cursor: this.#cursor,
      deliverer: this.#deliverer,
      acquirer: this.#acquirer,
    };
    try {
      this.#acquirer.read(session.statistics, opened.sentAt, scope);
      const loss = await new SessionLoop(parts, scope).untilLost();
      // What is still under way in it ends with it.
      if (loss.verdict !== "stop") ended.abort(loss.error);
      return loss;
    } finally {
      ended.signal.removeEventListener("abort", onEnded);
      this.#scope = undefined;
      ended.abort(SESSION_ENDS);
      ended[Symbol.dispose]();
      await this.#acquirer.settled();
    }
  }

  #begin({ session, sentAt }: Opened): void {
    const { sessionId, scaleSetId, statistics } = session;
    if (this.#scaleSetId !== undefined && this.#scaleSetId !== scaleSetId) {
      this.#cursor.reset();
      this.#acquirer.offers.clear();
    }
    this.#scaleSetId = scaleSetId;
    this.#session = session;
    this.#generation += 1;
    const generation = this.#generation;
    this.#context.logger.info({ scaleSetId, generation }, "the session is open");
    this.#context.tell((observer) =>
      observer.onSessionOpened?.({ generation, sessionId, scaleSetId, statistics, sentAt }),
    );
  }

  #tellLost({ owner, scaleSetId, sessionId }: MessageSession, error: unknown): void {
    const generation = this.#generation;
    this.#context.logger.warn({ ...loggable(error), generation }, "the session was lost");
    this.#context.tell((observer) => observer.onSessionLost?.({ generation, error }));
    const code = isScaleSetError(error) ? error.code : undefined;
    publish("session", () => ({ event: "lost", owner, scaleSetId, sessionId, code }));
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
    try {
      await session.close({ signal: deadline.signal });
      const { sessionId, scaleSetId } = session;
      this.#context.tell((observer) => observer.onSessionClosed?.({ sessionId, scaleSetId }));
    } catch (error) {
      logger.warn(loggable(error), "the session could not be closed");
    }
  }
}
