import type { Rule } from "../rule.js";

/** A runner ended as outdated: its version never gets a job, so nothing is launched but a probe now and then (F19). */
export const outdated: Rule = (fleet, now, plan) => {
  if (fleet.outdated.shutAt === undefined) return;
  const why = "the runner's version is deprecated (exit code 7) and will never get a job: update the runner";
  plan.because(why);
  plan.limitLaunches(fleet.outdated.allowance(now), why);
  plan.wakeAt(fleet.outdated.probesFrom);
};
