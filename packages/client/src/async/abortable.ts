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

/** A controller that also aborts with any of the given signals. Disposing it leaves no listener on them. */
export interface LinkedController extends Disposable {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
}

export function linkedController(...sources: readonly (AbortSignal | undefined)[]): LinkedController {
  const controller = new AbortController();
  const undo: (() => void)[] = [];
  const dispose = (): void => {
    for (const remove of undo.splice(0)) remove();
  };
  for (const source of sources) {
    if (source === undefined) continue;
    const onAbort = (): void => {
      dispose();
      controller.abort(source.reason);
    };
    if (source.aborted) {
      onAbort();
      break;
    }
    source.addEventListener("abort", onAbort, { once: true });
    undo.push(() => source.removeEventListener("abort", onAbort));
  }
  return { signal: controller.signal, abort: (reason) => controller.abort(reason), [Symbol.dispose]: dispose };
}
