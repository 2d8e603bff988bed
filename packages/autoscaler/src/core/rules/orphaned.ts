import type { Rule } from "../rule.js";

/**
 * Runners whose scale set went away under them are left until they exit. After hours nobody waits for what they do any
 * more: they are taken down like one whose registration is gone.
 */
export const orphaned: Rule = (fleet, now, plan) => {
  const { roster, timings } = fleet;
  if (roster.orphans === 0) return;
  plan.because(`${roster.orphans} runners of a scale set that went away are left until they exit`);
  for (const runner of roster.orphanedUntil(now - timings.orphanMs)) {
    if (runner.pending === undefined) plan.retire(runner, `retire ${runner.name}: its scale set went away long ago`);
  }
  plan.wakeAt(roster.orphanedAfter(now - timings.orphanMs) + timings.orphanMs);
};
