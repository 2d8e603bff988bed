import type { Rule } from "../rule.js";
import { byAge } from "./by-age.js";

/** After the runner spec changed, idle runners of the old one are replaced, one by one. */
export const specChanged: Rule = (fleet, now, plan) => {
  const old = fleet.roster.ofOldSpec();
  if (old.size === 0 || fleet.stopping) return;
  const going = [...old].some(({ phase }) => phase === "retiring" || phase === "abandoned" || phase === "detached");
  if (going) return;
  const [oldest] = [...old]
    .filter((runner) => runner.phase === "started" && runner.dueAt <= now && !plan.has(runner.name))
    .filter((runner) => runner.pending === undefined)
    .sort(byAge);
  if (oldest === undefined) plan.wakeAt(fleet.roster.nextDue("started", now));
  else plan.retire(oldest, `retire ${oldest.name}: it is made from a runner spec that has changed since`);
};
