import { demandOf } from "../demand.js";
import type { Runner } from "../model.js";
import type { Rule } from "../rule.js";

/** Runners that were too many for a while are asked for at the service, oldest first; the busy are never touched. */
export const surplus: Rule = (fleet, now, plan) => {
  if (fleet.stopping) return;
  const { assigned, able, surplus: tooMany } = demandOf(fleet, now);
  plan.wakeAt(fleet.surplus.ripeAt);
  const count = Math.min(fleet.surplus.ripe(now), tooMany);
  if (count === 0) return;
  const retirable = fleet.due("started", now).sort(byAge);
  if (retirable.length < count) plan.wakeAt(fleet.nextDue("started", now));
  for (const { name, runnerId } of retirable.slice(0, count)) {
    plan.command(
      { type: "deregister", name, runnerId },
      `retire ${name}: ${able} live − ${assigned} assigned − ${fleet.limits.minRunners} min = ${tooMany} too many`,
    );
  }
};

function byAge(a: Runner, b: Runner): number {
  return (a.startedAt ?? a.since) - (b.startedAt ?? b.since);
}
