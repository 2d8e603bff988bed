import { enterStarted, finishing } from "./beliefs.js";
import type { BackendEvent, SeenInstance } from "./events.js";
import { weighExit } from "./exits.js";
import type { Fleet } from "./fleet.js";
import type { Phase, Runner } from "./model.js";
import { newRunner } from "./runner.js";

const NEVER = Number.POSITIVE_INFINITY;

/** A whole list: what lives is adopted, what is missing twice is lost. What runs *is* the record. */
export function takeInventory(
  fleet: Fleet,
  event: Extract<BackendEvent, { type: "inventory" }> & { at: number },
): void {
  const seen = new Set<string>();
  for (const instance of event.instances) {
    seen.add(instance.name);
    const known = fleet.roster.get(instance.name);
    if (known !== undefined) {
      if (known.lost) foundAgain(fleet, known, instance, event.at);
      seeInstance(fleet, instance, event.at);
    } else if (!fleet.roster.wasGoneAfter(instance.name, event.begunAt)) adopt(fleet, instance, event.place, event.at);
  }
  for (const runner of [...fleet.roster.all()]) {
    if (runner.place !== event.place) continue;
    if (seen.has(runner.name)) runner.missingSince = undefined;
    else missed(fleet, runner, event.begunAt, event.at);
  }
  fleet.surveyed(event.place, event.begunAt);
}

/** A known runner's instance as its backend shows it. A watch may be late or wrong, so only lists bring new ones. */
export function seeInstance(fleet: Fleet, instance: SeenInstance, at: number): void {
  const runner = fleet.roster.get(instance.name);
  if (runner?.foreignSchema && instance.state === "exited") fleet.roster.endForeign(runner);
  if (runner === undefined || runner.foreignSchema) return;
  if (instance.state === "exited") exited(fleet, runner, instance, at);
  noteUnfit(fleet, runner, instance.unfit);
  if (instance.state !== "started") return;
  if (runner.phase === "created" && runner.adopted) {
    fleet.roster.believe(runner, { kind: "unknown", askAt: at });
    enterStarted(fleet, runner, at);
  } else if (runner.phase === "abandoned" && runner.mayBeRegistered && !runner.forced) {
    // A start that was given up was carried out after all: it may work, so the service is asked first.
    fleet.move(runner, "retiring", at, at);
  }
}

function noteUnfit(fleet: Fleet, runner: Runner, unfit: string | undefined): void {
  runner.unfit = unfit;
  if (runner.phase === "started") fleet.unfit.set(runner, unfit === undefined ? NEVER : runner.dueAt);
}

function adopt(fleet: Fleet, instance: SeenInstance, place: string, at: number): void {
  const { name, foreignSchema, own, spec } = instance;
  if (foreignSchema) {
    const runner = newRunner({ name, phase: "started", since: at, adopted: true, own, spec, place, foreignSchema });
    fleet.add(runner, NEVER);
    if (instance.state === "exited") fleet.roster.endForeign(runner);
    return;
  }
  const phase = adoptedPhase(instance);
  const runner = newRunner({
    name,
    phase,
    since: at,
    launchedAt: at - instance.ageMs,
    adopted: true,
    own,
    spec,
    place,
    mayBeRegistered: true,
    // A dead process's JIT request may still be carried out.
    askTwice: instance.state === "created",
    unfit: instance.unfit,
  });
  // It lives, so its own rules remove it.
  fleet.keptNames.forget(name);
  if (phase === "exited") runner.exit = { code: instance.exitCode, reason: instance.exitReason };
  // Another owner's fresh instance is left alone for a while: it may be about to start it.
  fleet.add(runner, phase === "created" ? at + fleet.timings.foreignCreatedMs - instance.ageMs : at);
  if (phase === "started") {
    runner.startedAt = at - instance.ageMs;
    fleet.roster.believe(runner, { kind: "unknown", askAt: at });
    enterStarted(fleet, runner, at);
  }
}

/** An own instance that was created and never started has nobody who will: the JIT config was lost with its maker. */
function adoptedPhase(instance: SeenInstance): Phase {
  return instance.state === "created" && instance.own ? "abandoned" : instance.state;
}

/** Phases whose instance may end by itself, or be seen to have ended. */
const mayExit: ReadonlySet<Phase> = new Set(["created", "registered", "started", "finishing", "retiring", "detached"]);

function exited(fleet: Fleet, runner: Runner, instance: SeenInstance, at: number): void {
  if (!mayExit.has(runner.phase)) return;
  weighExit(fleet, runner, instance.exitCode, at);
  // One that is to be judged holds its place by itself.
  if (!fleet.verdicts.holds(runner.name)) fleet.noteEnd(runner, at);
  runner.exit = { code: instance.exitCode, reason: instance.exitReason };
  fleet.move(runner, "exited", at, at);
}

/** Two whole lists without it, begun apart and after it was made: it is not there any more. */
function missed(fleet: Fleet, runner: Runner, begunAt: number, at: number): void {
  if (runner.foreignSchema) {
    fleet.remove(runner, at);
    return;
  }
  // Whoever holds the session clears away its own. What was made here may be known to nobody else: it is kept until then.
  const cleared = fleet.session.state === "standby" && fleet.traits.scope === "shared" && !runner.own;
  if ((!cleared && !mayExit.has(runner.phase)) || begunAt <= runner.madeAt) return;
  runner.missingSince ??= begunAt;
  if (begunAt - runner.missingSince < fleet.timings.lostConfirmMs) return;
  if (cleared) {
    fleet.remove(runner, at);
    return;
  }
  fleet.totals.lost += 1;
  runner.lost = true;
  runner.exit = { code: undefined, reason: "its instance is not there any more" };
  fleet.move(runner, "exited", at, at);
}

/** The lists that missed it were stale: it lives, so it is what it was, or nobody can tell. */
function foundAgain(fleet: Fleet, runner: Runner, instance: SeenInstance, at: number): void {
  if (instance.state === "created") return;
  runner.lost = false;
  if (instance.state === "exited") {
    runner.exit = { code: instance.exitCode, reason: instance.exitReason };
    return;
  }
  // Removed meanwhile: it has nothing to run.
  if (!runner.mayBeRegistered) return;
  runner.exit = undefined;
  if (runner.jobEnded) {
    finishing(fleet, runner, at);
    return;
  }
  if (runner.belief.kind !== "job") fleet.roster.believe(runner, { kind: "unknown", askAt: at });
  enterStarted(fleet, runner, at);
}
