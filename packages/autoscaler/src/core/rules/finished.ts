import type { Rule } from "../rule.js";
import { takeDown } from "./take-down.js";

/** After its job is completed a runner exits by itself. One that does not in time is asked for at the service. */
export const finished: Rule = (fleet, now, plan) => {
  for (const runner of fleet.roster.due("finishing", now))
    takeDown(runner, `${runner.name} did not exit after its job`, plan);
};
