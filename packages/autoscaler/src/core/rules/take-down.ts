import type { Runner } from "../model.js";
import type { Plan } from "../plan.js";

/** Registration first, instance last: a registration whose instance is gone could hardly be found again. */
export function takeDown(runner: Runner, what: string, plan: Plan): void {
  const { name, runnerId } = runner;
  if (runner.mayBeRegistered)
    plan.command({ type: "deregister", name, runnerId }, `${what}: its registration goes first`);
  else plan.command({ type: "destroy", name }, `${what}, and it is not registered`);
}
