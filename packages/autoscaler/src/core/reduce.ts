import { seeInstance, takeInventory } from "./adoption.js";
import { hearJobs } from "./beliefs.js";
import { conclude } from "./conclusions.js";
import type { FleetEvent, ServiceEvent } from "./events.js";
import type { Fleet } from "./fleet.js";
import type { Statistics } from "./model.js";
import { orphan } from "./orphans.js";
import { applyOutcome } from "./outcomes.js";

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
      if (fleet.scaleSetId !== undefined && fleet.scaleSetId !== event.scaleSetId) orphan(fleet, event.at);
      fleet.scaleSetId = event.scaleSetId;
      fleet.scaleSetMadeAt = event.at - (event.scaleSetAgeMs ?? Number.POSITIVE_INFINITY);
      fleet.readings.sessionOpened({ ...event.statistics, asOf: event.at, endsKnown: fleet.ends.total });
      break;
    case "session.ended":
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
      break;
    case "poll.began":
      fleet.readings.pollBegan(event.at);
      // Whatever the last poll brought has been told by now.
      fleet.pollToldAt = fleet.polledAt;
      break;
    case "session.answered":
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
    case "statistics": {
      const asked = fleet.statisticsAsked;
      fleet.statisticsAsked = undefined;
      if (event.statistics !== undefined && fleet.ghosts.trusts(event.statistics.registered)) {
        const { at: asOf, endsKnown } = asked ?? { at: event.at, endsKnown: fleet.ends.total };
        fleet.readings.asked({ ...event.statistics, asOf, endsKnown });
      }
      break;
    }
    case "session.renewed": {
      const { at: asOf, endsKnown } = event.asked;
      if (fleet.session.state !== "held" || !fleet.ghosts.trusts(event.statistics.registered)) break;
      fleet.readings.asked({ ...event.statistics, asOf, endsKnown });
      break;
    }
    case "statistics.asked":
      fleet.statisticsAsked = { at: event.at, endsKnown: fleet.ends.total };
      fleet.ghosts.asked(event.at);
      break;
    case "inventory":
      takeInventory(fleet, event);
      break;
    case "instance.changed":
      seeInstance(fleet, event.instance, event.at);
      break;
    case "limits.changed":
      fleet.limits = { minRunners: event.minRunners, maxRunners: event.maxRunners };
      break;
    case "share.changed":
      fleet.share = event.share;
      fleet.room = event.room;
      break;
    case "traits.changed":
      if (event.traits.spec !== fleet.traits.spec) {
        fleet.roster.changeSpec(event.traits.spec);
        // What was wrong with the old spec says nothing about the new one.
        fleet.outdated.open();
        fleet.breaker.forget();
        fleet.launchPause.forget();
      }
      fleet.settle(event.traits);
      break;
    case "launches.retry":
      // Other pauses are short, and end by themselves.
      if (fleet.launchPause.refusing) fleet.launchPause.forget();
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
  } else if (statistics !== undefined) {
    fleet.readings.message({ ...statistics, asOf: at, endsKnown: fleet.ends.total });
  }
}

function isAllZero({ assigned, running, registered, busy, idle }: Statistics): boolean {
  return assigned + running + registered + busy + idle === 0;
}
