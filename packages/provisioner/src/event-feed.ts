import type { InstanceEvent } from "./contract.js";

/** A watcher that falls this far behind is ended: it will list, which is cheaper than catching up. */
const MAX_BACKLOG = 10_000;

/** Hands each event to everyone who watches. What a watcher has not taken yet waits in its own queue. */
export class EventFeed {
  readonly #watchers = new Set<Watcher>();

  /** How many watch just now. */
  get watchers(): number {
    return this.#watchers.size;
  }

  publish(event: InstanceEvent): void {
    for (const watcher of this.#watchers) watcher.push(event);
  }

  /** Ends every watch, after what it has queued. */
  end(): void {
    for (const watcher of [...this.#watchers]) watcher.end();
  }

  /** Watches from this call on, not from the first `next()`; so nothing between the two is missed. */
  watch(signal: AbortSignal, onEnd: () => void = () => {}): AsyncIterable<InstanceEvent> {
    const watcher = new Watcher(signal, () => {
      this.#watchers.delete(watcher);
      onEnd();
    });
    if (!watcher.ended) this.#watchers.add(watcher);
    return watcher;
  }
}

class Watcher implements AsyncIterableIterator<InstanceEvent, undefined> {
  readonly #queue: InstanceEvent[] = [];
  readonly #waiting: ((result: IteratorResult<InstanceEvent, undefined>) => void)[] = [];
  readonly #signal: AbortSignal;
  readonly #onEnd: () => void;
  readonly #onAbort = (): void => this.#stop();
  ended = false;

  constructor(signal: AbortSignal, onEnd: () => void) {
    this.#signal = signal;
    this.#onEnd = onEnd;
    if (signal.aborted) this.ended = true;
    else signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  push(event: InstanceEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting({ done: false, value: event });
    else if (this.#queue.push(event) > MAX_BACKLOG) this.#stop();
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.#signal.removeEventListener("abort", this.#onAbort);
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
    this.#onEnd();
  }

  #stop(): void {
    this.#queue.length = 0;
    this.end();
  }

  async next(): Promise<IteratorResult<InstanceEvent, undefined>> {
    const event = this.#queue.shift();
    if (event !== undefined) return { done: false, value: event };
    if (this.ended) return { done: true, value: undefined };
    return await new Promise((resolve) => this.#waiting.push(resolve));
  }

  async return(): Promise<IteratorResult<InstanceEvent, undefined>> {
    this.#stop();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
