import type { Fleet } from "../fleet.js";
import type { Plan } from "../plan.js";
import type { Rule } from "../rule.js";

/**
 * The only rule that ends a runner at work, and only where somebody set a limit: jobs that take too long, and those that
 * still work after the deadline of a drain.
 */
export const overdue: Rule = (fleet, now, plan) => {
  const { maxJobDurationMs, drainDeadlineMs } = fleet.timings;
  end(fleet, now - maxJobDurationMs, "its job worked longer than maxJobDurationMs allows", plan);
  plan.wakeAt(fleet.working.first + maxJobDurationMs);
  if (fleet.drainingSince === undefined) return;
  const until = fleet.drainingSince + drainDeadlineMs;
  if (now >= until) end(fleet, now, "its job did not end before drainDeadlineMs", plan);
  else plan.wakeAt(until);
};

function end(fleet: Fleet, begunBy: number, why: string, plan: Plan): void {
  for (const runner of fleet.working.until(begunBy)) {
    if (runner.pending !== undefined || runner.phase !== "started") continue;
    plan.command({ type: "destroy", name: runner.name }, `end ${runner.name} by force: ${why}`);
  }
}
