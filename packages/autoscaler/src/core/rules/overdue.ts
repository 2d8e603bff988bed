import type { Runner } from "../model.js";
import type { Plan } from "../plan.js";
import type { Rule } from "../rule.js";

/**
 * The only rule that ends a runner at work, and only where somebody set a limit: jobs that take too long, and those that
 * still work after the deadline of a drain.
 */
export const overdue: Rule = (fleet, now, plan) => {
  const { maxJobDurationMs, drainDeadlineMs } = fleet.timings;
  end(fleet.working.until(now - maxJobDurationMs), "its job worked longer than maxJobDurationMs allows", plan);
  plan.wakeAt(fleet.working.first + maxJobDurationMs);
  if (fleet.drainingSince === undefined) return;
  const until = fleet.drainingSince + drainDeadlineMs;
  // By then whoever was idle is gone: what is left works, also those whose job nobody told us of.
  if (now >= until) end(fleet.roster.all(), "its job did not end before drainDeadlineMs", plan);
  else plan.wakeAt(until);
};

function end(runners: Iterable<Runner>, why: string, plan: Plan): void {
  for (const runner of runners) {
    if (runner.pending !== undefined || runner.phase !== "started" || runner.foreignSchema) continue;
    plan.command({ type: "destroy", name: runner.name }, `end ${runner.name} by force: ${why}`);
  }
}
