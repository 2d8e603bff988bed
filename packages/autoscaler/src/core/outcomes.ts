import { enterStarted, finishing } from "./beliefs.js";
import { demandOf } from "./demand.js";
import type { FailureKind, OutcomeEvent } from "./events.js";
import type { Fleet } from "./fleet.js";
import type { CommandType, Runner } from "./model.js";
import { leave, mayBeOrphan } from "./orphans.js";
import { retryDelayMs } from "./retry.js";
import { newRunner } from "./runner.js";

const NEVER = Number.POSITIVE_INFINITY;

/** What became of a command: each outcome moves its runner to the phase that the table of transitions names. */
export function applyOutcome(fleet: Fleet, event: OutcomeEvent & { readonly at: number }): void {
  if (event.type === "command.issued" && event.command === "create") {
    launched(fleet, event.name, event.at);
    return;
  }
  const runner = fleet.roster.get(event.name);
  if (runner === undefined) return;
  if (event.type === "command.issued") {
    issued(fleet, runner, event.command, event.rule, event.at);
    return;
  }
  fleet.roster.setPending(runner, undefined);
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
      runner.jitUnanswered = !event.answered;
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
      runner.mayRun = event.kind === "transient";
      if (runner.phase === "registered") fleet.move(runner, "abandoned", event.at, event.at);
      break;
    case "look-up.done":
      lookedUp(fleet, runner, event.answer, event.at);
      break;
    case "look-up.failed":
      if (runner.phase === "started") fleet.lookUps.set(runner, event.at + fleet.timings.lookUpConfirmMs);
      break;
    case "deregister.done":
      deregistered(fleet, runner, event.answer, event.at);
      break;
    case "destroy.done":
      destroyed(fleet, runner, event.at);
      break;
    case "deregister.failed":
    case "destroy.failed":
      again(fleet, runner, event.at);
      break;
  }
}

function launched(fleet: Fleet, name: string, at: number): void {
  const runner = newRunner({ name, phase: "creating", since: at, spec: fleet.traits.spec, place: fleet.traits.place });
  runner.pending = "create";
  fleet.totals.launched += 1;
  if (beyondDemand(fleet, at)) fleet.refill.launched(at);
  fleet.breaker.launched(name, at);
  fleet.outdated.launched(name, at);
  fleet.launchPause.launched();
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
    // After so long nobody believes any more that it works.
    if (runner.orphanedAt !== undefined) runner.belief = { kind: "none" };
    fleet.roster.unorphan(runner);
    fleet.move(runner, "retiring", at, at);
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
  else if (command === "look-up") fleet.lookUps.set(runner, runner.phase === "started" ? at : NEVER);
  else if (runner.phase === "retiring" && runner.attempts === 0) enterStarted(fleet, runner, at);
}

function createFailed(fleet: Fleet, runner: Runner, kind: FailureKind, message: string, at: number): void {
  pauseLaunches(fleet, runner, kind, message, at);
  // Only a clear answer says that nothing was made.
  if (kind === "capacity" || kind === "rejected" || kind === "denied") fleet.remove(runner, at);
  else if (runner.phase === "creating") fleet.move(runner, "abandoned", at, at);
}

function pauseLaunches(fleet: Fleet, runner: Runner, kind: FailureKind, message: string, at: number): void {
  // What runners are made from has changed since: what was wrong with it then says nothing.
  if (runner.spec !== fleet.traits.spec) return;
  if (kind === "rejected" || kind === "denied") fleet.launchPause.refused(message, at);
  else fleet.launchPause.failed(kind === "capacity" ? "capacity" : "backend", message, at);
}

function deregistered(fleet: Fleet, runner: Runner, answer: "removed" | "busy" | "absent", at: number): void {
  if (answer === "busy") busy(fleet, runner, at);
  else if (answer === "removed") unregistered(fleet, runner, at);
  else absent(fleet, runner, at);
}

/** "Job still running": hands off. */
function busy(fleet: Fleet, runner: Runner, at: number): void {
  switch (runner.phase) {
    case "retiring":
    case "abandoned":
      runner.ghost = false;
      runner.belief = { kind: "unknown", askAt: at + fleet.timings.unknownRecheckMs };
      runner.jobSince ??= at;
      enterStarted(fleet, runner, at);
      break;
    case "finishing":
      fleet.roster.lookAt(runner, at + fleet.timings.completionGraceMs);
      break;
    case "exited":
      again(fleet, runner, at);
      break;
    default:
  }
}

