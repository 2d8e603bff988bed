import { idleGoFrom, mayWithoutSession } from "../rights.js";
import type { Rule } from "../rule.js";

/**
 * Another daemon has held the session for long, and can't see the idle runners of this machine: they would stay beyond the
 * minimum that the holder keeps. One at work answers so, and is asked again later.
 */
export const standby: Rule = (fleet, now, plan) => {
  const from = idleGoFrom(fleet);
  if (now < from) {
    plan.wakeAt(from);
    return;
  }
  for (const runner of fleet.roster.due("started", now)) {
    if (!mayWithoutSession(fleet, "deregister", runner, now)) continue;
    plan.retire(runner, `retire ${runner.name}: another daemon holds the session, and only this one sees the runner`);
  }
  plan.wakeAt(fleet.roster.nextDue("started", now));
};
