import type { Rule } from "../rule.js";

/**
 * The end of a runner may go unseen: its exit where backends can't see one, its registration's end while its process
 * lives on (actions/runner#4617). So the service is asked now and then whether it still knows it.
 */
export const vanished: Rule = (fleet, now, plan) => {
  for (const runner of fleet.lookUps.until(now)) {
    if (runner.pending !== undefined) continue;
    const { name, runnerId, absences } = runner;
    const why = absences > 0 ? `the service did not know ${name}` : `${name} has run for long`;
    plan.command({ type: "look-up", name, runnerId }, `${why}: does the service know it?`);
  }
  plan.wakeAt(fleet.lookUps.firstAfter(now));
};
