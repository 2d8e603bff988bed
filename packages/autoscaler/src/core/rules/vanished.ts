import type { Rule } from "../rule.js";

/**
 * The end of a runner may be seen by nobody: its exit where backends can't see one, the news of its job where that was
 * lost. So the service is asked now and then whether it still knows it.
 */
export const vanished: Rule = (fleet, now, plan) => {
  for (const runner of fleet.lookUps.until(now)) {
    if (runner.pending !== undefined) continue;
    const { name, runnerId } = runner;
    plan.command({ type: "look-up", name, runnerId }, `${name} has run for long: does the service still know it?`);
  }
  plan.wakeAt(fleet.lookUps.firstAfter(now));
};
