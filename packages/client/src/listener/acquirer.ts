import { isScaleSetError } from "../errors.js";
import { isFinal } from "../session/verdict.js";
import type { RunnerScaleSetStatistics } from "../types.js";
import { type ListenerContext, loggable, waitFor } from "./context.js";
import type { DeliveryScope } from "./delivery-scope.js";
import { Offers } from "./offers.js";
import type { Poller } from "./poller.js";

/** Most ids in one call. */
const MOST_AT_ONCE = 100;

/** Acquires offered jobs up to what is announced: with the message that offers them, and later as room comes (GHES). */
export class Acquirer {
  readonly offers = new Offers();
  readonly #context: ListenerContext;
  readonly #poller: Poller;
  readonly #running = new Map<"acquire" | "list", Promise<void>>();
  #failures = 0;
  #granted = 0;
  /** Kept jobs are not asked for again before this. @unit milliseconds, monotonic */
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(context: ListenerContext, poller: Poller) {
    this.#context = context;
    this.#poller = poller;
  }

  /** How many jobs were acquired. */
  get granted(): number {
    return this.#granted;
  }

  /** A session was opened, or its refresh was answered: jobs that no message will offer again are listed. */
  read(statistics: RunnerScaleSetStatistics | undefined, sentAt: number, scope: DeliveryScope): void {
    if (statistics !== undefined) this.offers.read(statistics, this.#context.clock.uptime(), sentAt);
    // A handler with a say in each job has not seen these.
    const listed = this.#context.handler.onJobAvailable === undefined;
    if (listed && (this.offers.available > 0 || this.offers.waiting)) this.#run("list", scope, () => this.#list(scope));
    else this.acquireKept(scope);
  }

  /**
   * Acquires what a message offers, and what was kept, as far as there is room; and what the handler chose in any case.
   * Rejects when the service does not answer: the message must come again. What is asked for already is waited for, since it
   * may be what the message offers.
   */
  async acquireWith(chosen: readonly string[], scope: DeliveryScope): Promise<void> {
    await this.#running.get("acquire");
    scope.signal.throwIfAborted();
    this.offers.ask(chosen);
    const ids = [...new Set([...chosen, ...this.offers.take(this.#capacity())])];
    await this.#acquireWhileRoom(ids, scope);
  }

  /** Acquires kept jobs beside everything else, as far as there is room now. */
  acquireKept(scope: DeliveryScope): void {
    if (!this.offers.waiting || this.#context.clock.monotonic() < this.#notBefore) return;
    this.#run("acquire", scope, () => this.#acquireAll(scope));
  }

  /** Resolves when nothing is under way. What a list brought is acquired after it. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  async #acquireAll(scope: DeliveryScope): Promise<void> {
    try {
      await this.#acquireWhileRoom(this.offers.take(this.#capacity()), scope, { dropsRefused: true });
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      const { pollRetryMinMs: minMs, pollRetryMaxMs: maxMs } = this.#context.timings;
      const waitMs = waitFor(this.#context, { attempt: this.#failures, minMs, maxMs, error });
      this.#notBefore = this.#context.clock.monotonic() + waitMs;
      throw error;
    }
  }

  /** These first, then kept ones: a job that is gone leaves its room to the next. */
  async #acquireWhileRoom(
    first: readonly string[],
    scope: DeliveryScope,
    { dropsRefused = false }: { readonly dropsRefused?: boolean } = {},
  ): Promise<void> {
    let checked = false;
    for (let ids = first; ids.length > 0; ids = this.offers.take(this.#capacity())) {
      try {
        const all = await this.#acquire(ids, scope);
        if (all || checked || !this.offers.waiting) continue;
      } catch (error) {
        if (dropsRefused && isFinal(error)) this.offers.drop(ids);
        throw error;
      }
      // More of those that are kept may be gone: one list tells, where each request for them would tell of a few.
      checked = true;
      await this.#dropGone(scope);
    }
  }

  async #dropGone(scope: DeliveryScope): Promise<void> {
    using deadline = this.#context.clock.deadline(this.#context.timings.acquireDeadlineMs, { signal: scope.signal });
    try {
      await this.#readList(scope, deadline.signal);
    } catch (error) {
      scope.signal.throwIfAborted();
      this.#context.logger.debug(loggable(error), "offered jobs could not be listed");
    }
  }

  /** Answers whether all were granted. */
  async #acquire(ids: readonly string[], scope: DeliveryScope): Promise<boolean> {
    const { clock, timings, logger } = this.#context;
    const before = this.#granted;
    for (let from = 0; from < ids.length; from += MOST_AT_ONCE) {
      const some = ids.slice(from, from + MOST_AT_ONCE);
      using deadline = clock.deadline(timings.acquireDeadlineMs, { signal: scope.signal });
      try {
        const granted = await scope.session.acquireJobs(some, { signal: deadline.signal });
        this.offers.answered(some, granted, clock.uptime());
        this.#granted += granted.length;
        logger.debug({ asked: some.length, granted: granted.length }, "jobs acquired");
      } catch (error) {
        this.offers.failed(ids.slice(from));
        throw error;
      }
    }
    return this.#granted - before >= ids.length;
  }

  async #list(scope: DeliveryScope): Promise<void> {
    await this.#readList(scope, scope.signal);
    this.acquireKept(scope);
  }

  async #readList({ session }: DeliveryScope, signal: AbortSignal): Promise<void> {
    const before = this.offers.kept;
    const jobs = await this.#context.client.listAcquirableJobs(session.scaleSetId, { signal });
    this.offers.listed(
      jobs.map(({ runnerRequestId }) => runnerRequestId),
      before,
    );
  }

  /** One of each kind at a time. What it fails with is only logged: the next occasion repeats it. */
  #run(kind: "acquire" | "list", { signal }: DeliveryScope, work: () => Promise<void>): void {
    if (this.#running.has(kind) || signal.aborted) return;
    const running = work()
      .catch((error: unknown) => {
        if (signal.aborted) return;
        const words = kind === "list" ? "offered jobs could not be listed" : "kept jobs could not be acquired";
        this.#context.logger[isScaleSetError(error) ? "debug" : "warn"](loggable(error), words);
      })
      .finally(() => this.#running.delete(kind));
    this.#running.set(kind, running);
  }

  /** While it does not poll, nothing is accepted. */
  #capacity(): number {
    return this.#poller.polling ? this.#poller.accepted : 0;
  }
}
