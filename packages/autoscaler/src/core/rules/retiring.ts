import type { Rule } from "../rule.js";

/** A removal that got no answer is asked for again: whether it happened is not known, so the runner is never "idle" again. */
export const retiring: Rule = (fleet, now, plan) => {
  for (const { name, runnerId } of fleet.roster.due("retiring", now)) {
    plan.command(
      { type: "deregister", name, runnerId },
      `${name} is retiring, and the service has not said that it is gone`,
    );
  }
};
