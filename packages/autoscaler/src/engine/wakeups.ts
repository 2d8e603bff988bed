import type { Clock } from "@scaleset/client";
import { IndexedHeap } from "../core/indexed-heap.js";

/** Made once: an abort without a reason makes an exception each time. */
const OTHER_TIME = new Error("another time is first");

/** The one timer of the process: everybody's next look goes into one heap, and nothing ticks. */
export class Wakeups {
  readonly #clock: Clock;
  readonly #heap = new IndexedHeap<() => void>();
  #sleep: { readonly until: number; readonly abort: AbortController } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls back once at `at` (monotonic milliseconds) in place of the callback's earlier time; `Infinity` takes it back. */
  set(callback: () => void, at: number): void {
    this.#heap.set(callback, at);
    this.#arm();
  }

  #arm(): void {
    const first = this.#heap.first;
    if (this.#sleep !== undefined) {
      if (this.#sleep.until <= first && first !== Number.POSITIVE_INFINITY) return;
      this.#sleep.abort.abort(OTHER_TIME);
      this.#sleep = undefined;
    }
    if (first === Number.POSITIVE_INFINITY) return;
    const sleep = { until: first, abort: new AbortController() };
    this.#sleep = sleep;
    const waitMs = Math.max(0, first - this.#clock.monotonic());
    void this.#clock.sleep(waitMs, { signal: sleep.abort.signal }).then(
      () => {
        if (this.#sleep === sleep) this.#ring();
      },
      () => {},
    );
  }

  #ring(): void {
    this.#sleep = undefined;
    const now = this.#clock.monotonic();
    for (let due = this.#heap.takeUntil(now); due !== undefined; due = this.#heap.takeUntil(now)) due();
    this.#arm();
  }
}
