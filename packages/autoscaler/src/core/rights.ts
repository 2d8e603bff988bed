import type { Fleet } from "./fleet.js";
import type { CommandType, Runner } from "./model.js";
import { isProved } from "./witness.js";

/**
 * Holds the session and has seen what lives, so everything may be decided. Whether the lease is good is asked when a command
 * begins; after one was dropped for lack of it, nothing is decided until the service has answered.
 */
export function holds(fleet: Fleet, now: number): boolean {
  return fleet.session.state === "held" && !fleet.leaseMissed && fleet.stockTaken(fleet.session.openedAt, now);
}

/** Whether a command is allowed now, given that the lease is good. */
export function may(fleet: Fleet, command: CommandType, runner: Runner | undefined, now: number): boolean {
  if (command === "destroy" && runner !== undefined && !mayBeDestroyed(fleet, runner, now)) return false;
  return holds(fleet, now) || mayWithoutSession(fleet, command, runner, now);
}

/** While the command waited, a message may have named a job of a runner that was proved to have none, or it exited. */
function mayBeDestroyed(fleet: Fleet, runner: Runner, now: number): boolean {
  if (!runner.mayBeRegistered || runner.forced) return true;
  return fleet.witness.proved.has(runner) && isProved(fleet, runner, now);
}

/**
 * What needs neither session nor lease, since only its own daemon sees it or it does no harm when two do it: instances of
 * our own owner that ended or will never run are cleared; idle ones are removed where nobody else sees them, once another
 * daemon has held the session for long; after a drain a runner is brought to its end.
 */
export function mayWithoutSession(
  fleet: Fleet,
  command: CommandType,
  runner: Runner | undefined,
  now: number,
): boolean {
  if (runner === undefined || !runner.own || runner.foreignSchema || now < clearsFrom(fleet)) return false;
  const drained = fleet.session.state === "drained";
  if (command === "look-up") return drained && runner.phase === "started";
  if (command !== "deregister" && command !== "destroy") return false;
  switch (runner.phase) {
    case "exited":
    case "finishing":
      return true;
    case "abandoned":
      // A limit ended it by force, at work.
      return !runner.forced || drained;
    case "created":
    case "registered":
      return fleet.session.state !== "held";
    case "retiring":
      return drained || (command === "deregister" && isNobodyElses(fleet, runner, now));
    case "started":
      return drained ? command === "destroy" : command === "deregister" && isNobodyElses(fleet, runner, now);
    default:
      return false;
  }
}

/** When clearing begins after a session was lost: most are opened again at once. */
export function clearsFrom({ session, timings }: Fleet): number {
  return session.state === "none" ? session.since + timings.sessionLostMs : Number.NEGATIVE_INFINITY;
}

/**
 * From when a daemon that stands by lets its own idle runners go, where nobody else sees them: the holder has its own.
 * Later where the service does not name the holder, since that may be an earlier life of this daemon.
 */
export function idleGoFrom({ session, timings, traits, stopping }: Fleet): number {
  if (session.state !== "standby" || traits.scope !== "host" || stopping) return Number.POSITIVE_INFINITY;
  return session.since + (session.holder === undefined ? timings.standbyUnnamedMs : timings.standbyIdleMs);
}

function isNobodyElses(fleet: Fleet, { place }: Runner, now: number): boolean {
  return place === fleet.traits.place && now >= idleGoFrom(fleet);
}

/** What the page says of it. */
export function whyNot(fleet: Fleet): string {
  switch (fleet.session.state) {
    case "none":
      return "no session: waiting for the service";
    case "drained":
      return "drained: waiting for the runners that still work";
    case "standby":
      return `standing by: ${fleet.session.holder ?? "another daemon"} holds the session`;
    case "held":
      return fleet.leaseMissed
        ? "the service has not answered lately: nothing is launched or ended until it does"
        : "taking stock of what runs";
  }
}
