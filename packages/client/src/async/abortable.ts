/**
 * The promise's outcome, or the signal's reason when that comes first, whatever the promise does about the signal. The
 * promise goes on by itself then, and how it ends is nobody's concern. Leaves no listener.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** A controller that also aborts with the given signal. Disposing it leaves no listener there. */
export class LinkedController implements Disposable {
  readonly #controller = new AbortController();
  readonly #source: AbortSignal | undefined;

  constructor(source?: AbortSignal) {
    this.#source = source;
    if (source?.aborted) this.handleEvent();
    // The object itself: a daemon holds thousands of these, and a closure each would be as large again.
    else source?.addEventListener("abort", this, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** @internal The source aborted. */
  handleEvent(): void {
    this.#controller.abort(this.#source?.reason);
  }

  [Symbol.dispose](): void {
    this.#source?.removeEventListener("abort", this);
  }
}
