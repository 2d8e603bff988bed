import { demandOf } from "./demand.js";
import { explainOpenExits } from "./exits.js";
import type { Fleet } from "./fleet.js";
import { onlineOf, type Reading } from "./model.js";
import { judgeAside } from "./stepping-aside.js";

/** Suspects that are looked up at once when readings lack some runner: enough to tell which, within the budget. */
const MOST_LOOKED_UP = 20;

/** What follows from everything known by now, after each event and each time that a look was due. */
export function conclude(fleet: Fleet, at: number): void {
  compareReading(fleet, at);
  judgeExits(fleet, at);
  for (const runner of fleet.young.grown(at)) {
    fleet.breaker.proved("lived", runner.launchedAt);
    fleet.outdated.proved(runner.launchedAt);
    fleet.aside.worked();
    fleet.aside.lived(runner.name);
  }
  fleet.unbacked.prune(at);
  while (fleet.givingBack.takeUntil(at) !== undefined);
  const demand = demandOf(fleet, at);
  fleet.refill.missing(demand.target - (demand.able - fleet.endsSinceReading(at)));
  fleet.surplus.observe(demand.surplus, at);
  judgeAside(fleet, demand, at);
}

/** Exits that nothing explained in time. */
function judgeExits(fleet: Fleet, at: number): void {
  for (const { exit, meaning } of fleet.verdicts.take(fleet.pollToldAt, at)) {
    if (meaning === "failed") {
      fleet.totals.fastExits += 1;
      fleet.breaker.failed("exited at once", exit.launchedAt, at);
    } else if (meaning === "idle") {
      const reading = fleet.reading(at);
      fleet.refill.idleExit(reading !== undefined && reading.assigned > reading.running);
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
  const { foreign, session, traits, ghosts } = fleet;
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
  const { mustBeOnline } = fleet;
  foreign.hear(online, mustBeOnline);
  fleet.unnamedWork.hear(reading.asOf, reading.running - fleet.knownToWork);
  explainOpenExits(fleet, at);
  const suspects = fleet.roster.anyDue("started", reading.asOf - traits.bootDeadlineMs);
  const settled = ghosts.offline === 0;
  ghosts.hear(reading, { mustBeOnline, suspects, foreign: foreign.count });
  if (settled && ghosts.offline > 0) lookUpSuspects(fleet, at);
  judgeProbe(fleet, reading);
  fleet.phantom.hear(reading);
  if (reading.assigned > 0) fleet.unbacked.clear();
}

/** The counts lack some runner: look-ups may tell which. */
export function lookUpSuspects(fleet: Fleet, at: number): void {
  let asked = 0;
  for (const runner of fleet.roster.due("started", at - fleet.traits.bootDeadlineMs)) {
    if (runner.absences > 0 || runner.orphanedAt !== undefined || runner.foreignSchema) continue;
    fleet.lookUps.set(runner, at);
    if (++asked === MOST_LOOKED_UP) return;
  }
}

/**
 * Without a job, a launch that tries whether runners come online again is proved by the service's count: nobody is
 * missing, and it had its time. Where jobs wait beside it, the count may be one of what is not online.
 */
function judgeProbe({ breaker, roster, traits, mustBeOnline, foreign }: Fleet, reading: Reading): void {
  const probe = breaker.probe === undefined ? undefined : roster.get(breaker.probe);
  if (probe?.phase !== "started" || probe.startedAt === undefined) return;
  if (probe.startedAt + traits.bootDeadlineMs > reading.asOf || reading.assigned > reading.running) return;
  if (onlineOf(reading) - foreign.count >= mustBeOnline) breaker.proved("came online", probe.launchedAt);
}
