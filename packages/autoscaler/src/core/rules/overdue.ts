import type { Fleet } from "../fleet.js";
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
  if (fleet.drainingSince !== undefined) {
    const until = fleet.drainingSince + drainDeadlineMs;
    plan.wakeAt(until);
    // By then whoever was idle is gone: what is left works, also those whose job nobody told us of.
    if (now >= until) {
      for (const runner of fleet.roster.all()) end(runner, "its job did not end before drainDeadlineMs", plan);
    }
  }
  const longAgo = now - maxJobDurationMs;
  for (const runner of fleet.working.until(longAgo)) {
    end(runner, "its job worked longer than maxJobDurationMs allows", plan);
  }
  for (const runner of suspects(fleet, now, longAgo)) {
    plan.retire(runner, `retire ${runner.name}: it is older than maxJobDurationMs, and whether it works is not known`);
  }
  const next = Math.min(fleet.working.firstAfter(longAgo), fleet.untold.firstAfter(longAgo));
  plan.wakeAt(next + maxJobDurationMs);
};

/** As many as there are jobs whose runner is not known, oldest first: the others are idle, and needed. */
function suspects(fleet: Fleet, now: number, longAgo: number): readonly Runner[] {
  const running = fleet.reading(now)?.running ?? 0;
  const unnamed = running - fleet.working.size - fleet.roster.count("retiring");
  if (unnamed <= 0) return [];
  const overdue = fleet.untold.until(longAgo).filter(({ pending }) => pending === undefined);
  return overdue.slice(0, unnamed);
}

function end(runner: Runner, why: string, plan: Plan): void {
  if (runner.pending !== undefined || runner.phase !== "started" || runner.foreignSchema) return;
  plan.command({ type: "destroy", name: runner.name }, `end ${runner.name} by force: ${why}`);
}
