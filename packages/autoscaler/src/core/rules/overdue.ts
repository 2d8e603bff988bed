import type { Runner } from "../model.js";
import type { Plan } from "../plan.js";
import type { Rule } from "../rule.js";

/**
 * The only rule that ends a runner at work, and only where somebody set a limit: jobs that take too long, and those that
 * still work after the deadline of a drain. An adopted runner may be idle for all anyone knows: it is asked to go first,
 * and only the answer that it works says that it does.
 */
export const overdue: Rule = (fleet, now, plan) => {
  const { maxJobDurationMs, drainDeadlineMs } = fleet.timings;
  const longAgo = now - maxJobDurationMs;
  for (const runner of fleet.working.until(longAgo)) {
    end(runner, "its job worked longer than maxJobDurationMs allows", plan);
  }
  for (const runner of fleet.untold.until(longAgo)) {
    if (runner.pending !== undefined) continue;
    plan.retire(runner, `retire ${runner.name}: it is older than maxJobDurationMs, and whether it works is not known`);
  }
  const next = Math.min(fleet.working.firstAfter(longAgo), fleet.untold.firstAfter(longAgo));
  plan.wakeAt(next + maxJobDurationMs);
  if (fleet.drainingSince === undefined) return;
  const until = fleet.drainingSince + drainDeadlineMs;
  if (now < until) {
    plan.wakeAt(until);
    return;
  }
  // By then whoever was idle is gone: what is left works, also those whose job nobody told us of.
  for (const runner of fleet.roster.all()) end(runner, "its job did not end before drainDeadlineMs", plan);
};

function end(runner: Runner, why: string, plan: Plan): void {
  if (runner.pending !== undefined || runner.phase !== "started" || runner.foreignSchema) return;
  plan.command({ type: "destroy", name: runner.name }, `end ${runner.name} by force: ${why}`);
}
