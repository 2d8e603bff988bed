import type { Rule } from "../rule.js";
import { takeDown } from "./take-down.js";

/** After its instance ended, whatever the reason: the registration goes, then the instance. */
export const exited: Rule = (fleet, now, plan) => {
  for (const runner of fleet.roster.due("exited", now)) {
    const { code, reason } = runner.exit ?? {};
    const how = code === undefined ? "" : ` with ${code}`;
    takeDown(runner, `${runner.name} exited${how}${reason === undefined ? "" : ` (${reason})`}`, plan);
  }
};
