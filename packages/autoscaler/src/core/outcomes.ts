import { again, deregistered, lookedUp } from "./answers.js";
import { enterStarted } from "./beliefs.js";
import { demandOf } from "./demand.js";
import type { FailureKind, OutcomeEvent } from "./events.js";
import type { Fleet } from "./fleet.js";
import type { CommandType, Runner } from "./model.js";
import { newRunner } from "./runner.js";
import { proveAgain } from "./witness.js";

const NEVER = Number.POSITIVE_INFINITY;

/** What became of a command: each outcome moves its runner to the phase that the table of transitions names. */
export function applyOutcome(fleet: Fleet, event: OutcomeEvent & { readonly at: number }): void {
  if (event.type === "command.issued" && event.command === "create") {
    launched(fleet, event.name, event.at);
    return;
  }
  const runner = fleet.roster.get(event.name);
  if (runner === undefined) {
    keptName(fleet, event);
    return;
  }
  if (event.type === "command.issued") {
    issued(fleet, runner, event.command, event.rule, event.at);
    return;
  }
  if (!isOfLookUp(event) || runner.pending === "look-up") fleet.roster.setPending(runner, undefined);
  switch (event.type) {
    case "command.dropped":
      if (event.why === "lease") fleet.leaseMissed = true;
      dropped(fleet, runner, event.command, event.at);
      break;
    case "create.done":
      runner.madeAt = event.at;
      if (runner.phase === "creating") fleet.move(runner, "created", event.at, event.at);
      break;
    case "create.failed":
      createFailed(fleet, runner, event.kind, event.message, event.at);
      break;
    case "jit.done":
      runner.runnerId = event.runnerId;
      runner.mayBeRegistered = true;
      if (runner.phase === "created") fleet.move(runner, "registered", event.at, event.at);
      break;
    case "jit.failed":
      // Also a refusal is looked up once by name: a name is one attempt, and nothing of it may stay behind.
      runner.mayBeRegistered = true;
      runner.askTwice = !event.answered;
      fleet.launchPause.failed("jit", event.message, event.at);
      if (runner.phase === "created") fleet.move(runner, "abandoned", event.at, event.at);
      break;
    case "start.done":
      fleet.launchPause.succeeded(runner.launchedAt);
      fleet.totals.started += 1;
      if (runner.phase === "registered") enterStarted(fleet, runner, event.at);
      break;
    case "start.failed":
      pauseLaunches(fleet, runner, event.kind, event.message, event.at);
      // Without a clear answer it may run: the service is asked whether it works.
      if (runner.phase === "registered")
        fleet.move(runner, event.kind === "transient" ? "retiring" : "abandoned", event.at, event.at);
      break;
    case "look-up.done":
      lookedUp(fleet, runner, event.answer, event.at);
      break;
    case "look-up.failed":
      // No answer counts neither way.
      if (runner.phase === "started" || runner.phase === "detached")
        fleet.lookUps.set(runner, event.at + fleet.timings.lookUpConfirmMs);
      break;
    case "deregister.done":
      deregistered(fleet, runner, event.answer, event.at);
      break;
    case "destroy.done":
      destroyed(fleet, runner, event.at);
      break;
    case "deregister.failed":
      again(fleet, runner, event.at);
      break;
    case "destroy.failed":
      destroyFailed(fleet, runner, event.at);
      break;
  }
}

/** Another command may have been begun beside it. */
function isOfLookUp(event: OutcomeEvent): boolean {
  if (event.type === "command.dropped") return event.command === "look-up";
  return event.type === "look-up.done" || event.type === "look-up.failed";
}

function launched(fleet: Fleet, name: string, at: number): void {
  const runner = newRunner({ name, phase: "creating", since: at, spec: fleet.traits.spec, place: fleet.traits.place });
  runner.pending = "create";
  fleet.totals.launched += 1;
  fleet.refill.launched(!beyondDemand(fleet, at), at);
  fleet.breaker.launched(name, at);
  fleet.outdated.launched(name, at);
  fleet.aside.launched(name);
  fleet.ceiling.launched(name, fleet.roster.countIn(fleet.traits.place));
  fleet.add(runner, NEVER);
}

/** Whether the jobs that are assigned have their runners already. */
function beyondDemand(fleet: Fleet, at: number): boolean {
  const { assigned, able } = demandOf(fleet, at);
  return able >= assigned;
}

