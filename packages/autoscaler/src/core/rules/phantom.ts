import type { Rule } from "../rule.js";

/**
 * Jobs that wait beside idle runners for long are a mistake of the service: more runners would be as idle (F11). Where
 * nothing happens, no message says when the mistake is over, and the idle ones would be kept for ever: so it is asked.
 */
export const phantom: Rule = (fleet, now, plan) => {
  if (fleet.phantom.since === undefined) return;
  if (!fleet.phantom.active(now)) {
    plan.wakeAt(fleet.phantom.beginsAt);
    return;
  }
  const reading = fleet.reading(now);
  const waiting = (reading?.assigned ?? 0) - (reading?.running ?? 0);
  const why = `phantom demand: the service says ${waiting} jobs wait, and gives none to the ${reading?.idle ?? 0} idle runners`;
  plan.because(why);
  plan.limitLaunches(0, why);
  if (fleet.statisticsAsked !== undefined) return;
  const from = Math.max(fleet.ghosts.askedAt, reading?.asOf ?? now) + fleet.timings.phantomMs;
  if (from > now) plan.wakeAt(from);
  else plan.command({ type: "read-statistics" }, "is the phantom demand over?");
};
