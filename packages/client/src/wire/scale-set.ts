import type { Label, NewRunnerScaleSet, RunnerGroup, RunnerScaleSet, RunnerScaleSetChanges } from "../types.js";
import { array, at, type Field, integer, lenient, nonEmpty, record, string, time } from "./decode.js";
import { statistics } from "./statistics.js";

export function scaleSet(field: Field): RunnerScaleSet {
  record(field);
  return {
    id: integer(at(field, "id")),
    name: string(at(field, "name")),
    runnerGroupId: lenient(at(field, "runnerGroupId"), integer, 0),
    runnerGroupName: lenient(at(field, "runnerGroupName"), string, ""),
    labels: lenient(at(field, "labels"), (labels) => array(labels).map(label), []),
    runnerSetting: { disableUpdate: at(at(field, "RunnerSetting"), "disableUpdate").value === true },
    createdOn: time(at(field, "createdOn")),
    runnerJitConfigUrl: lenient(at(field, "runnerJitConfigUrl"), nonEmpty, undefined),
    statistics: statistics(at(field, "statistics")),
  };
}

export function scaleSets(field: Field): readonly RunnerScaleSet[] {
  return listOf(field, scaleSet);
}

export function runnerGroups(field: Field): readonly RunnerGroup[] {
  return listOf(field, (group) => ({
    id: integer(at(group, "id")),
    name: string(at(group, "name")),
    size: lenient(at(group, "size"), integer, 0),
    isDefaultGroup: at(group, "isDefaultGroup").value === true,
  }));
}

/** The service's lists: `{ count, value: […] }`. An empty one may come with `value: null`. */
export function listOf<T>(field: Field, decode: (field: Field) => T): readonly T[] {
  const value = at(record(field), "value");
  return value.value === null && at(field, "count").value === 0 ? [] : array(value).map(decode);
}

/** The body that creates or changes a scale set. Mind the capital of `RunnerSetting`. */
export function scaleSetBody(wanted: NewRunnerScaleSet | RunnerScaleSetChanges): string {
  const { name, runnerGroupId, labels, disableUpdate } = wanted;
  return JSON.stringify({
    name,
    runnerGroupId,
    labels: labels === undefined ? undefined : wantedLabels(labels),
    RunnerSetting: disableUpdate === undefined ? undefined : { disableUpdate },
  });
}

export function wantedLabels(labels: NonNullable<NewRunnerScaleSet["labels"]>): readonly Label[] {
  return labels.map((label) =>
    typeof label === "string" ? { type: "System", name: label } : { type: label.type ?? "System", name: label.name },
  );
}

function label(field: Field): Label {
  return { name: string(at(field, "name")), type: lenient(at(field, "type"), string, "") };
}
