import { demandOf } from "./demand.js";
import type { Fleet } from "./fleet.js";
import { onlineOf, type Reading } from "./model.js";

/** What follows from everything known by now, after each event and each time that a look was due. */
export function conclude(fleet: Fleet, at: number): void {
  judgeExits(fleet, at);
  for (const runner of fleet.young.grown(at)) {
    fleet.breaker.proved("lived", runner.launchedAt);
    fleet.outdated.proved(runner.launchedAt);
  }
  compareReading(fleet, at);
  fleet.unbacked.prune(at);
  const demand = demandOf(fleet, at);
  fleet.refill.missing(demand.target - (demand.able - fleet.endsSinceReading(at)));
  fleet.surplus.observe(demand.surplus, at);
}

/** Exits that no job explains, once the news of a job had its time to come. */
function judgeExits(fleet: Fleet, at: number): void {
  for (const exit of fleet.verdicts.take(fleet.pollToldAt, at)) {
    if (exit.fast) {
      fleet.totals.fastExits += 1;
      fleet.breaker.failed("exited at once", exit.launchedAt, at);
    } else {
      fleet.refill.idleExit();
    }
    if (fleet.roster.get(exit.name) === undefined) {
      fleet.breaker.ended(exit.name);
      fleet.outdated.ended(exit.name);
    }
  }
}

/** Until when a takeover waits for a reading of what lives where it can't be seen. */
export function foreignKnownBy({ traits }: Fleet, openedAt: number): number {
  return openedAt + traits.bootDeadlineMs;
}

/** A reading is compared with what we know once, when it begins to be believed. */
function compareReading(fleet: Fleet, at: number): void {
  const { foreign, session, traits } = fleet;
  const reading = fleet.reading(at);
  if (foreign.due && session.state === "held" && at >= foreignKnownBy(fleet, session.openedAt)) foreign.settle();
  if (reading === undefined) return;
  const online = onlineOf(reading);
  // Only what was listed after the session was opened shows what lives beside others'.
  const surveyed = session.state === "held" && fleet.stockTaken(session.openedAt, at);
  if (surveyed && foreign.due && reading.asOf >= session.openedAt) {
    foreign.fix(traits.scope === "host" ? online : 0, fleet.mayBeRegistered);
  }
  if (reading.asOf <= fleet.comparedAsOf) return;
  fleet.comparedAsOf = reading.asOf;
  const mustBeRegistered = fleet.mustBeRegistered;
  foreign.hear(online, mustBeRegistered);
  const suspects = fleet.roster.anyDue("started", reading.asOf - traits.bootDeadlineMs);
  fleet.ghosts.hear(reading, { mustBeRegistered, suspects, foreign: foreign.count });
  judgeProbe(fleet, reading);
  fleet.phantom.hear(reading);
  if (reading.assigned > 0) fleet.unbacked.clear();
}

/**
 * Without a job, a launch that tries whether runners come online again is proved by the service's count: nobody is
 * missing, and it had its time. Where jobs wait beside it, the count may be one of what is not online.
 */
function judgeProbe({ breaker, roster, traits, mustBeRegistered, foreign }: Fleet, reading: Reading): void {
  const probe = breaker.probe === undefined ? undefined : roster.get(breaker.probe);
  if (probe?.phase !== "started" || probe.startedAt === undefined) return;
  if (probe.startedAt + traits.bootDeadlineMs > reading.asOf || reading.assigned > reading.running) return;
  if (reading.registered - foreign.count >= mustBeRegistered) breaker.proved("came online", probe.launchedAt);
}
