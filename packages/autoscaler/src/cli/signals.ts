import { type ExitCode, exitCodes } from "./exit-codes.js";

export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

export interface StopRequests extends Disposable {
  /** Aborts with the first signal. */
  readonly signal: AbortSignal;
  /** Resolves with the first signal. */
  readonly requested: Promise<void>;
  /** Which one came, if any. */
  readonly received: StopSignal | undefined;
}

/**
 * The first SIGINT or SIGTERM asks for a graceful stop; a second one ends the process at once. SIGHUP is one of them (the
 * terminal is gone) unless it is given a meaning of its own.
 */
export function stopRequests(
  onFirst: (signal: StopSignal) => void,
  onSecond: (signal: StopSignal) => void,
  options: { readonly onHangUp?: (() => void) | undefined } = {},
): StopRequests {
  const stop = new AbortController();
  let received: StopSignal | undefined;
  const handle = (signal: StopSignal): void => {
    if (received === undefined) {
      received = signal;
      onFirst(signal);
      stop.abort(new Error(`stopped by ${signal}`));
    } else {
      onSecond(signal);
      process.exit(exitCodeFor(signal));
    }
  };
  const requested = new Promise<void>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const hangUp = options.onHangUp ?? (() => handle("SIGHUP"));
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  process.on("SIGHUP", hangUp);
  return {
    signal: stop.signal,
    requested,
    get received() {
      return received;
    },
    [Symbol.dispose]() {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
      process.off("SIGHUP", hangUp);
    },
  };
}

export function exitCodeFor(signal: StopSignal): ExitCode {
  switch (signal) {
    case "SIGINT":
      return exitCodes.interrupted.code;
    case "SIGTERM":
      return exitCodes.terminated.code;
    case "SIGHUP":
      return exitCodes.hungUp.code;
  }
}
