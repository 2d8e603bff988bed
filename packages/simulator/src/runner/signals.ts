/** A signal that aborts with the first of others. */
export interface JoinedSignal extends Disposable {
  readonly signal: AbortSignal;
}

/** Joins signals, and lets go of them when disposed; `AbortSignal.any` lets go when the garbage collector pleases. */
export function joinSignals(...signals: readonly AbortSignal[]): JoinedSignal {
  const controller = new AbortController();
  const onAbort = (event: { readonly target: unknown }): void => {
    controller.abort(event.target instanceof AbortSignal ? event.target.reason : undefined);
  };
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener("abort", onAbort, { once: true });
  }
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const signal of signals) signal.removeEventListener("abort", onAbort);
    },
  };
}
