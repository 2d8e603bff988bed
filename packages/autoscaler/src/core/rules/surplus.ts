import { demandOf } from "../demand.js";
import type { Rule } from "../rule.js";
import { byAge } from "./by-age.js";

/** Runners that were too many for a while are asked for at the service, oldest first; the busy are never touched. */
export const surplus: Rule = (fleet, now, plan) => {
  if (fleet.stopping || fleet.drainingSince !== undefined) return;
  const { assigned, able, surplus: tooMany } = demandOf(fleet, now);
  plan.wakeAt(fleet.surplus.ripeAt);
  // Those that other rules retire are too many no more.
  const count = Math.min(fleet.surplus.ripe(now), tooMany - plan.retired);
  if (count <= 0) return;
  const retirable = fleet.roster
    .due("started", now)
    .filter(({ name }) => !plan.has(name))
    .sort(byAge);
  if (retirable.length < count) plan.wakeAt(fleet.roster.nextDue("started", now));
  for (const runner of retirable.slice(0, count)) {
    plan.retire(
      runner,
      `retire ${runner.name}: ${able} live − ${assigned} assigned − ${fleet.limits.minRunners} min = ${tooMany} too many`,
    );
  }
};
