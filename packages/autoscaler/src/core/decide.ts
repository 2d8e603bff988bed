import type { Decision } from "./commands.js";
import type { Fleet } from "./fleet.js";
import { Plan } from "./plan.js";
import { holds, may, whyNot } from "./rights.js";
import type { Rule } from "./rule.js";
import { abandoned } from "./rules/abandoned.js";
import { aside } from "./rules/aside.js";
import { breaker } from "./rules/breaker.js";
import { detached } from "./rules/detached.js";
import { drained } from "./rules/drained.js";
import { exited } from "./rules/exited.js";
import { finished } from "./rules/finished.js";
import { foreign } from "./rules/foreign.js";
import { ghost } from "./rules/ghost.js";
import { idleAge } from "./rules/idle-age.js";
import { launch } from "./rules/launch.js";
import { orphaned } from "./rules/orphaned.js";
import { outdated } from "./rules/outdated.js";
import { overdue } from "./rules/overdue.js";
import { phantom } from "./rules/phantom.js";
import { refill } from "./rules/refill.js";
import { retiring } from "./rules/retiring.js";
import { specChanged } from "./rules/spec-changed.js";
import { surplus } from "./rules/surplus.js";
import { vanished } from "./rules/vanished.js";
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
  ["detached", detached],
  ["overdue", overdue],
  ["vanished", vanished],
  ["orphaned", orphaned],
  ["drained", drained],
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
  ["launch", launch],
]);

/** The rules of runners that end, for who may clear away and nothing else. */
const clearing = ["exited", "abandoned", "finished", "detached"];
/** After a drain, when no message tells of an end any more: also those of runners whose end is asked for, or forced. */
const emptying = [...clearing, "overdue", "vanished"];

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
  plan.because(whyNot(fleet, now));
  const { session } = fleet;
  if (session.state === "held") plan.wakeAt(fleet.formerListedBy(session.openedAt));
  if (session.state !== "standby") {
    for (const name of session.state === "drained" ? emptying : clearing) {
      plan.begin(name);
      rules.get(name)?.(fleet, now, plan);
    }
  }
  // A session that is not polled is kept by its refreshes alone.
  plan.begin("aside");
  aside(fleet, now, plan);
  const { commands, ...rest } = plan.decision();
  const allowed = commands.filter(
    ({ command, rule }) =>
      (rule === "aside" && command.type === "read-statistics") ||
      ("name" in command && may(fleet, command.type, fleet.roster.get(command.name), now)),
  );
  return { ...rest, commands: allowed };
}
