import type { Runner } from "../model.js";

/** Longest running first. */
export function byAge(a: Runner, b: Runner): number {
  return (a.startedAt ?? a.since) - (b.startedAt ?? b.since);
}
