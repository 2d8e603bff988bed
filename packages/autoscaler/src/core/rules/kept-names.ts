import type { Rule } from "../rule.js";

/** Asks once more for the removal of runners that are gone after an unexplained 404, which may have been false. */
export const keptNames: Rule = (fleet, now, plan) => {
  for (const { name, runnerId } of fleet.keptNames.due(now)) {
    plan.command({ type: "deregister", name, runnerId }, `remove ${name} once more: the first 404 may have been false`);
  }
  plan.wakeAt(fleet.keptNames.nextAt);
};
