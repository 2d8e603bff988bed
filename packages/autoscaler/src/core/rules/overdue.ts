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
  const overdue = fleet.working.until(now - maxJobDurationMs);
  const known = overdue.filter(({ jobSince }) => jobSince !== undefined);
  end(known, "its job worked longer than maxJobDurationMs allows", plan);
  for (const runner of overdue) {
    if (runner.jobSince !== undefined || runner.pending !== undefined) continue;
    plan.retire(runner, `retire ${runner.name}: it is older than maxJobDurationMs, and whether it works is not known`);
  }
  plan.wakeAt(fleet.working.firstAfter(now - maxJobDurationMs) + maxJobDurationMs);
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