/** The service agrees that nobody uses it: it never came online, or not as far as one can tell. */
function countGhost(fleet: Fleet, runner: Runner, at: number): void {
  if (!runner.ghost) return;
  runner.ghost = false;
  runner.failedToBoot = true;
  fleet.totals.ghosts += 1;
  if (runner.spec === fleet.traits.spec) fleet.breaker.failed("never came online", runner.launchedAt, at);
}

function lookedUp(fleet: Fleet, runner: Runner, answer: "present" | "absent", at: number): void {
  if (runner.phase !== "started" || runner.orphanedAt !== undefined) return;
  const { timings, traits } = fleet;
  if (answer === "present") {
    runner.absentSince = undefined;
    fleet.lookUps.set(runner, at + (traits.observesExit ? timings.unknownRecheckMs : timings.lookUpMs));
  } else if (runner.absentSince === undefined) {
    runner.absentSince = at;
    fleet.lookUps.set(runner, at + timings.lookUpConfirmMs);
  } else if (at - runner.absentSince < timings.lookUpConfirmMs) {
    fleet.lookUps.set(runner, runner.absentSince + timings.lookUpConfirmMs);
  } else if (mayBeOrphan(fleet, runner)) {
    leave(fleet, runner, at);
  } else {
    // The service removed it, as it does when its job is over; the news of that was lost.
    fleet.noteEnd(runner, at);
    if (runner.belief.kind === "job") finishing(fleet, runner, at);
    else fleet.move(runner, "detached", at, at + timings.detachedWaitMs);
  }
}

/** Its instance is gone. One that was ended by force may still be registered: that goes now. */
function destroyed(fleet: Fleet, runner: Runner, at: number): void {
  // One that never ran had only what this launch took: giving that back is no room for another.
  if (runner.adopted || runner.startedAt !== undefined) fleet.launchPause.roomMade();
  if (runner.forced && runner.mayBeRegistered) {
    runner.forced = false;
    runner.exit = { code: undefined, reason: "ended by force" };
    fleet.move(runner, "exited", at, at);
  } else {
    fleet.remove(runner, at);
  }
}

/** The service answered 204: nobody is using it, so its instance may go. */
function unregistered(fleet: Fleet, runner: Runner, at: number): void {
  runner.mayBeRegistered = false;
  if (runner.phase === "retiring") fleet.totals.retired += 1;
  countGhost(fleet, runner, at);
  if (runner.phase === "exited" || runner.phase === "abandoned") fleet.roster.lookAt(runner, at);
  else fleet.move(runner, "abandoned", at, at);
}

/** The service does not know it: what that means depends on what the instance may be doing. */
function absent(fleet: Fleet, runner: Runner, at: number): void {
  const ending = runner.phase === "exited" || (runner.phase === "abandoned" && !runner.mayRun);
  if (ending && runner.jitUnanswered) {
    // A request that got no answer may still be carried out after this look-up: look once more.
    runner.jitUnanswered = false;
    fleet.roster.lookAt(runner, at + fleet.timings.lostConfirmMs);
    return;
  }
  if (runner.phase === "retiring" && mayBeOrphan(fleet, runner)) {
    leave(fleet, runner, at);
    return;
  }
  runner.mayBeRegistered = false;
  countGhost(fleet, runner, at);
  if (ending) fleet.roster.lookAt(runner, at);
  else if (!mayStillFinish(runner, at)) fleet.move(runner, "detached", at, at + fleet.timings.detachedWaitMs);
}

/** Its job was completed while the removal was asked for: it has its own time to exit. */
function mayStillFinish(runner: Runner, at: number): boolean {
  return runner.phase === "finishing" && runner.dueAt > at;
}

function again(fleet: Fleet, runner: Runner, at: number): void {
  // News of a job may have overtaken the answer; a runner that is started again is nobody's to ask about.
  if (runner.phase === "started" || mayStillFinish(runner, at)) return;
  const delayMs = retryDelayMs(runner.attempts, fleet.timings);
  runner.attempts += 1;
  fleet.roster.lookAt(runner, at + delayMs);
}
