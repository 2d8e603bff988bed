import type { JournalEntry } from "@scaleset/simulator";
import type { Settings } from "./settings.js";
import type { Tally } from "./tally.js";

/** Failures that are nobody's doing here, and are seen in the journal when they happen. */
export function countJournal(tally: Tally, settings: Settings): (entry: JournalEntry) => void {
  const strangers = new Set(settings.daemons.map(({ path }) => path)).size > 1;
  const skewed = settings.daemons.some(
    ({ credentials, skew }) => credentials === "app" && Math.abs(skew.aheadMs) > 600_000,
  );
  return ({ subject, event, call, status, refusal }) => {
    if (subject === "message" && event === "redelivered") tally.add("failure", "F9 a message comes again");
    if (subject === "runner" && event === "registered" && strangers) {
      tally.add("failure", "F23 a stranger's set of the same name");
    }
    if (subject !== "request") return;
    if (call === "remove-runner" && refusal === "JobStillRunningException") {
      tally.add("failure", "F7 a removal meets a job");
    }
    if (call === "create-installation-token" && status === 401 && skewed) {
      tally.add("failure", "F17 the clock is off");
    }
  };
}
