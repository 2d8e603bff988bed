import type { Context } from "./context.js";
import type { RunnerRow, ScaleSetRow, Statistics } from "./state.js";

/** Counted anew each time: what is stored can be wrong. */
export function statisticsOf(context: Context, set: ScaleSetRow): Statistics {
  let busy = 0;
  let idle = 0;
  let offline = 0;
  for (const runner of set.runners) {
    if (runner.job !== undefined && set.running.has(runner.job)) busy += 1;
    else if (isOnline(runner)) idle += 1;
    else offline += 1;
  }
  return {
    totalAvailableJobs: set.available.size,
    // An acquired job is assigned in the same step, so none is ever seen in between.
    totalAcquiredJobs: 0,
    totalAssignedJobs: set.assigned.size + set.running.size,
    totalRunningJobs: set.running.size,
    totalRegisteredRunners: idle + busy + (context.options.countOfflineRunners ? offline : 0),
    totalBusyRunners: busy,
    totalIdleRunners: idle,
  };
}

export function isOnline(runner: RunnerRow): boolean {
  return runner.session !== undefined;
}
