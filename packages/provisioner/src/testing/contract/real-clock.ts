import { uptime } from "node:os";
import type { Clock, Deadline, Random } from "../../clock.js";

/** Longer waits than a timer can hold would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's time, used by the contract suite unless another clock is passed in. A copy of the client's: this package depends on nothing of ours. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  uptime: () => uptime() * 1_000,

  sleep(ms, options = {}) {
    const { signal } = options;
    return new Promise<void>((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
        Math.min(ms, MAX_TIMER_MS),
      );
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },

  deadline(ms, options = {}): Deadline {
    return new RealDeadline(ms, options.signal);
  },
};

class RealDeadline implements Deadline {
  readonly #controller = new AbortController();
  readonly #source: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number, source: AbortSignal | undefined) {
    this.#source = source;
    this.#timer = setTimeout(timeUp, Math.min(ms, MAX_TIMER_MS), this, ms);
    if (source?.aborted) this.handleEvent();
    else source?.addEventListener("abort", this, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(reason: unknown): void {
    this[Symbol.dispose]();
    this.#controller.abort(reason);
  }

  /** @internal The source aborted. */
  handleEvent(): void {
    this.end(this.#source?.reason);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#source?.removeEventListener("abort", this);
  }
}

function timeUp(deadline: RealDeadline, ms: number): void {
  deadline.end(new DOMException(`no answer within ${ms} ms`, "TimeoutError"));
}

/** `Math.random`, used by the contract suite unless another source is passed in. */
export const realRandom: Random = () => Math.random();
