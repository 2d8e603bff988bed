import type { Clock, Deadline } from "../../src/index.js";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Time that stands still until nothing else can happen, and then jumps to the next timer. */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #timers = new Set<Timer>();
  /** Abort listeners that calls hold on signals they were given, to see that none is left. */
  readonly startedAt: number;

  constructor(startedAt = Date.UTC(2026, 0, 1)) {
    this.startedAt = startedAt;
    this.#now = 0;
  }

  now(): number {
    return this.startedAt + this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  uptime(): number {
    return this.monotonic();
  }

  /** Timers that wait: 0 once every call has cleaned up. */
  get pending(): number {
    return this.#timers.size;
  }

  sleep(ms: number, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = (): void => {
        this.#timers.delete(timer);
        reject(signal?.reason);
      };
      const timer = this.#add(ms, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  deadline(ms: number, options: { readonly signal?: AbortSignal | undefined } = {}): Deadline {
    const controller = new AbortController();
    const { signal } = options;
    const dispose = (): void => {
      this.#timers.delete(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      dispose();
      controller.abort(signal?.reason);
    };
    const timer = this.#add(ms, () => {
      dispose();
      controller.abort(new DOMException("late", "TimeoutError"));
    });
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    return { signal: controller.signal, [Symbol.dispose]: dispose };
  }

  /** Lets everything happen that can, jumping over waits, until the promise settles. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    for (let idle = 0; !settled; ) {
      await turn();
      if (settled) break;
      if (this.#fireNext()) idle = 0;
      else if (++idle > 200) throw new Error("nothing can happen any more, and it is not settled");
    }
    return promise;
  }

  /** Lets `ms` pass, and what happens in it happen. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await turn();
    while (this.#fireNext(until)) await turn();
    this.#now = until;
    await turn();
  }

  #add(ms: number, fire: () => void): Timer {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fire };
    this.#timers.add(timer);
    return timer;
  }

  #fireNext(until = Number.POSITIVE_INFINITY): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > until) continue;
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.fire();
    return true;
  }
}

const nextTurn = setImmediate;

/** All microtasks and a few turns of the loop. */
async function turn(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => nextTurn(resolve));
}
