import { foreignKnownBy } from "../conclusions.js";
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
  if (fleet.foreign.due) {
    plan.because("taking over: waiting to hear how many runners live where they can't be seen");
    if (fleet.session.state === "held") plan.wakeAt(foreignKnownBy(fleet, fleet.session.openedAt));
    return;
  }
  const { target, able, most, missing } = demandOf(fleet, now);
  const why = sum(fleet, now);
  if (fleet.endsSinceReading(now) > 0) plan.wakeAt(fleet.ends.nextLapse(now));
  plan.wakeAt(fleet.unbacked.nextLapse(now));
  const room = fleet.launchPause.allowance(now);
  const count = Math.min(missing, plan.mostLaunches, room);
  if (missing === 0) {
    const taken = fleet.room === undefined ? `all ${most} places are taken` : "more live in all than may";
    plan.because(able < target ? `launch nothing: ${taken} (${why})` : `enough: ${why}`);
  } else if (room === 0) {
    plan.because(`launch nothing yet: ${fleet.launchPause.reason} (${why})`);
    plan.wakeAt(fleet.launchPause.until);
  } else if (count <= 0) {
    plan.because(`launch nothing: ${plan.whyNoMore} (${why})`, plan.limitedBy);
  } else {
    const byRoom = room < plan.mostLaunches;
    const whyNoMore = byRoom ? fleet.launchPause.reason : plan.whyNoMore;
    const less = count < missing ? `, no more for now: ${whyNoMore}` : "";
    plan.command({ type: "launch", count }, `launch ${count}: ${why}${less}`);
    if (byRoom) plan.wakeAt(fleet.launchPause.until);
    if (count < missing)
      plan.because(`${missing - count} more are wanted: ${whyNoMore}`, byRoom ? undefined : plan.limitedBy);
  }
};

/** The sum behind a decision: "5 assigned + 1 min − 3 live, max 10". */
function sum(fleet: Fleet, now: number): string {
  const { assigned, able } = demandOf(fleet, now);
  const { minRunners, maxRunners } = fleet.limits;
  const unbacked = fleet.unbacked.count(now);
  const notes = [
    ...(unbacked > 0 ? [`${unbacked} of them known from messages alone`] : []),
    ...(fleet.foreign.count > 0 ? [`${fleet.foreign.count} more run on another machine`] : []),
    ...(fleet.share !== undefined && fleet.share < maxRunners ? [`${fleet.share} of them its share`] : []),
  ];
  const ended = fleet.endsSinceReading(now);
  const have = ended > 0 ? `${able - ended} live − ${ended} that just ended` : `${able} live`;
  const text = `${assigned} assigned + ${minRunners} min − ${have}, max ${maxRunners}`;
  return [text, ...notes].join("; ");
}

function takeFurther(fleet: Fleet, now: number, plan: Plan): void {
  const { roster, launchPause } = fleet;
  let over = roster.size - demandOf(fleet, now).most;
  const drained = fleet.drainingSince !== undefined;
  for (const { name, adopted } of roster.due("created", now)) {
    if (adopted)
      plan.command(
        { type: "deregister", name, runnerId: undefined },
        `${name} was made by another owner and never started`,
      );
    else if (drained || over-- > 0)
      plan.command({ type: "destroy", name }, `${name} is not needed any more, and nothing runs in it yet`);
    else if (launchPause.holdsJit(now)) plan.wakeAt(launchPause.until);
    else plan.command({ type: "request-jit", name }, `${name} is made`);
  }
  for (const { name } of roster.due("registered", now)) plan.command({ type: "start", name }, `${name} is registered`);
}
