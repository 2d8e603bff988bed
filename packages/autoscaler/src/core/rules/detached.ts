import type { Rule } from "../rule.js";

/**
 * The service does not know a runner whose instance lives. It may just have got its last job, with the news under way:
 * only after a wait with an answered poll in it, and no job that is open, its instance may go.
 */
export const detached: Rule = (fleet, now, plan) => {
  for (const runner of fleet.roster.due("detached", now)) {
    if (runner.belief.kind === "job" || fleet.polledAt <= runner.since) continue;
    plan.command(
      { type: "destroy", name: runner.name },
      `${runner.name} is not registered any more and no job names it`,
    );
  }
};
