import type { Rule } from "../rule.js";

/** An idle runner that its backend calls unfit is replaced. A busy one is left to end its job. */
export const unfit: Rule = (fleet, now, plan) => {
  if (fleet.stopping) return;
  for (const runner of fleet.unfit.until(now)) {
    if (runner.pending === undefined) plan.retire(runner, `retire ${runner.name}: it is unfit (${runner.unfit})`);
  }
  plan.wakeAt(fleet.unfit.firstAfter(now));
};
