import type { Fleet } from "./fleet.js";
import type { Reading } from "./model.js";

/** How many runners are wanted, and how many there are. */
export interface Demand {
  /** Jobs that wait for a runner of ours or run on one: the service's own count, since messages are hints. */
  readonly assigned: number;
  /** Most runners that there may be. */
  readonly most: number;
  readonly target: number;
  readonly able: number;
  /** Runners missing to the target, as far as there is room under the maximum. */
  readonly missing: number;
  /** Runners beyond the target. */
  readonly surplus: number;
}

/**
 * Target = min(max, min + assigned). Runners that we can't see, on another machine, have their part of all three.
 * Without any reading nothing is known, so nothing is missing or too many.
 */
export function demandOf(fleet: Fleet, now: number): Demand {
  const able = fleet.able(now);
  const most = mostRunners(fleet);
  const reading = fleet.reading(now);
  if (reading === undefined) return { assigned: 0, most, target: able, able, missing: 0, surplus: 0 };
  const assigned = ourJobs(fleet, reading) + fleet.unbacked.count(now);
  const wanted = ourMinimum(fleet, reading) + assigned;
  const target = Math.min(most, wanted);
  // What was accepted under a larger share keeps its runners; the minimum does not.
  const kept = Math.max(target, Math.min(ownMaximum(fleet), assigned));
  return {
    assigned,
    most,
    target,
    able,
    missing: Math.max(0, Math.min(target - able - fleet.verdicts.held - fleet.ceiling.trying, freePlaces(fleet, most))),
    surplus: Math.max(0, able - kept),
  };
}

/** Places in which a launch may begin now. */
function freePlaces({ occupying, ceiling, roster, traits }: Fleet, most: number): number {
  const free = most - occupying;
  const underCeiling = ceiling.most === undefined ? free : ceiling.most - roster.countIn(traits.place);
  return Math.max(0, Math.min(free, underCeiling));
}

/**
 * Of the jobs that the service counts, those that are not on runners we can't see. How many of them there are may be
 * outdated, so what waits, and what is known to run here, is never taken off.
 */
function ourJobs({ foreign, working }: Fleet, { assigned, running }: Reading): number {
  if (foreign.count === 0) return assigned;
  return Math.max(0, assigned - foreign.count, Math.min(assigned, assigned - running + working.size));
}

/** Idle runners that we can't see keep their part of the minimum: it is one minimum over all machines. */
function ourMinimum({ foreign, limits, working }: Fleet, { running }: Reading): number {
  const foreignBusy = Math.max(0, running - working.size);
  const foreignIdle = Math.max(0, foreign.count - foreignBusy);
  return Math.max(0, limits.minRunners - foreignIdle);
}

/** Places of runners that take no job, and that do not come free within seconds: they are held beyond what jobs ask for. */
export function stuckPlaces({ roster, givingBack }: Fleet): number {
  const ending = roster.count("exited") + roster.count("abandoned") + roster.count("finishing") - givingBack.size;
  const named = roster.named("detached") + roster.named("abandoned");
  return Math.max(0, ending + roster.count("detached") - named);
}

/** The set's own maximum, without the runners that live where they can't be seen. */
export function ownMaximum({ limits, foreign }: Fleet): number {
  return Math.max(0, limits.maxRunners - foreign.count);
}

export function mostRunners({ limits, share, foreign }: Fleet): number {
  return Math.max(0, Math.min(limits.maxRunners, share ?? limits.maxRunners) - foreign.count);
}

/** Whether launches can't be relied on: none since they went wrong has started, or proved that started runners work. */
export function degraded(fleet: Fleet): boolean {
  return fleet.outdated.shutAt !== undefined || fleet.launchPause.blocked || fleet.breaker.tripped;
}
