import type { Rule } from "../rule.js";
import { isProved } from "../witness.js";

/**
 * Ends live runners that the service has answered 404 about for long, while readings leave no job for them. One 404 is a
 * rumor, so nothing else ends a live process against a 404; see `witness.ts`.
 */
export const witness: Rule = (fleet, now, plan) => {
  for (const runner of fleet.witness.proved) {
    if (runner.pending !== undefined || !isProved(fleet, runner, now)) continue;
    const minutes = Math.round((now - (runner.absentSince ?? now)) / 60_000);
    plan.command(
      { type: "destroy", name: runner.name },
      `end ${runner.name}: the service has answered 404 for ${minutes} min, and no running job can be its`,
    );
  }
};
