import { seeInstance, takeInventory } from "./adoption.js";
import { hearJobs } from "./beliefs.js";
import { conclude, lookUpSuspects } from "./conclusions.js";
import type { FleetEvent, Question, ServiceEvent } from "./events.js";
import type { Fleet } from "./fleet.js";
import type { Statistics } from "./model.js";
import { orphan } from "./orphans.js";
import { applyOutcome } from "./outcomes.js";
import { isUnheard, listWorksAgain, waitsForBackend } from "./stepping-aside.js";
import { judgeOpen } from "./witness.js";

/**
 * What is known after an event. Deterministic and without effects; changes the fleet in place, since one worker owns it.
 * An event that fits nothing known (a stranger's name, an answer that comes too late) changes nothing.
 */
export function reduce(fleet: Fleet, event: FleetEvent): void {
  switch (event.type) {
    case "session.opened":
      fleet.session = { state: "held", openedAt: event.at };
      fleet.answeredAt = event.at;
      fleet.leaseMissed = false;
      // Another daemon may have held it meanwhile, and launched.
      if ((event.silentMs ?? 0) > fleet.timings.leaseMs) fleet.foreign.stoodBy();
      if (fleet.scaleSetId !== undefined && fleet.scaleSetId !== event.scaleSetId) {
        orphan(fleet, event.at);
        fleet.countsShown = false;
      }
      fleet.scaleSetId = event.scaleSetId;
      fleet.aside.sessionOpened(event.at);
      fleet.scaleSetMadeAt = event.at - (event.scaleSetAgeMs ?? Number.POSITIVE_INFINITY);
      // What was known of the former session's set says nothing about this one.
      fleet.cursorSuspect = false;
      if (believes(fleet, event.statistics, event.at)) {
        fleet.readings.sessionOpened({ ...event.statistics, asOf: event.at, endsKnown: fleet.ends.total });
      }
      break;
    case "session.ended":
      // Another daemon may hold the session meanwhile, and launch where we can't see it.
      if (fleet.aside.serving === "aside") fleet.foreign.stoodBy();
      if (fleet.session.state === "held" || fleet.session.state === "standby") {
        fleet.session = { state: "none", since: event.at };
      }
      fleet.readings.sessionEnded(event.at);
      break;
    case "session.let-go":
      fleet.session = { state: "drained" };
      fleet.readings.sessionEnded(event.at);
      break;
    case "session.refused":
      fleet.session = { state: "standby", holder: event.holder, since: standbySince(fleet, event) };
      fleet.foreign.stoodBy();
      fleet.aside.sessionRefused();
      break;
    case "poll.began":
      fleet.readings.pollBegan(event.at);
      // Whatever the last poll brought has been told by now.
      fleet.pollToldAt = fleet.polledAt;
      break;
    case "session.answered":
      // While the service was away nothing could be launched, which says nothing about us.
      if (isUnheard(fleet, event.at)) fleet.aside.worked();
      fleet.answeredAt = event.at;
      fleet.leaseMissed = false;
      if (event.heldMs !== undefined) {
        fleet.polledAt = event.at;
        fleet.readings.pollAnswered(event.heldMs, event.at);
      }
      break;
    case "message":
      hearMessage(fleet, event);
      break;
    case "statistics":
      hearAsked(fleet, fleet.statisticsAsked, event.statistics, event.at);
      fleet.statisticsAsked = undefined;
      fleet.aside.refreshed(event.statistics !== undefined);
      break;
    case "session.renewed":
      if (fleet.session.state === "held") hearAsked(fleet, event.asked, event.statistics, event.at);
      break;
    case "statistics.asked":
      fleet.statisticsAsked = { at: event.at, endsKnown: fleet.ends.total };
      fleet.asking.asked(event.at);
      break;
    case "cursor.restarted":
      fleet.cursorSuspect = false;
      break;
    case "inventory":
      if (event.place === fleet.traits.place && listWorksAgain(fleet, fleet.listedAt, event.at)) {
        fleet.aside.tryNow(event.at);
      }
      takeInventory(fleet, event);
      break;
    case "backend.works-again":
      if (event.place === fleet.traits.place && waitsForBackend(fleet)) fleet.aside.tryNow(event.at);
      break;
    case "instance.changed":
      seeInstance(fleet, event.instance, event.at);
      break;
    case "limits.changed":
      fleet.limits = { minRunners: event.minRunners, maxRunners: event.maxRunners };
      fleet.aside.tryNow(event.at);
      break;
    case "share.changed":
      fleet.share = event.share;
      break;
    case "ceiling.changed":
      fleet.ceiling.most = event.most;
      fleet.ceiling.trials = event.trials;
      break;
    case "traits.changed":
      if (event.traits.spec !== fleet.traits.spec) {
        fleet.roster.changeSpec(event.traits.spec);
        // What was wrong with the old spec says nothing about the new one.
        fleet.outdated.open();
        fleet.breaker.forget();
        fleet.launchPause.forget();
      }
      if (event.traits.place !== fleet.traits.place) {
        fleet.ceiling.forget();
        fleet.placeSince = event.at;
      }
      fleet.aside.tryNow(event.at);
      fleet.settle(event.traits);
      break;
    case "launches.retry":
      // Other pauses are short, and end by themselves.
      if (fleet.launchPause.refusing) fleet.launchPause.retry();
      fleet.aside.tryNow(event.at);
      break;
    case "place.left":
      fleet.leave(event.place);
      break;
    case "drain":
      fleet.drainingSince ??= event.at;
      break;
    case "stopping":
      fleet.stopping = true;
      break;
    case "woke":
      break;
    default:
      applyOutcome(fleet, event);
  }
  conclude(fleet, event.at);
}

