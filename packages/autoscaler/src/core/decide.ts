import type { Decision } from "./commands.js";
import type { Fleet } from "./fleet.js";
import { Plan } from "./plan.js";
import { holds, whyNot } from "./rights.js";
import type { Rule } from "./rule.js";
import { abandoned } from "./rules/abandoned.js";
import { detached } from "./rules/detached.js";
import { exited } from "./rules/exited.js";
import { finished } from "./rules/finished.js";
import { launch } from "./rules/launch.js";
import { retiring } from "./rules/retiring.js";
import { surplus } from "./rules/surplus.js";

/** In this order; rules that end runners come before the one that launches new ones. */
const rules: readonly Rule[] = [exited, abandoned, finished, retiring, detached, surplus, launch];

/** What to do now and why, from what is known. Deterministic, without effects, and the fleet stays as it is. */
export function decide(fleet: Fleet, now: number): Decision {
  const plan = new Plan();
  plan.wakeAt(fleet.readings.settlesAt);
  plan.wakeAt(fleet.nextTimedDue(now));
  if (holds(fleet, now)) {
    for (const rule of rules) rule(fleet, now, plan);
  } else {
    plan.because(whyNot(fleet, now));
  }
  return plan.decision(now);
}
