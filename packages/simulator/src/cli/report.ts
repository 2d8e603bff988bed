import { checks, type Violation } from "../conformance/check.js";
import type { JournalEntry } from "../journal/entry.js";
import type { ScenarioReport } from "../scenario/play.js";

/** How many failures are told at length. */
const toldAtLength = 10;

/** What became of a scenario, for people. */
export function reportText({
  scenario,
  begun,
  passed,
  summary,
  violations,
  counts,
  struck,
  tookMs,
}: ScenarioReport): string {
  if (!begun)
    return `Scenario ${scenario}: no client came, so nothing was shown. Point an autoscaler at the config URL above.`;
  const { queued, succeeded, failed, cancelled, lost, twice, lapsed, stranded, open, registrations, leaked } = summary;
  return [
    `Scenario ${scenario}: ${passed ? "passed" : "FAILED"} after ${minutes(tookMs)}`,
    `  jobs      ${queued} queued, ${succeeded} succeeded, ${failed} failed, ${cancelled} cancelled, ${lost} lost, ${twice} twice, ${open + stranded} left`,
    `  runners   ${registrations} registered, ${leaked} left without a runner`,
    `  went wrong on purpose ${struck} times; ${lapsed} assignments found no runner in time`,
    ...violationLines(violations, counts),
  ].join("\n");
}

/** The checks that failed, each with what led to it. */
export function violationLines(
  violations: readonly Violation[],
  counts: Readonly<Partial<Record<string, number>>>,
): string[] {
  const lines: string[] = [];
  for (const [check, count] of Object.entries(counts)) {
    const meaning = Object.entries(checks).find(([name]) => name === check)?.[1] ?? "";
    lines.push(`  ✗ ${check} (${count} ×)  ${meaning}`);
  }
  for (const { atMs, check, message, events } of violations.slice(0, toldAtLength)) {
    lines.push("", `  ${clock(atMs)} ${check}: ${message}`, ...events.map((entry) => `      ${entryText(entry)}`));
  }
  if (violations.length > toldAtLength)
    lines.push("", `  … and ${violations.length - toldAtLength} more; --json tells them all`);
  return lines;
}

/** One entry of the journal in a line. */
function entryText(entry: JournalEntry): string {
  const { atMs, subject, event, cause, job, runnerName, messageId, scaleSetId, call, status, refusal } = entry;
  const about = [
    job === undefined ? "" : `job ${job}`,
    runnerName ?? "",
    messageId === undefined ? "" : `message ${messageId}`,
    scaleSetId === undefined ? "" : `set ${scaleSetId}`,
    call ?? "",
    status === undefined ? "" : String(status),
    refusal ?? "",
  ].filter(Boolean);
  return `${clock(atMs)} ${subject} ${event}: ${[cause, ...about].join(", ")}`;
}

function clock(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 23);
}

function minutes(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
}
