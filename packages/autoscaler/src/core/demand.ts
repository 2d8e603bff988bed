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
  const target = Math.min(most, ourMinimum(fleet, reading) + assigned);
  const room = Math.max(0, Math.min(most, fleet.room ?? most) - fleet.occupying);
  return {
    assigned,
    most,
    target,
    able,
    missing: Math.max(0, Math.min(target - able, room)),
    surplus: Math.max(0, able - target),
  };
}

/**
 * Of the jobs that the service counts, those that are not on runners we can't see. How many of them there are may be
 * old news, so what waits, and what is known to run here, is never taken off.
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

function mostRunners({ limits, share, foreign }: Fleet): number {
  return Math.max(0, Math.min(limits.maxRunners, share ?? limits.maxRunners) - foreign.count);
}

/** Launching would be useless just now, and for a while: the service should give the work to others. */
export function degraded(fleet: Fleet): boolean {
  return fleet.outdated.shutAt !== undefined || fleet.launchPause.refusing || fleet.breaker.tripped;
}

/**
 * The capacity that a poll announces: the total that the scale set will hold. Announcing is accepting work, and 0 loses
 * jobs for good (F24), so never under 1, nor under what is live.
 */
export function announcedCapacity(fleet: Fleet): number {
  const { limits, share, roster, occupying } = fleet;
  const live = occupying - roster.orphans;
  if (degraded(fleet) || fleet.drainingSince !== undefined) return Math.max(1, live);
  return Math.max(1, live, Math.min(share ?? limits.maxRunners, limits.maxRunners) - roster.orphans);
}
