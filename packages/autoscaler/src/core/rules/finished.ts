import type { Rule } from "../rule.js";

/** After its job is completed a runner exits by itself. One that does not in time is asked for at the service. */
export const finished: Rule = (fleet, now, plan) => {
  for (const { name, runnerId } of fleet.due("finishing", now)) {
    plan.command({ type: "deregister", name, runnerId }, `${name} did not exit after its job`);
  }
};
