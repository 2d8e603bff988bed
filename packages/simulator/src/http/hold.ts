import type { Service } from "../service/service.js";
import type { Clock } from "../time/clock.js";

/**
 * A long poll: looks at once, then after each step that concerns `row`, until there is something, `holdMs` are over
 * (nothing), or the asker is gone (nothing either; nobody reads the answer).
 */
export async function hold<T>(
  { service, clock }: { readonly service: Service; readonly clock: Clock },
  { row, holdMs, signal, look }: { row: object; holdMs: number; signal: AbortSignal; look: () => T | undefined },
): Promise<T | undefined> {
  const first = look();
  if (first !== undefined || signal.aborted) return signal.aborted ? undefined : first;
  using deadline = clock.deadline(holdMs, { signal });
  for (;;) {
    await woken(service, row, deadline.signal);
    if (deadline.signal.aborted) return undefined;
    const found = look();
    if (found !== undefined) return found;
  }
}

function woken(service: Service, row: object, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const stop = service.watch(row, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
