import { seeInstance, takeInventory } from "./adoption.js";
import { hearJobs } from "./beliefs.js";
import { demandOf } from "./demand.js";
import type { FleetEvent } from "./events.js";
import type { Fleet } from "./fleet.js";
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
      if (fleet.scaleSetId !== undefined && fleet.scaleSetId !== event.scaleSetId) orphan(fleet, event.at);
      fleet.scaleSetId = event.scaleSetId;
      fleet.readings.sessionOpened({ ...event.statistics, asOf: event.at, endsKnown: fleet.ends.total });
      break;
    case "session.ended":
      fleet.session = { state: "none" };
      fleet.readings.sessionEnded(event.at);
      break;
    case "session.refused":
      fleet.session = { state: "standby", holder: event.holder };
      break;
    case "poll.began":
      fleet.readings.pollBegan(event.at);
      break;
    case "session.answered":
      fleet.answeredAt = event.at;
      if (event.heldMs !== undefined) {
        fleet.polledAt = event.at;
        fleet.readings.pollAnswered(event.heldMs, event.at);
      }
      break;
    case "message":
      // Its jobs first: its statistics know of them.
      hearJobs(fleet, event.jobs, event.at);
      // A redelivered message may carry statistics from long ago.
      if (event.statistics !== undefined && !event.redelivered) {
        fleet.readings.message({ ...event.statistics, asOf: event.at, endsKnown: fleet.ends.total });
      }
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
    case "stopping":
      fleet.stopping = true;
      break;
    default:
      applyOutcome(fleet, event);
  }
  fleet.surplus.observe(demandOf(fleet, event.at).surplus, event.at);
}
