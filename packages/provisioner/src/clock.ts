/** A time limit that can be taken back. Disposing it leaves no timer and no listener behind. */
export interface Deadline extends Disposable {
  /** Aborts with a `TimeoutError` when the time is up, or with the reason of the signal it was made from. */
  readonly signal: AbortSignal;
}

/**
 * Time as everything here sees it: passed in, never taken from the globals, so that whole days run in seconds under a
 * virtual clock. The simulator declares the same shape for itself.
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

/** Uniform in [0, 1), like `Math.random`. */
export type Random = () => number;
