import type { Rule } from "../rule.js";

/** An idle runner that its backend calls unfit is replaced. A busy one is left to end its job. */
export const unfit: Rule = (fleet, now, plan) => {
  if (fleet.unfit.size === 0 || fleet.stopping) return;
  for (const runner of fleet.unfit) {
    const { name, phase, pending, belief, dueAt } = runner;
    if (phase !== "started" || pending !== undefined || belief.kind === "job") continue;
    if (dueAt > now) plan.wakeAt(dueAt);
    else plan.retire(runner, `retire ${name}: it is unfit (${runner.unfit})`);
  }
};
