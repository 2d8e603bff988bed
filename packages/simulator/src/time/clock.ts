/** A time limit that can be taken back. Disposing it leaves no timer and no listener behind. */
export interface Deadline extends Disposable {
  /** Aborts with a `TimeoutError` when the time is up, or with the reason of the signal it was made from. */
  readonly signal: AbortSignal;
}

/**
 * Time as the simulator sees it: passed in, never taken from the globals, so that days run in seconds under a
 * `VirtualClock`. It has the same shape as the client's clock, declared anew so that nothing is imported.
 */
export interface Clock {
  /** Wall-clock time. @unit milliseconds since the epoch */
  now(): number;
  /** A clock that never jumps; only differences mean something. @unit milliseconds */
  monotonic(): number;
  /** Time since the machine started, which runs on while it sleeps, unlike `monotonic`. Costs about 20 µs. @unit milliseconds */
  uptime(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** A signal that aborts after `ms` or with the given signal, whichever is first. */
  deadline(ms: number, options?: { readonly signal?: AbortSignal | undefined }): Deadline;
}

/** What a clock needs from its source of time: call back once, at the earliest after `ms`, unless taken back. */
export type SetTimer = (ms: number, fire: () => void) => () => void;

/** `sleep` and `deadline` over a timer source, so that the real and the virtual clock cannot differ in them. */
export function waitsOver(setTimer: SetTimer): Pick<Clock, "sleep" | "deadline"> {
  return {
    sleep(ms, { signal } = {}) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const cancel = setTimer(ms, () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        });
        const onAbort = (): void => {
          cancel();
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    },
    deadline(ms, { signal } = {}) {
      const controller = new AbortController();
      if (signal?.aborted) {
        controller.abort(signal.reason);
        return { signal: controller.signal, [Symbol.dispose]: () => undefined };
      }
      const cancel = setTimer(ms, () => {
        signal?.removeEventListener("abort", onAbort);
        controller.abort(new DOMException(`no answer within ${ms} ms`, "TimeoutError"));
      });
      const onAbort = (): void => {
        cancel();
        controller.abort(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      return {
        signal: controller.signal,
        [Symbol.dispose]: () => {
          cancel();
          signal?.removeEventListener("abort", onAbort);
        },
      };
    },
  };
}
