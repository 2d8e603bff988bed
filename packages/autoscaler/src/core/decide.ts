import type { Decision } from "./commands.js";
import type { Fleet } from "./fleet.js";
import { Plan } from "./plan.js";
import { clearsFrom, holds, mayWithoutSession, whyNot } from "./rights.js";
import type { Rule } from "./rule.js";
import { abandoned } from "./rules/abandoned.js";
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
import { standby } from "./rules/standby.js";
import { surplus } from "./rules/surplus.js";
import { unstarted } from "./rules/unstarted.js";
import { vanished } from "./rules/vanished.js";

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
  ["surplus", surplus],
  ["outdated", outdated],
  ["breaker", breaker],
  ["phantom", phantom],
  ["refill", refill],
  ["launch", launch],
]);

/** Without the right to do everything: what ended or will never run is cleared. */
const clearing: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["exited", exited],
  ["abandoned", abandoned],
  ["finished", finished],
  ["retiring", retiring],
  ["unstarted", unstarted],
  ["standby", standby],
]);
/** After a drain, when no message reports an end: also runners whose end is asked for, or forced. */
const emptying: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...clearing,
  ["overdue", overdue],
  ["vanished", vanished],
]);

/** What to do now and why, from what is known. Deterministic, without effects, and the fleet stays as it is. */
export function decide(fleet: Fleet, now: number): Decision {
  const plan = new Plan(now);
  plan.wakeAt(fleet.readings.settlesAt);
  plan.wakeAt(fleet.roster.nextTimedDue(now));
  plan.wakeAt(fleet.verdicts.nextAt);
  plan.wakeAt(fleet.young.nextAt);
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
  for (const [name, rule] of session.state === "drained" ? emptying : clearing) {
    plan.begin(name);
    rule(fleet, now, plan);
  }
  const { commands, ...rest } = plan.decision();
  const allowed = commands.filter(
    ({ command }) => "name" in command && mayWithoutSession(fleet, command.type, fleet.roster.get(command.name), now),
  );
  return { ...rest, commands: allowed };
}
