import type { Clock, Deadline, Random } from "../clock.js";

/** Longer waits than a timer can hold would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's time. The only file here that knows timers. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),

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
    const { signal } = options;
    const controller = new AbortController();
    const dispose = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      dispose();
      controller.abort(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        dispose();
        controller.abort(new DOMException(`no answer within ${ms} ms`, "TimeoutError"));
      },
      Math.min(ms, MAX_TIMER_MS),
    );
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    return { signal: controller.signal, [Symbol.dispose]: dispose };
  },
};

/** The machine's chance: `Math.random`. */
export const realRandom: Random = () => Math.random();
