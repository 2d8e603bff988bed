import type { Rule } from "../rule.js";

/** Jobs that wait beside idle runners for long are a mistake of the service: more runners would be as idle (F11). */
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
};
