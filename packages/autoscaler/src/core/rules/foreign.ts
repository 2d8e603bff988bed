import type { Rule } from "../rule.js";

/**
 * Runners on another machine end without any message to us, and hold places until a reading says so: one is asked for
 * while there are any.
 */
export const foreign: Rule = (fleet, now, plan) => {
  const { count } = fleet.foreign;
  if (count === 0 || fleet.statisticsAsked !== undefined) return;
  const asOf = fleet.reading(now)?.asOf ?? Number.NEGATIVE_INFINITY;
  const from = Math.max(fleet.asking.askedAt + fleet.timings.ghostAskMs, asOf + fleet.timings.ghostAskMs);
  if (from > now) plan.wakeAt(from);
  else plan.command({ type: "read-statistics" }, `${count} runners live where they can't be seen: do they still?`);
};
