import type { Statistics } from "../service/state.js";
import type { CallName } from "../wire/calls.js";

/** Calls whose answer carries statistics. */
export const countingCalls = [
  "get-message",
  "open-session",
  "refresh-session",
  "get-scale-set",
  "create-scale-set",
  "update-scale-set",
] as const satisfies readonly CallName[];

export const statisticNames = [
  "totalAvailableJobs",
  "totalAcquiredJobs",
  "totalAssignedJobs",
  "totalRunningJobs",
  "totalRegisteredRunners",
  "totalBusyRunners",
  "totalIdleRunners",
] as const satisfies readonly (keyof Statistics)[];

/** How the statistics of an answer are wrong. */
export interface WrongStatistics {
  /** Added to these counts; none falls below 0. */
  readonly off?: { readonly [Name in keyof Statistics]?: number | undefined } | undefined;
  /** Those of the answer before, for the same scale set. @default false */
  readonly late?: boolean | undefined;
}

/** The statistics of the answers before, for the faults that answer late ones. */
export class EarlierStatistics {
  readonly #earlier = new WeakMap<object, Map<number | undefined, unknown>>();

  /** Remembers these, and returns those that `fault` met before at this scale set; at first these. */
  swap(fault: object, scaleSetId: number | undefined, statistics: unknown): unknown {
    const bySet = this.#earlier.get(fault) ?? new Map<number | undefined, unknown>();
    this.#earlier.set(fault, bySet);
    const earlier = bySet.has(scaleSetId) ? bySet.get(scaleSetId) : statistics;
    bySet.set(scaleSetId, statistics);
    return earlier;
  }
}

/** These statistics with wrong counts. What is no statistics stays as it is. */
export function offBy(statistics: unknown, off: NonNullable<WrongStatistics["off"]>): unknown {
  if (typeof statistics !== "object" || statistics === null) return statistics;
  const counts = new Map<string, unknown>(Object.entries(statistics));
  for (const name of statisticNames) {
    const count = counts.get(name);
    if (typeof count === "number") counts.set(name, Math.max(0, count + (off[name] ?? 0)));
  }
  return Object.fromEntries(counts);
}
