import { enterStarted } from "./beliefs.js";
import type { Fleet } from "./fleet.js";
import type { Runner } from "./model.js";
import { forget404s } from "./witness.js";

/**
 * As far as a machine's clock and the service's may be apart. A scale set is made anew a minute after it was missed, so
 * what belonged to the old one is older by more than that.
 */
const CLOCKS_APART_MS = 15_000;

/**
 * The scale set came back under a new id (F4), which knows nothing of the old one's runners: a 404 about them means
 * nothing. Those that may have a job are left until they exit; the others end after two 404s. Where more jobs ran
 * than are known by their runner, news of them was lost, and any runner may have one.
 */
export function orphan(fleet: Fleet, at: number): void {
  const last = fleet.reading(at);
  const lastReadingAt = last?.asOf ?? Number.NEGATIVE_INFINITY;
  const allNamed = (last?.running ?? 0) <= namedJobs(fleet, lastReadingAt);
  fleet.ghosts.forget();
  fleet.foreign.fix(0, 0);
  for (const runner of fleet.roster.all()) {
    const { phase } = runner;
    // The new set's readings count no job of the old one, so they prove nothing about one that was asked to go either.
    if ((phase !== "started" && phase !== "retiring" && phase !== "detached") || runner.foreignSchema) continue;
    if (allNamed && runner.belief.kind === "none" && (runner.startedAt ?? at) <= lastReadingAt) {
      // It has no job of the old set and gets none of the new one: two 404s are enough. One that was asked to go goes on.
      if (phase !== "started") continue;
      runner.formerSet = true;
      fleet.lookUps.set(runner, at);
    } else {
      forget404s(fleet, runner);
      leave(fleet, runner, at);
    }
  }
}

/** Jobs of the scale set, at the time of its last reading, whose runners are known. */
function namedJobs({ roster }: Fleet, lastReadingAt: number): number {
  let count = 0;
  for (const { phase, jobSince, since, orphanedAt } of roster.all()) {
    if (jobSince === undefined || orphanedAt !== undefined) continue;
    if (phase === "started" || ((phase === "finishing" || phase === "exited") && since > lastReadingAt)) count += 1;
  }
  return count;
}

/**
 * A runner that an earlier life of a daemon started may be one of a scale set that went away since, which this life
 * knows nothing of. It is older than the set that there is now; and a 404 about it means nothing.
 */
export function mayBeOrphan(fleet: Fleet, { adopted, belief, startedAt, since }: Runner): boolean {
  return adopted && belief.kind === "unknown" && (startedAt ?? since) < fleet.scaleSetMadeAt - CLOCKS_APART_MS;
}

/** It is left until it exits. */
export function leave(fleet: Fleet, runner: Runner, at: number): void {
  fleet.roster.orphan(runner, at);
  enterStarted(fleet, runner, at);
}