/** Whether the service names the holder says how sure it is that the session is not ours: a change begins the wait again. */
function standbySince({ session }: Fleet, { holder, at }: { readonly holder: string | undefined; at: number }): number {
  const same = session.state === "standby" && (session.holder === undefined) === (holder === undefined);
  return same ? session.since : at;
}

/** Its jobs first: its statistics know of them. */
function hearMessage(fleet: Fleet, event: Extract<ServiceEvent, { type: "message" }> & { readonly at: number }): void {
  const { statistics, jobs, redelivered, at } = event;
  hearJobs(fleet, jobs, at);
  // A redelivered message may carry statistics from long ago, and its jobs were heard before.
  if (redelivered) return;
  const assigned = jobs.filter(({ kind, jobId }) => kind === "assigned" && !fleet.roster.isCompleted(jobId));
  if (assigned.length > 0) fleet.phantom.moved();
  if (assigned.length > 0 && (statistics === undefined || isAllZero(statistics))) {
    // Statistics that know nothing of a job in the same message are no reading.
    for (const { jobId } of assigned) {
      if (!jobs.some((job) => job.kind === "started" && job.jobId === jobId)) fleet.unbacked.add(jobId, at);
    }
  } else if (statistics !== undefined && believes(fleet, statistics, at)) {
    fleet.messageReadingAt = at;
    fleet.readings.message({ ...statistics, asOf: at, endsKnown: fleet.ends.total });
  }
}

/** The answer to a question for statistics. It counts what was when the question was asked. */
function hearAsked(fleet: Fleet, question: Question | undefined, statistics: Statistics | undefined, at: number): void {
  const { at: asOf, endsKnown } = question ?? { at, endsKnown: fleet.ends.total };
  if (statistics === undefined || !believes(fleet, statistics, asOf)) return;
  const before = fleet.reading(at);
  const differs = before?.assigned !== statistics.assigned || before.running !== statistics.running;
  if (before !== undefined && differs && fleet.messageReadingAt < asOf) fleet.cursorSuspect = true;
  fleet.readings.asked({ ...statistics, asOf, endsKnown });
  judgeOpen(fleet, { asOf, running: statistics.running });
}

/**
 * Statistics that count nothing at all beside running runners may be empty ones: they are a reading only where this scale
 * set has shown counts before, or where the service does not know any of those runners.
 */
function believes(fleet: Fleet, statistics: Statistics, asOf: number): boolean {
  if (!isAllZero(statistics)) fleet.countsShown = true;
  if (fleet.countsShown || knowsNoRunner(fleet)) return true;
  fleet.distrustedAt = asOf;
  fleet.ghosts.suspect(fleet.mustBeOnline);
  if (fleet.mustBeOnline > 0) lookUpSuspects(fleet, asOf);
  return false;
}

/** Whether no runner of this scale set runs, as far as the service's look-ups say. */
function knowsNoRunner({ roster }: Fleet): boolean {
  for (const { phase, orphanedAt, formerSet, foreignSchema, absentSince } of roster.all()) {
    if (phase !== "started" || orphanedAt !== undefined || formerSet || foreignSchema) continue;
    if (absentSince === undefined) return false;
  }
  return true;
}

function isAllZero({ assigned, running, registered, busy, idle }: Statistics): boolean {
  return assigned + running + registered + busy + idle === 0;
}
