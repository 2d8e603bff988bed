import { type ExitCode, exitCodes } from "./exit-codes.js";

export type StopSignal = "SIGINT" | "SIGTERM";

export interface StopRequests extends Disposable {
  /** Aborts with the first signal. */
  readonly signal: AbortSignal;
  /** Resolves with the first signal. */
  readonly requested: Promise<void>;
  /** Which one came, if any. */
  readonly received: StopSignal | undefined;
}

/** The first SIGINT or SIGTERM asks for a graceful stop; a second one ends the process at once. */
export function stopRequests(
  onFirst: (signal: StopSignal) => void,
  onSecond: (signal: StopSignal) => void,
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
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return {
    signal: stop.signal,
    requested,
    get received() {
      return received;
    },
    [Symbol.dispose]() {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}

export function exitCodeFor(signal: StopSignal): ExitCode {
  return signal === "SIGINT" ? exitCodes.interrupted.code : exitCodes.terminated.code;
}
