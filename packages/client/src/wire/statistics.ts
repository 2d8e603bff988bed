import type { RunnerScaleSetStatistics } from "../types.js";
import { at, type Field, integer, lenient } from "./decode.js";
import { isRecord } from "./json.js";

/**
 * Statistics, or undefined where there are none (F10). A count that is missing is 0; but without a readable
 * `totalAssignedJobs`, the one that decides, there is no reading at all.
 */
export function statistics(field: Field): RunnerScaleSetStatistics | undefined {
  if (!isRecord(field.value)) return undefined;
  const totalAssignedJobs = lenient(at(field, "totalAssignedJobs"), count, undefined);
  if (totalAssignedJobs === undefined) return undefined;
  const other = (key: string): number => lenient(at(field, key), count, 0);
  return {
    totalAvailableJobs: other("totalAvailableJobs"),
    totalAcquiredJobs: other("totalAcquiredJobs"),
    totalAssignedJobs,
    totalRunningJobs: other("totalRunningJobs"),
    totalRegisteredRunners: other("totalRegisteredRunners"),
    totalBusyRunners: other("totalBusyRunners"),
    totalIdleRunners: other("totalIdleRunners"),
  };
}

function count(field: Field): number {
  return Math.max(0, integer(field));
}