function issued(fleet: Fleet, runner: Runner, command: CommandType, rule: string, at: number): void {
  fleet.roster.setPending(runner, command);
  if (command === "look-up") {
    fleet.lookUps.delete(runner);
  } else if (command === "deregister" && runner.phase === "started") {
    if (rule === "surplus") fleet.surplus.spend();
    if (rule === "ghost") {
      fleet.ghosts.spend();
      runner.ghost = true;
    }
    // After so long it is not believed to work.
    if (runner.orphanedAt !== undefined) fleet.roster.believe(runner, { kind: "none" });
    fleet.roster.unorphan(runner);
    fleet.move(runner, "retiring", at, at);
  } else if (command === "destroy" && rule === "witness") {
    // Until this begins it may still be dropped, and then the runner is what it was.
  } else if (command === "destroy" && runner.phase === "started") {
    runner.forced = true;
    fleet.totals.forced += 1;
    fleet.roster.unorphan(runner);
    fleet.move(runner, "abandoned", at, at);
  } else if (isGivenUp(runner, command)) {
    fleet.move(runner, "abandoned", at, at);
  }
}

/** The command is not the next step of its launch. */
function isGivenUp({ phase }: Runner, command: CommandType): boolean {
  return (phase === "created" && command !== "request-jit") || (phase === "registered" && command !== "start");
}

/** It never began, so its runner is where it was; what its phase asks for is decided anew. */
function dropped(fleet: Fleet, runner: Runner, command: CommandType, at: number): void {
  if (command === "create") fleet.remove(runner, at);
  else if (command === "look-up")
    fleet.lookUps.set(runner, runner.phase === "started" || runner.phase === "detached" ? at : NEVER);
  // One whose start got no answer is never taken for idle.
  else if (runner.phase === "retiring" && runner.attempts === 0 && runner.startedAt !== undefined)
    enterStarted(fleet, runner, at);
}

/** The second removal of a runner that is gone. */
function keptName({ keptNames }: Fleet, event: OutcomeEvent & { readonly at: number }): void {
  if (!keptNames.has(event.name)) return;
  switch (event.type) {
    case "command.issued":
      keptNames.asked(event.name);
      break;
    case "deregister.done":
      if (event.answer === "busy") keptNames.again(event.name, event.at);
      else keptNames.forget(event.name);
      break;
    case "deregister.failed":
    case "command.dropped":
      keptNames.again(event.name, event.at);
      break;
    default:
  }
}

function createFailed(fleet: Fleet, runner: Runner, kind: FailureKind, message: string, at: number): void {
  pauseLaunches(fleet, runner, kind, message, at);
  fleet.ceiling.settled(runner.name);
  // Only a clear answer says that nothing was made.
  if (kind === "capacity" || kind === "rejected" || kind === "denied") fleet.remove(runner, at);
  else if (runner.phase === "creating") fleet.move(runner, "abandoned", at, at);
}

function pauseLaunches(fleet: Fleet, runner: Runner, kind: FailureKind, message: string, at: number): void {
  // What runners are made from has changed since: what was wrong with it then says nothing.
  if (runner.spec !== fleet.traits.spec) return;
  if (kind === "rejected" || kind === "denied") fleet.launchPause.refused(message, at);
  else if (kind !== "capacity") fleet.launchPause.failed("backend", message, at);
  else if (runner.place === fleet.traits.place) fleet.ceiling.hit(fleet.roster.countIn(runner.place) - 1);
}

/** Of the live ones only those proved unknown to the service were to be destroyed: one that lives on may get a job. */
function destroyFailed(fleet: Fleet, runner: Runner, at: number): void {
  if (runner.phase === "abandoned" || runner.phase === "exited") again(fleet, runner, at);
  else proveAgain(fleet, runner, at);
}

/** Its instance is gone. One that was ended by force may still be registered: that goes now. */
function destroyed(fleet: Fleet, runner: Runner, at: number): void {
  if (runner.forced && runner.mayBeRegistered) {
    runner.forced = false;
    runner.exit = { code: undefined, reason: "ended by force" };
    fleet.move(runner, "exited", at, at);
  } else {
    runner.deniedOnly ||= fleet.witness.proved.has(runner);
    fleet.remove(runner, at);
  }
}
