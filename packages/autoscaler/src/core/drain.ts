import type { Fleet } from "./fleet.js";

/**
 * The session of a drained scale set may be closed: nobody is idle, nothing is on its way, and the rest ends by itself.
 * One that holds none, standing by or refused, and has nothing of its own need not wait for what it wants for nothing.
 */
export function canLetGo(fleet: Fleet, now: number): boolean {
  const { roster, drainingSince, session, timings } = fleet;
  if (drainingSince === undefined || session.state === "drained") return false;
  if (session.state !== "held") return fleet.surveyedAt > Number.NEGATIVE_INFINITY && isEmptied(fleet);
  if (now >= drainingSince + timings.drainCloseMs) return true;
  if (!fleet.stockTaken(session.openedAt, now)) return false;
  const underWay = roster.count("creating") + roster.count("created") + roster.count("registered");
  // One that the service does not know, or whose job is done, is given its time with polls answered, which end with the session.
  const asked = roster.count("retiring") + roster.count("detached") + roster.count("finishing");
  return underWay + asked === 0 && !roster.anyDue("started", now) && !isAskedAbout(fleet);
}

/** A runner that may be idle has a question open: while that is, nobody may ask for its removal. */
function isAskedAbout({ roster }: Fleet): boolean {
  for (const { phase, pending, belief, orphanedAt } of roster.all()) {
    if (phase === "started" && pending !== undefined && belief.kind !== "job" && orphanedAt === undefined) return true;
  }
  return false;
}

/**
 * After the session was closed: what is ours to bring to its end is gone. Others' runners are their holder's, those of a
 * newer version that version's, and what the service does not know is left until it exits.
 */
export function isEmptied({ roster }: Fleet): boolean {
  for (const { own, foreignSchema, phase } of roster.all()) {
    if (own && !foreignSchema && phase !== "detached") return false;
  }
  return true;
}

/** Launches begun here that a stop brings to their end first: what is made and not started has nobody who will. */
export function launchesUnderWay({ roster }: Fleet): number {
  let count = roster.count("creating") + roster.count("registered");
  if (roster.count("created") === 0) return count;
  for (const { phase, adopted } of roster.all()) if (phase === "created" && !adopted) count += 1;
  return count;
}
