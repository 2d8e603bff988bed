import { enterStarted } from "./beliefs.js";
import type { Fleet } from "./fleet.js";

/**
 * The scale set came back under a new id (F4), which knows nothing of the old one's runners: a 404 about them means
 * nothing. Those that may have a job are left until they exit; the others are asked about as ever.
 */
export function orphan(fleet: Fleet, at: number): void {
  const lastReadingAt = fleet.reading(at)?.asOf ?? Number.NEGATIVE_INFINITY;
  fleet.ghosts.forget();
  fleet.foreign.fix(0, 0);
  for (const runner of fleet.roster.all()) {
    if (runner.phase !== "started" || runner.foreignSchema) continue;
    if (runner.belief.kind === "none" && (runner.startedAt ?? at) <= lastReadingAt) continue;
    fleet.roster.orphan(runner, at);
    enterStarted(fleet, runner, at);
  }
}
