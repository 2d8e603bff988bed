import type { Fleet } from "./fleet.js";

/** How many runners are wanted, and how many there are. */
export interface Demand {
  /** Jobs that wait for a runner or run on one: the service's own count, since messages are hints. */
  readonly assigned: number;
  readonly target: number;
  readonly able: number;
  /** Runners missing to the target, as far as there is room under the maximum. */
  readonly missing: number;
  /** Runners beyond the target. */
  readonly surplus: number;
}

/** Target = min(max, min + assigned). Without any reading nothing is known, so nothing is missing or too many. */
export function demandOf(fleet: Fleet, now: number): Demand {
  const able = fleet.able(now);
  const reading = fleet.reading(now);
  if (reading === undefined) return { assigned: 0, target: able, able, missing: 0, surplus: 0 };
  const { minRunners, maxRunners } = fleet.limits;
  const target = Math.min(maxRunners, minRunners + reading.assigned);
  const room = Math.max(0, maxRunners - fleet.occupying);
  return {
    assigned: reading.assigned,
    target,
    able,
    missing: Math.max(0, Math.min(target - able, room)),
    surplus: Math.max(0, able - target),
  };
}

/** The capacity that a poll announces. Announcing is accepting work, and 0 loses jobs for good, so never under 1. */
export function announcedCapacity(fleet: Fleet): number {
  return Math.max(1, fleet.limits.maxRunners, fleet.occupying);
}
