import { demandOf } from "../demand.js";
import type { Rule } from "../rule.js";

/** Idle runners that the service dropped are replaced slowly, as far as no job asks for them, or where it drops all. */
export const refill: Rule = (fleet, now, plan) => {
  const dropped = fleet.refill.owed + fleet.verdicts.idle;
  if (dropped === 0) return;
  const { assigned, most, able, missing } = demandOf(fleet, now);
  const forJobs = fleet.refill.limitsDemand ? 0 : Math.min(missing, Math.max(0, Math.min(most, assigned) - able));
  const held = Math.min(missing - forJobs, dropped);
  if (held === 0) return;
  const one = fleet.refill.owed > 0 && now >= fleet.refill.nextAt ? 1 : 0;
  const why = fleet.refill.limitsDemand
    ? "runners exit idle while jobs wait, and are replaced one at a time"
    : `${dropped} idle runners exited without a job, and are replaced one at a time`;
  plan.limitLaunches(missing - held + one, why);
  plan.wakeAt(fleet.refill.nextAt);
};
