import type { Context } from "../service/context.js";
import type { RunnerGroupRow, RunnerRow, ScaleSetRow, Scope } from "../service/state.js";
import { statisticsOf } from "../service/statistics.js";

/** A scale set as the wire shows it. Mind the capital of `RunnerSetting`. */
export function scaleSetJson(context: Context, set: ScaleSetRow, serviceUrl: string): Record<string, unknown> {
  const base = serviceUrl.endsWith("/") ? serviceUrl : `${serviceUrl}/`;
  return {
    id: set.id,
    name: set.name,
    runnerGroupId: set.runnerGroupId,
    runnerGroupName: set.scope.groups.get(set.runnerGroupId)?.name ?? "",
    labels: set.labels,
    RunnerSetting: { disableUpdate: set.disableUpdate },
    createdOn: new Date(set.createdAtMs).toISOString(),
    runnerJitConfigUrl: `${base}_apis/runtime/runnerscalesets/${set.id}/generatejitconfig`,
    statistics: statisticsOf(context, set),
  };
}

export function runnerJson(runner: RunnerRow): Record<string, unknown> {
  return { id: runner.id, name: runner.name, runnerScaleSetId: runner.scaleSet.id };
}

export function groupJson(context: Context, scope: Scope, group: RunnerGroupRow): Record<string, unknown> {
  const sets = [...context.state.scaleSets.values()];
  const size = sets
    .filter((set) => set.scope === scope && set.runnerGroupId === group.id)
    .reduce((sum, set) => sum + set.runners.size, 0);
  return { id: group.id, name: group.name, size, isDefaultGroup: group.isDefault };
}

/** A list as the wire shows it. */
export function listJson(value: readonly unknown[]): Record<string, unknown> {
  return { count: value.length, value };
}
