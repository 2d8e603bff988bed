import { isScaleSetError } from "../errors.js";
import type { CallOptions, Drift, EnsuredRunnerScaleSet, NewRunnerScaleSet, RunnerScaleSet } from "../types.js";
import { wantedLabels } from "../wire/scale-set.js";

/** What of the client is needed to bring a scale set about. */
export interface ScaleSetCalls {
  getRunnerScaleSet(runnerGroupId: number, name: string, options: CallOptions): Promise<RunnerScaleSet | undefined>;
  createRunnerScaleSet(wanted: NewRunnerScaleSet, options: CallOptions): Promise<RunnerScaleSet>;
  updateRunnerScaleSet(id: number, changes: NewRunnerScaleSet, options: CallOptions): Promise<RunnerScaleSet>;
  getRunnerScaleSetById(id: number, options: CallOptions): Promise<RunnerScaleSet>;
}

/** Gets, makes or changes a scale set, and tells what the service ignored (F18). */
export async function ensureScaleSet(
  calls: ScaleSetCalls,
  wanted: NewRunnerScaleSet,
  options: CallOptions,
): Promise<EnsuredRunnerScaleSet> {
  const found = await calls.getRunnerScaleSet(wanted.runnerGroupId, wanted.name, options);
  if (found !== undefined) return update(calls, found, wanted, options);
  try {
    const created = await calls.createRunnerScaleSet(wanted, options);
    return { ...created, outcome: "created", drift: driftOf(created, wanted) };
  } catch (error) {
    // Refused, or unanswered: somebody may have been faster, or our own attempt got through.
    const other = mayExist(error)
      ? await calls.getRunnerScaleSet(wanted.runnerGroupId, wanted.name, options)
      : undefined;
    if (other === undefined) throw error;
    return update(calls, other, wanted, options);
  }
}

async function update(
  calls: ScaleSetCalls,
  found: RunnerScaleSet,
  wanted: NewRunnerScaleSet,
  options: CallOptions,
): Promise<EnsuredRunnerScaleSet> {
  if (driftOf(found, wanted).length === 0) return { ...found, outcome: "found", drift: [] };
  await calls.updateRunnerScaleSet(found.id, wanted, options);
  // The answer to an update can repeat what was asked and not what is.
  const updated = await calls.getRunnerScaleSetById(found.id, options);
  return { ...updated, outcome: "updated", drift: driftOf(updated, wanted) };
}

function mayExist(error: unknown): boolean {
  if (!isScaleSetError(error)) return false;
  return (
    error.retryable || error.code === "BAD_REQUEST" || error.code === "CONFLICT" || error.code === "SCALE_SET_EXISTS"
  );
}

/** Where a scale set is not as wanted. What was left open is no drift; labels are compared as sets, in any case. */
function driftOf(actual: RunnerScaleSet, wanted: NewRunnerScaleSet): readonly Drift[] {
  const drift: Drift[] = [];
  const wantedNames = wanted.labels === undefined ? undefined : namesOf(wantedLabels(wanted.labels));
  const actualNames = namesOf(actual.labels);
  // A set made without labels has one, its name.
  const expected = wantedNames === "" ? wanted.name.toLowerCase() : wantedNames;
  if (expected !== undefined && expected !== actualNames) {
    drift.push({ field: "labels", wanted: expected, actual: actualNames });
  }
  const { disableUpdate } = wanted;
  if (disableUpdate !== undefined && disableUpdate !== actual.runnerSetting.disableUpdate) {
    const was = String(actual.runnerSetting.disableUpdate);
    drift.push({ field: "disableUpdate", wanted: String(disableUpdate), actual: was });
  }
  return drift;
}

function namesOf(labels: readonly { readonly name: string }[]): string {
  return [...new Set(labels.map(({ name }) => name.toLowerCase()))].sort().join(", ");
}
