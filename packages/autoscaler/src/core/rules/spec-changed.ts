import { degraded } from "../demand.js";
import type { Rule } from "../rule.js";
import { byAge } from "./by-age.js";

/**
 * After the runner spec changed, idle runners of the old one are replaced, one by one; while launches fail none is taken
 * away, since nothing would come in its place.
 */
export const specChanged: Rule = (fleet, now, plan) => {
  const { roster, launchPause } = fleet;
  if (roster.oldCount("started") === 0 || fleet.stopping) return;
  const going = roster.oldCount("retiring") + roster.oldCount("abandoned") + roster.oldCount("detached");
  if (going > 0) return;
  if (degraded(fleet) || now < launchPause.until) {
    plan.because("runners of the old spec are kept: launches of the new one fail");
    plan.wakeAt(launchPause.until);
    return;
  }
  const [oldest] = roster
    .due("started", now)
    .filter((runner) => roster.isOld(runner) && !plan.has(runner.name))
    .sort(byAge);
  if (oldest === undefined) plan.wakeAt(roster.nextDue("started", now));
  else plan.retire(oldest, `retire ${oldest.name}: it is made from a runner spec that has changed since`);
};
