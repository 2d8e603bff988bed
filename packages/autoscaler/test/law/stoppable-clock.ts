import type { Clock, Deadline } from "@scaleset/client";

/**
 * The clock of a process that can be stopped (SIGSTOP) or put to sleep with its machine. Its `wait` must be awaited before
 * anything that the outside answers reaches the process.
 */
export class StoppableClock implements Clock {
  readonly #truth: Clock;
  /** Whether `monotonic` stands still while stopped, as it does while a machine sleeps. */
  readonly #sleeps: boolean;
  #resumed: Promise<void> | undefined;
  #resume = (): void => {};
  #asleepMs = 0;
  #stoppedAt = 0;

  constructor(truth: Clock, options: { readonly sleeps: boolean }) {
    this.#truth = truth;
    this.#sleeps = options.sleeps;
  }

  stop(): void {
    this.#stoppedAt = this.#truth.monotonic();
    this.#resumed = new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  resume(): void {
    if (this.#resumed === undefined) return;
    if (this.#sleeps) this.#asleepMs += this.#truth.monotonic() - this.#stoppedAt;
    this.#resumed = undefined;
    this.#resume();
  }

  /** Resolves at once while the process runs, else when it runs again. */
  async wait(): Promise<void> {
    while (this.#resumed !== undefined) await this.#resumed;
  }

  now(): number {
    return this.#truth.now();
  }

  monotonic(): number {
    return this.#truth.monotonic() - this.#asleepMs;
  }

  uptime(): number {
    return this.#truth.uptime();
  }

  async sleep(ms: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void> {
    try {
      await this.#truth.sleep(ms, options);
    } finally {
      await this.#overdue();
    }
  }

  deadline(ms: number, options?: { readonly signal?: AbortSignal | undefined }): Deadline {
    const inner = this.#truth.deadline(ms, options);
    const own = new AbortController();
    const end = (): void => {
      if (this.#resumed === undefined) own.abort(inner.signal.reason);
      else void this.#overdue().then(() => own.abort(inner.signal.reason));
    };
    if (inner.signal.aborted) own.abort(inner.signal.reason);
    else inner.signal.addEventListener("abort", end, { once: true });
    return { signal: own.signal, [Symbol.dispose]: () => inner[Symbol.dispose]() };
  }

  /** A process that runs again reads its sockets before its overdue timers: those come a moment later. */
  async #overdue(): Promise<void> {
    if (this.#resumed === undefined) return;
    await this.wait();
    await this.#truth.sleep(1);
  }
}
