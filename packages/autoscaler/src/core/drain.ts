import type { Fleet } from "./fleet.js";

/**
 * The session of a drained scale set may be closed: nobody is idle, nothing is on its way, and the rest ends by itself.
 * One that stands by and has nothing of its own need not wait for a session that it wants for nothing.
 */
export function canLetGo(fleet: Fleet, now: number): boolean {
  const { roster, drainingSince, session } = fleet;
  if (drainingSince !== undefined && session.state === "standby") {
    return fleet.surveyedAt > Number.NEGATIVE_INFINITY && isEmptied(fleet);
  }
  if (drainingSince === undefined || session.state !== "held" || fleet.surveyedAt < session.openedAt) return false;
  const underWay = roster.count("creating") + roster.count("created") + roster.count("registered");
  // One that the service does not know is given its time with polls answered, which end with the session.
  const asked = roster.count("retiring") + roster.count("detached");
  return underWay + asked === 0 && !roster.anyDue("started", now);
}

/** After the session was closed: what is ours to bring to its end is gone. Others' runners are their holder's. */
export function isEmptied({ roster }: Fleet): boolean {
  for (const { own } of roster.all()) if (own) return false;
  return true;
}
