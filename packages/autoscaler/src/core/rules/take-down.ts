import type { Runner } from "../model.js";
import type { Plan } from "../plan.js";

/**
 * Registration first, instance last: a registration whose instance is gone could hardly be found again. Only where a
 * limit that somebody set ends a job by force is it the other way round, since the service keeps a busy one registered.
 */
export function takeDown(runner: Runner, what: string, plan: Plan): void {
  const { name, runnerId, forced, mayBeRegistered } = runner;
  if (mayBeRegistered && !forced) {
    plan.command({ type: "deregister", name, runnerId }, `${what}: its registration goes first`);
  } else {
    plan.command({ type: "destroy", name }, forced ? `${what}: ended by force` : `${what}, and it is not registered`);
  }
}
