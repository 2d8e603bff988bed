import { abortable, LinkedController } from "../async/abortable.js";
import { ScaleSetError } from "../errors.js";
import type { MessageSession } from "../session/message-session.js";
import type { RunnerScaleSetMessage } from "../types.js";
import type { ListenerContext } from "./context.js";

/** How a poll ended. `interrupted`: to announce another capacity at once, or to poll no longer. */
export type Polled =
  | { readonly kind: "message"; readonly message: RunnerScaleSetMessage }
  | { readonly kind: "nothing"; readonly heldMs: number; readonly startedAt: number }
  | { readonly kind: "cut"; readonly heldMs: number; readonly error: unknown }
  | { readonly kind: "interrupted" };

/** A poll, or the wait before one. */
interface Running {
  /** What the service knows of. */
  readonly capacity: number;
  readonly controller: LinkedController;
}

/** Polls with the newest capacity: a raised one ends the running poll; a lowered one too where it must not wait. */
export class Poller {
  readonly #context: ListenerContext;
  #capacity: number;
  #announced: number;
  #polling: boolean;
  #resume: () => void = () => {};
  readonly #interruption = new DOMException("the poll is replaced", "AbortError");
  #running: Running | undefined;
  #lowerAtOnce = false;
  #interruptedAt = Number.NEGATIVE_INFINITY;
  #plannedAt = Number.POSITIVE_INFINITY;
  /** The start of the next poll, at the earliest. @unit milliseconds, monotonic */
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(context: ListenerContext, options: { readonly capacity: number; readonly polling: boolean }) {
    this.#context = context;
    this.#capacity = checked(options.capacity);
    this.#announced = options.capacity;
    this.#polling = options.polling;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** As many jobs as may be accepted: no more than the newest poll announces, nor than the next one will. */
  get accepted(): number {
    return Math.min(this.#capacity, this.#announced);
  }

  get polling(): boolean {
    return this.#polling;
  }

  setCapacity(capacity: number, lowerAtOnce: boolean): void {
    this.#capacity = checked(capacity);
    const running = this.#running;
    if (running === undefined) return;
    if (capacity < running.capacity && lowerAtOnce) this.#lowerAtOnce = true;
    this.#planInterrupt(running);
  }

  setPolling(polling: boolean): void {
    this.#polling = polling;
    if (polling) this.#resume();
    else this.#running?.controller.abort(this.#interruption);
  }

  /** Resolves once polls are wanted. */
  async untilPolling(signal: AbortSignal): Promise<void> {
    while (!this.#polling) {
      const resumed = new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
      await abortable(resumed, signal);
    }
  }

  async poll(
    session: MessageSession,
    options: {
      readonly generation: number;
      readonly lastMessageId: () => number;
      readonly signal: AbortSignal;
      /** The service is being told of the newest capacity. */
      readonly onAnnounced: () => void;
    },
  ): Promise<Polled> {
    const { clock, timings } = this.#context;
    const { generation, signal } = options;
    const waitMs = this.#notBefore - clock.monotonic();
    if (waitMs > 0) {
      await this.#interruptible(this.#announced, signal, (bounded) => clock.sleep(waitMs, { signal: bounded }));
      if (!this.#polling) return { kind: "interrupted" };
    }
    this.#notBefore = Number.NEGATIVE_INFINITY;
    const capacity = this.#capacity;
    const lastMessageId = options.lastMessageId();
    const startedAt = clock.monotonic();
    try {
      const polled = await this.#interruptible(capacity, signal, (bounded) => {
        this.#announced = capacity;
        this.#context.state({ state: "polling", generation, capacity, lastMessageId });
        this.#context.tell((observer) => observer.onPollStarted?.({ generation, capacity }));
        const message = session.getMessage({ lastMessageId, maxCapacity: capacity, signal: bounded });
        options.onAnnounced();
        return message;
      });
      if (polled === "interrupted") return { kind: "interrupted" };
      if (polled !== undefined) return { kind: "message", message: polled };
      this.#notBefore = startedAt + timings.pollIntervalMs;
      return { kind: "nothing", heldMs: clock.monotonic() - startedAt, startedAt };
    } catch (error) {
      return { kind: "cut", heldMs: clock.monotonic() - startedAt, error };
    }
  }

  async #interruptible<T>(
    capacity: number,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | "interrupted"> {
    const controller = new LinkedController(signal);
    const running = { capacity, controller };
    this.#running = running;
    this.#plannedAt = Number.POSITIVE_INFINITY;
    this.#lowerAtOnce = false;
    try {
      // Raised while nothing was under way.
      this.#planInterrupt(running);
      return await work(controller.signal);
    } catch (error) {
      if (error === this.#interruption) return "interrupted";
      throw error;
    } finally {
      this.#running = undefined;
      controller[Symbol.dispose]();
      // Cancels a planned interruption.
      controller.abort(this.#interruption);
    }
  }

  /** At most one in `capacityRaiseMs`, so that a flapping limit causes no storm of polls. */
  #planInterrupt(running: Running): void {
    if (!this.#outdated(running)) return;
    const { clock, timings, random } = this.#context;
    const now = clock.monotonic();
    // At random: when a limit shared by many sets falls, they don't all poll at the same moment.
    const spreadMs = this.#capacity > running.capacity ? 0 : random() * timings.capacityRaiseMs;
    const at = Math.max(now + spreadMs, this.#interruptedAt + timings.capacityRaiseMs);
    if (at >= this.#plannedAt) return;
    this.#plannedAt = at;
    const interrupt = (): void => {
      this.#plannedAt = Number.POSITIVE_INFINITY;
      if (running.controller.signal.aborted || !this.#outdated(running)) return;
      this.#interruptedAt = clock.monotonic();
      running.controller.abort(this.#interruption);
    };
    if (at <= now) interrupt();
    else clock.sleep(at - now, { signal: running.controller.signal }).then(interrupt, () => {});
  }

  /** Whether the service must learn of another capacity before this poll ends by itself. */
  #outdated({ capacity }: Running): boolean {
    return this.#capacity > capacity || (this.#lowerAtOnce && this.#capacity < capacity);
  }
}

function checked(capacity: number): number {
  if (Number.isSafeInteger(capacity) && capacity >= 1) return capacity;
  throw new ScaleSetError("CONFIG", "maxCapacity must be a whole number, at least 1: a set of none is not polled", {
    operation: "listen",
  });
}
