import type { Rule } from "../rule.js";

/** A scale set that is drained needs no idle runner: each is asked for, and one that has a job ends by itself. */
export const drained: Rule = (fleet, now, plan) => {
  if (fleet.drainingSince === undefined) return;
  plan.wakeAt(fleet.drainingSince + fleet.timings.drainCloseMs);
  for (const runner of fleet.roster.due("started", now))
    plan.retire(runner, `retire ${runner.name}: the set is drained`);
  plan.limitLaunches(0, "the scale set is drained");
};
