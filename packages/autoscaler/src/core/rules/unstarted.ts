import type { Rule } from "../rule.js";

/** Without a session no launch goes on: what was made and never started goes, its registration first. */
export const unstarted: Rule = (fleet, now, plan) => {
  for (const { name } of fleet.roster.due("created", now))
    plan.command({ type: "destroy", name }, `${name} was never started, and the session is gone`);
  for (const { name, runnerId } of fleet.roster.due("registered", now))
    plan.command({ type: "deregister", name, runnerId }, `${name} was never started, and the session is gone`);
};
