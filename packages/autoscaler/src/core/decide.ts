import type { Decision } from "./commands.js";
import type { Fleet } from "./fleet.js";
import { type Phase, phases } from "./model.js";
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

/** Phases that end by themselves; a started runner's due time matters only while there are too many. */
const timedPhases: readonly Phase[] = phases.filter((phase) => phase !== "started");

/** What to do now and why, from what is known. Deterministic, without effects, and the fleet stays as it is. */
export function decide(fleet: Fleet, now: number): Decision {
  const plan = new Plan();
  plan.wakeAt(fleet.readings.settlesAt);
  for (const phase of timedPhases) plan.wakeAt(fleet.nextDue(phase, now));
  if (holds(fleet, now)) {
    for (const rule of rules) rule(fleet, now, plan);
  } else {
    plan.because(whyNot(fleet, now));
  }
  return plan.decision(now);
}
