import type { Decision } from "./commands.js";
import type { Fleet } from "./fleet.js";
import { Plan } from "./plan.js";
import { clearsFrom, holds, mayWithoutSession, whyNot } from "./rights.js";
import type { Rule } from "./rule.js";
import { abandoned } from "./rules/abandoned.js";
import { aside } from "./rules/aside.js";
import { askedReading } from "./rules/asked-reading.js";
import { breaker } from "./rules/breaker.js";
import { drained } from "./rules/drained.js";
import { exited } from "./rules/exited.js";
import { finished } from "./rules/finished.js";
import { foreign } from "./rules/foreign.js";
import { ghost } from "./rules/ghost.js";
import { idleAge } from "./rules/idle-age.js";
import { keptNames } from "./rules/kept-names.js";
import { launch } from "./rules/launch.js";
import { orphaned } from "./rules/orphaned.js";
import { outdated } from "./rules/outdated.js";
import { overdue } from "./rules/overdue.js";
import { phantom } from "./rules/phantom.js";
import { refill } from "./rules/refill.js";
import { retiring } from "./rules/retiring.js";
import { specChanged } from "./rules/spec-changed.js";
import { standby } from "./rules/standby.js";
import { surplus } from "./rules/surplus.js";
import { unfit } from "./rules/unfit.js";
import { unstarted } from "./rules/unstarted.js";
import { vanished } from "./rules/vanished.js";
import { witness } from "./rules/witness.js";
import { asideWakeAt } from "./stepping-aside.js";

/**
 * In this order: what ends goes first, then what is to end and why; then what holds launches back, and launches last.
 * Of two rules that want something of one runner, the first has it.
 */
export const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["exited", exited],
  ["abandoned", abandoned],
  ["finished", finished],
  ["retiring", retiring],
  ["witness", witness],
  ["overdue", overdue],
  ["vanished", vanished],
  ["orphaned", orphaned],
  ["drained", drained],
  ["unfit", unfit],
  ["ghost", ghost],
  ["foreign", foreign],
  ["spec-changed", specChanged],
  ["idle-age", idleAge],
  ["aside", aside],
  ["surplus", surplus],
  ["outdated", outdated],
  ["breaker", breaker],
  ["phantom", phantom],
  ["refill", refill],
  ["asked-reading", askedReading],
  ["kept-names", keptNames],
  ["launch", launch],
]);

/** Without the right to do everything: what ended or will never run is cleared. */
const clearing = ["exited", "abandoned", "finished", "retiring", "unstarted", "standby"];
/** After a drain, when no message reports an end: also runners whose end is asked for, or forced. */
const emptying = [...clearing, "overdue", "vanished"];
/** Rules of those two alone. */
const unheld: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["unstarted", unstarted],
  ["standby", standby],
]);

/** What to do now and why, from what is known. Deterministic, without effects, and the fleet stays as it is. */
export function decide(fleet: Fleet, now: number): Decision {
  const plan = new Plan(now);
  plan.wakeAt(fleet.readings.settlesAt);
  plan.wakeAt(fleet.roster.nextTimedDue(now));
  plan.wakeAt(fleet.verdicts.nextAt);
  plan.wakeAt(fleet.young.nextAt);
  // Then the capacity to announce is another.
  plan.wakeAt(fleet.givingBack.first);
  plan.wakeAt(asideWakeAt(fleet));
  if (holds(fleet, now)) {
    for (const [name, rule] of rules) {
      plan.begin(name);
      rule(fleet, now, plan);
    }
    return plan.decision();
  }
  plan.begin("rights");
  plan.because(whyNot(fleet));
  plan.wakeAt(clearsFrom(fleet));
  const { session } = fleet;
  if (session.state === "held") plan.wakeAt(fleet.formerListedBy(session.openedAt));
  for (const name of session.state === "drained" ? emptying : clearing) {
    plan.begin(name);
    (rules.get(name) ?? unheld.get(name))?.(fleet, now, plan);
  }
  // A session that is not polled is kept by its refreshes alone.
  plan.begin("aside");
  aside(fleet, now, plan);
  const { commands, ...rest } = plan.decision();
  const allowed = commands.filter(
    ({ command, rule }) =>
      (rule === "aside" && command.type === "read-statistics") ||
      ("name" in command && mayWithoutSession(fleet, command.type, fleet.roster.get(command.name), now)),
  );
  return { ...rest, commands: allowed };
}
