import { foreignKnownBy } from "../conclusions.js";
import { type Demand, demandOf, mostRunners, ownMaximum } from "../demand.js";
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
  if (fleet.aside.serving !== "polling") {
    tryToWork(fleet, now, plan);
    return;
  }
  const demand = demandOf(fleet, now);
  const { target, able, most, missing } = demand;
  const why = sum(fleet, demand, now);
  if (fleet.endsSinceReading(now) > 0) plan.wakeAt(fleet.ends.nextLapse(now));
  plan.wakeAt(fleet.unbacked.nextLapse(now));
  const room = fleet.launchPause.allowance(now);
  const count = Math.min(missing, plan.mostLaunches, room);
  const tried = trialsNow(fleet, plan, room);
  if (missing === 0 && tried > 0) {
    plan.command({ type: "launch", count: tried }, `launch ${tried} to try whether the backend has room again: ${why}`);
  } else if (missing === 0) {
    const enough = able + fleet.verdicts.held >= target;
    plan.because(enough ? `enough: ${why}` : `launch nothing: ${placesTaken(fleet, most)} (${why})`);
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

/** One launch shows whether a set that stepped aside can work again; it needs no job, and passes pauses and the ceiling. */
function tryToWork(fleet: Fleet, now: number, plan: Plan): void {
  const { state } = fleet.aside;
  if (state.kind !== "trial" || state.runner !== undefined || fleet.able(now) > 0) {
    plan.because("aside: nothing is launched");
  } else if (mostRunners(fleet) - fleet.occupying <= 0) {
    plan.because("aside: no place is free for a launch that tries whether it works again");
  } else if (plan.mostLaunches <= 0) {
    plan.because(`aside: nothing is launched yet: ${plan.whyNoMore}`, plan.limitedBy);
  } else {
    plan.command({ type: "launch", count: 1 }, `launch 1 to try whether launching works again: ${state.reason}`);
  }
}

/** Launches above the ceiling of the backend, under every other limit. */
function trialsNow(fleet: Fleet, { mostLaunches }: Plan, room: number): number {
  return Math.max(0, Math.min(fleet.ceiling.trials, mostRunners(fleet) - fleet.occupying, mostLaunches, room));
}

function placesTaken({ ceiling, occupying }: Fleet, most: number): string {
  if (occupying >= most || ceiling.most === undefined) return `all ${most} places are taken`;
  return `the backend has room for ${ceiling.most}`;
}

/** The sum behind a decision: "5 assigned + 1 min − 3 live, max 10". */
function sum(fleet: Fleet, { assigned, able }: Demand, now: number): string {
  const { minRunners, maxRunners } = fleet.limits;
  const unbacked = fleet.unbacked.count(now);
  const notes = [
    ...(fleet.verdicts.held > 0 ? [`${fleet.verdicts.held} exited fast and are being judged`] : []),
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
  // What is made keeps its place when a share falls.
  let over = roster.size - ownMaximum(fleet);
  const drained = fleet.drainingSince !== undefined || fleet.aside.state.kind === "leaving";
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
