import type { Rule } from "../rule.js";

/**
 * Runners whose scale set went away under them are left until they exit. After hours nobody waits for what they do any
 * more: they are taken down like one whose registration is gone.
 */
export const orphaned: Rule = (fleet, now, plan) => {
  if (fleet.roster.orphans === 0) return;
  plan.because(`${fleet.roster.orphans} runners of a scale set that went away are left until they exit`);
  for (const runner of fleet.roster.orphaned()) {
    const until = (runner.orphanedAt ?? now) + fleet.timings.orphanMs;
    if (until > now) plan.wakeAt(until);
    else if (runner.pending === undefined)
      plan.retire(runner, `retire ${runner.name}: its scale set went away long ago`);
  }
};
