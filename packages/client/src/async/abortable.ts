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
export interface LinkedController extends Disposable {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
}

export function linkedController(source?: AbortSignal): LinkedController {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(source?.reason);
  if (source?.aborted) onAbort();
  else source?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]: () => source?.removeEventListener("abort", onAbort),
  };
}
