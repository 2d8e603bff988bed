import type { Rule } from "../rule.js";
import { takeDown } from "./take-down.js";

/** A name that will never run: its registration goes, then its instance. */
export const abandoned: Rule = (fleet, now, plan) => {
  for (const runner of fleet.roster.due("abandoned", now)) takeDown(runner, `${runner.name} will not run`, plan);
};
