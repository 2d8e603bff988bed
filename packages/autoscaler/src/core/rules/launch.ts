import { demandOf } from "../demand.js";
import type { Fleet } from "../fleet.js";
import type { Plan } from "../plan.js";
import type { Rule } from "../rule.js";

/** Fills the gap to the target, never above the maximum, and takes every launch to its next step. */
export const launch: Rule = (fleet, now, plan) => {
  takeFurther(fleet, now, plan);
  if (fleet.stopping) {
    plan.because("stopping: nothing new is launched");
    return;
  }
  const { assigned, target, able, missing } = demandOf(fleet, now);
  const { minRunners, maxRunners } = fleet.limits;
  const why = `${assigned} assigned + ${minRunners} min − ${able} live, max ${maxRunners}`;
  if (fleet.endsSinceReading(now) > 0) plan.wakeAt(fleet.ends.nextLapse(now));
  if (missing === 0) {
    plan.because(able < target ? `launch nothing: all ${maxRunners} places are taken (${why})` : `enough: ${why}`);
  } else if (now < fleet.launchPause.until) {
    plan.because(`launch nothing yet: ${fleet.launchPause.reason} (${why})`);
    plan.wakeAt(fleet.launchPause.until);
  } else {
    plan.command({ type: "launch", count: missing }, `launch ${missing}: ${why}`);
  }
};

function takeFurther(fleet: Fleet, now: number, plan: Plan): void {
  let over = fleet.occupying - fleet.limits.maxRunners;
  for (const { name, adopted } of fleet.due("created", now)) {
    if (adopted)
      plan.command(
        { type: "deregister", name, runnerId: undefined },
        `${name} was made by another owner and never started`,
      );
    else if (over-- > 0)
      plan.command({ type: "destroy", name }, `${name} is above the maximum, and nothing runs in it yet`);
    else if (fleet.launchPause.holdsJit(now)) plan.wakeAt(fleet.launchPause.until);
    else plan.command({ type: "request-jit", name }, `${name} is made`);
  }
  for (const { name } of fleet.due("registered", now)) plan.command({ type: "start", name }, `${name} is registered`);
}
