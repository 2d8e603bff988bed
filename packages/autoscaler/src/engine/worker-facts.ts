import type { Trouble } from "../ports/service.js";

/** A runner that did not come up, with the last part of what it printed. */
export interface FailedRunnerStatus {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly exitCode?: number | undefined;
  readonly reason?: string | undefined;
  readonly output: string;
}

/** What the worker knows beside its fleet. */
export interface WorkerFacts {
  readonly name: string;
  /** Monotonic milliseconds. */
  readonly now: number;
  readonly lastDecision: { readonly at: number; readonly reasons: readonly string[] } | undefined;
  readonly stopped: boolean;
  /** What stands between it and the service right now. */
  readonly trouble: Trouble | undefined;
  /** What the service did not take of the scale set as configured, in words. */
  readonly drift: string | undefined;
  /** Why lists of instances fail. */
  readonly inventory: readonly string[];
  readonly failedRunners: readonly FailedRunnerStatus[];
}
