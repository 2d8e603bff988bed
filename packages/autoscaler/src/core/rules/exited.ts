import type { Rule } from "../rule.js";
import { takeDown } from "./take-down.js";

/** After its instance ended, whatever the reason: the registration goes, then the instance. */
export const exited: Rule = (fleet, now, plan) => {
  for (const runner of fleet.due("exited", now)) {
    const code = runner.exit?.code === undefined ? "" : ` with ${runner.exit.code}`;
    takeDown(runner, `${runner.name} exited${code}`, plan);
  }
};
