import type { Rule } from "../rule.js";

/** Where somebody set an age: an idle runner that is older is replaced. */
export const idleAge: Rule = (fleet, now, plan) => {
  const { maxIdleAgeMs } = fleet.timings;
  if (maxIdleAgeMs === Number.POSITIVE_INFINITY || fleet.stopping) return;
  for (const runner of fleet.roster.due("started", now)) {
    const until = (runner.startedAt ?? now) + maxIdleAgeMs;
    if (until > now) plan.wakeAt(until);
    else plan.retire(runner, `retire ${runner.name}: idle for longer than maxIdleAgeMs`);
  }
};
