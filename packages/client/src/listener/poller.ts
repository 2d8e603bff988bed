import { LinkedController } from "../async/abortable.js";
import { ScaleSetError } from "../errors.js";
import type { MessageSession } from "../session/message-session.js";
import type { RunnerScaleSetMessage } from "../types.js";
import type { ListenerContext } from "./context.js";

/** How a poll ended. `interrupted`: by a raised capacity, to be announced at once. */
export type Polled =
  | { readonly kind: "message"; readonly message: RunnerScaleSetMessage }
  | { readonly kind: "nothing"; readonly heldMs: number }
  | { readonly kind: "interrupted" };

interface Running {
  readonly capacity: number;
  readonly controller: LinkedController;
}

/** Polls with the newest capacity: a raised one ends the running poll, a lowered one waits for the next. */
export class Poller {
  readonly #context: ListenerContext;
  #capacity: number;
  /** The reason of a poll that was ended for a raised capacity. */
  readonly #interruption = new DOMException("the capacity was raised", "AbortError");
  #running: Running | undefined;
  #interruptedAt = Number.NEGATIVE_INFINITY;
  #interruptPlanned = false;

  constructor(context: ListenerContext, capacity: number) {
    this.#context = context;
    this.#capacity = checked(capacity);
  }

  get capacity(): number {
    return this.#capacity;
  }

  set capacity(capacity: number) {
    this.#capacity = checked(capacity);
    if (this.#running !== undefined && capacity > this.#running.capacity) this.#planInterrupt(this.#running);
  }

  async poll(
    session: MessageSession,
    options: { readonly generation: number; readonly lastMessageId: number; readonly signal: AbortSignal },
  ): Promise<Polled> {
    const { clock } = this.#context;
    const { generation, lastMessageId, signal } = options;
    const capacity = this.#capacity;
    const controller = new LinkedController(signal);
    const running = { capacity, controller };
    this.#running = running;
    this.#interruptPlanned = false;
    this.#context.state({ state: "polling", generation, capacity, lastMessageId });
    this.#context.tell((observer) => observer.onPollStarted?.({ generation, capacity }));
    const startedAt = clock.monotonic();
    try {
      const message = await session.getMessage({ lastMessageId, maxCapacity: capacity, signal: controller.signal });
      if (message !== undefined) return { kind: "message", message };
      return { kind: "nothing", heldMs: clock.monotonic() - startedAt };
    } catch (error) {
      if (error === this.#interruption) return { kind: "interrupted" };
      throw error;
    } finally {
      this.#running = undefined;
      controller[Symbol.dispose]();
      // Takes a planned interruption back.
      controller.abort(this.#interruption);
    }
  }

  /** At most once in a while, so that a flapping limit costs no storm of polls. */
  #planInterrupt(running: Running): void {
    if (this.#interruptPlanned) return;
    this.#interruptPlanned = true;
    const { clock, timings } = this.#context;
    const interrupt = (): void => {
      this.#interruptedAt = clock.monotonic();
      running.controller.abort(this.#interruption);
    };
    const waitMs = this.#interruptedAt + timings.capacityRaiseMs - clock.monotonic();
    if (waitMs <= 0) interrupt();
    else clock.sleep(waitMs, { signal: running.controller.signal }).then(interrupt, () => {});
  }
}

function checked(capacity: number): number {
  if (Number.isSafeInteger(capacity) && capacity >= 1) return capacity;
  throw new ScaleSetError("CONFIG", "maxCapacity must be a whole number, at least 1: a set of none is not polled", {
    operation: "listen",
  });
}
