import type { Fleet } from "../fleet.js";
import type { Rule } from "../rule.js";
import { byAge } from "./by-age.js";

/**
 * Runners that never came online hold their places for nothing (F6). So many as the service does not count are asked
 * for, oldest first; one that has a job after all is answered so. Look-ups choose where they tell: a runner that the
 * service does not know is detached by them, and no other is asked for in its place.
 */
export const ghost: Rule = (fleet, now, plan) => {
  if (fleet.stopping || fleet.phantom.active(now)) return;
  retireFound(fleet, now, plan);
  askForReading(fleet, now, plan);
};

const retireFound: Rule = (fleet, now, plan) => {
  const asOf = fleet.reading(now)?.asOf;
  if (fleet.ghosts.found === 0 || asOf === undefined) return;
  const suspects = fleet.roster
    .due("started", now)
    .filter((runner) => (runner.startedAt ?? now) + fleet.traits.bootDeadlineMs <= asOf && !plan.has(runner.name))
    .filter(({ absences }) => absences === 0)
    .sort(byAge);
  for (const runner of suspects.slice(0, Math.max(0, fleet.ghosts.found - unknownToService(fleet)))) {
    plan.retire(
      runner,
      `retire ${runner.name}: started ${seconds(now, runner.startedAt)} s ago, and the service does not count it as online`,
    );
  }
};

/** Where messages bring no reading, one is asked for. */
const askForReading: Rule = (fleet, now, plan) => {
  // Nobody to suspect: whoever is retirable at all was started first.
  if (fleet.statisticsAsked !== undefined || !fleet.roster.anyDue("started", now)) return;
  const asOf = fleet.reading(now)?.asOf ?? Number.NEGATIVE_INFINITY;
  const unseen = fleet.young.lastOverdue > Math.max(asOf, fleet.distrustedAt);
  const confirmsAt = fleet.ghosts.confirmsAt;
  if (!unseen && confirmsAt === Number.POSITIVE_INFINITY) return;
  const from = Math.max(fleet.asking.askedAt + fleet.timings.ghostAskMs, unseen ? now : confirmsAt);
  if (from > now) plan.wakeAt(from);
  else
    plan.command({ type: "read-statistics" }, "an idle runner is old enough to be online: does the service count it?");
};

function unknownToService({ witness }: Fleet): number {
  let count = 0;
  for (const { phase, belief } of witness.open) if (phase === "started" && belief.kind !== "job") count += 1;
  return count;
}

function seconds(now: number, since: number | undefined): number {
  return Math.round((now - (since ?? now)) / 1_000);
}
