import { seeInstance, takeInventory } from "./adoption.js";
import { hearJobs } from "./beliefs.js";
import { conclude } from "./conclusions.js";
import type { FleetEvent, ServiceEvent } from "./events.js";
import type { Fleet } from "./fleet.js";
import type { Statistics } from "./model.js";
import { orphan } from "./orphans.js";
import { applyOutcome } from "./outcomes.js";
import { listWorksAgain } from "./stepping-aside.js";

/**
 * What is known after an event. Deterministic and without effects; changes the fleet in place, since one worker owns it.
 * An event that fits nothing known (a stranger's name, an answer that comes too late) changes nothing.
 */
export function reduce(fleet: Fleet, event: FleetEvent): void {
  switch (event.type) {
    case "session.opened":
      fleet.session = { state: "held", openedAt: event.at };
      fleet.answeredAt = event.at;
      if (fleet.scaleSetId !== undefined && fleet.scaleSetId !== event.scaleSetId) orphan(fleet, event.at);
      fleet.scaleSetId = event.scaleSetId;
      fleet.aside.sessionOpened(event.at);
      fleet.scaleSetMadeAt = event.at - (event.scaleSetAgeMs ?? Number.POSITIVE_INFINITY);
      fleet.readings.sessionOpened({ ...event.statistics, asOf: event.at, endsKnown: fleet.ends.total });
      break;
    case "session.ended":
      if (fleet.session.state !== "drained") fleet.session = { state: "none" };
      fleet.readings.sessionEnded(event.at);
      break;
    case "session.let-go":
      fleet.session = { state: "drained" };
      fleet.readings.sessionEnded(event.at);
      break;
    case "session.refused":
      fleet.session = { state: "standby", holder: event.holder };
      fleet.foreign.stoodBy();
      fleet.aside.sessionRefused();
      break;
    case "poll.began":
      fleet.readings.pollBegan(event.at);
      // Whatever the last poll brought has been told by now.
      fleet.pollToldAt = fleet.polledAt;
      break;
    case "session.answered":
      // The right to act counts from the answer, not from when it was told.
      fleet.answeredAt = Math.max(fleet.answeredAt, event.at - (event.agoMs ?? 0));
      if (event.heldMs !== undefined) {
        fleet.polledAt = fleet.answeredAt;
        fleet.readings.pollAnswered(event.heldMs, event.at);
      }
      break;
    case "message":
      hearMessage(fleet, event);
      break;
    case "statistics": {
      const asked = fleet.statisticsAsked;
      fleet.statisticsAsked = undefined;
      fleet.aside.refreshed(event.statistics !== undefined);
      if (event.statistics !== undefined && fleet.ghosts.trusts(event.statistics.registered)) {
        const { at: asOf, endsKnown } = asked ?? { at: event.at, endsKnown: fleet.ends.total };
        fleet.readings.asked({ ...event.statistics, asOf, endsKnown });
      }
      break;
    }
    case "statistics.asked":
      fleet.statisticsAsked = { at: event.at, endsKnown: fleet.ends.total };
      fleet.ghosts.asked(event.at);
      break;
    case "inventory":
      if (event.place === fleet.traits.place && listWorksAgain(fleet, fleet.listedAt, event.at)) {
        fleet.aside.tryNow(event.at);
      }
      takeInventory(fleet, event);
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
  } else if (statistics !== undefined) {
    fleet.readings.message({ ...statistics, asOf: at, endsKnown: fleet.ends.total });
  }
}

function isAllZero({ assigned, running, registered, busy, idle }: Statistics): boolean {
  return assigned + running + registered + busy + idle === 0;
}
