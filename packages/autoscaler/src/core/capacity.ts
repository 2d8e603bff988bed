import { degraded, mostRunners } from "./demand.js";
import type { Fleet } from "./fleet.js";

/**
 * The capacity that a poll announces: the total that the set can hold *now*. Announcing is accepting work, and a job that
 * is accepted and not run loses one of its few attempts. Never 0, which loses jobs for good (F24).
 */
export function announcedCapacity(fleet: Fleet, now: number): number {
  // The place of one that just ended counts as free, so the one itself must not count beside it.
  const able = fleet.able(now) - fleet.endsSinceReading(now) - (degraded(fleet) ? launchesUnderWay(fleet, now) : 0);
  const all = able + (fleet.drainingSince === undefined ? fleet.foreign.count : 0) + announcedRoom(fleet, now);
  // Runners elsewhere are known from one count, which may lie: it never takes the announcement above the maximum.
  return Math.max(1, able, Math.min(fleet.limits.maxRunners, all));
}

/** While launches fail, those under way only try: what they make can take a job once it has started. */
function launchesUnderWay({ roster, launchPause, ceiling }: Fleet, now: number): number {
  const made = launchPause.holdsJit(now) ? 0 : roster.count("created");
  return roster.count("creating") - ceiling.trying + made + roster.count("registered");
}

/**
 * Places in which a runner can be started, of all that the maximum, the share and the ceiling leave free. None while it is
 * not certain that a launch would start.
 */
export function announcedRoom(fleet: Fleet, now: number): number {
  const { session, stopping, drainingSince, ceiling, roster, traits } = fleet;
  if (stopping || drainingSince !== undefined || session.state !== "held" || degraded(fleet)) return 0;
  // Nothing is launched before what lives was listed.
  if (!fleet.stockTaken(session.openedAt, now)) return 0;
  // One that ends while an open job names it counts as able, so not as free too.
  const givenBack = Math.max(0, fleet.givingBack.size - roster.named("abandoned"));
  const free = mostRunners(fleet) - fleet.occupying + givenBack;
  const underCeiling = ceiling.most === undefined ? free : ceiling.most - roster.countIn(traits.place) + givenBack;
  return Math.max(0, Math.min(free, underCeiling));
}

/**
 * Instances that surely take up room on a backend: without launches under way, and without those that ended, since their
 * destruction may have made room that another launch found.
 */
export function surelyMade({ roster, traits }: Fleet, place: string): number {
  const live = roster.countIn(place);
  if (place !== traits.place) return live;
  return Math.max(0, live - roster.count("creating") - roster.count("exited") - roster.count("abandoned"));
}
