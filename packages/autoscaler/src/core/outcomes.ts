import { enterStarted } from "./beliefs.js";
import type { FailureKind, OutcomeEvent } from "./events.js";
import type { Fleet } from "./fleet.js";
import type { CommandType, Runner } from "./model.js";
import { retryDelayMs } from "./retry.js";
import { newRunner } from "./runner.js";

const NEVER = Number.POSITIVE_INFINITY;

/** What became of a command: each outcome moves its runner to the phase that the table of transitions names. */
export function applyOutcome(fleet: Fleet, event: OutcomeEvent & { readonly at: number }): void {
  if (event.type === "command.issued" && event.command === "create") {
    launched(fleet, event.name, event.at);
    return;
  }
  const runner = fleet.get(event.name);
  if (runner === undefined) return;
  if (event.type === "command.issued") {
    issued(fleet, runner, event.command, event.at);
    return;
  }
  fleet.setPending(runner, undefined);
  switch (event.type) {
    case "command.dropped":
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
      pauseLaunches(fleet, event.kind, event.message, event.at);
      runner.mayRun = event.kind === "transient";
      if (runner.phase === "registered") fleet.move(runner, "abandoned", event.at, event.at);
      break;
    case "deregister.done":
      deregistered(fleet, runner, event.answer, event.at);
      break;
    case "destroy.done":
      fleet.remove(runner, event.at);
      fleet.launchPause.roomMade();
      break;
    case "deregister.failed":
    case "destroy.failed":
      again(fleet, runner, event.at);
      break;
  }
}

function launched(fleet: Fleet, name: string, at: number): void {
  const runner = newRunner({ name, phase: "creating", since: at });
  runner.pending = "create";
  fleet.totals.launched += 1;
  fleet.add(runner, NEVER);
}

function issued(fleet: Fleet, runner: Runner, command: CommandType, at: number): void {
  fleet.setPending(runner, command);
  if (command === "deregister" && runner.phase === "started") {
    fleet.surplus.spend();
    fleet.move(runner, "retiring", at, at);
  } else if (runner.phase === "created" && command !== "request-jit") {
    fleet.move(runner, "abandoned", at, at);
  }
}

/** It never began, so its runner is where it was; what its phase asks for is decided anew. */
function dropped(fleet: Fleet, runner: Runner, command: CommandType, at: number): void {
  if (command === "create") fleet.remove(runner, at);
  else if (runner.phase === "retiring" && runner.attempts === 0) enterStarted(fleet, runner, at);
}

function createFailed(fleet: Fleet, runner: Runner, kind: FailureKind, message: string, at: number): void {
  pauseLaunches(fleet, kind, message, at);
  // Only a clear answer says that nothing was made.
  if (kind === "capacity" || kind === "rejected" || kind === "denied") fleet.remove(runner, at);
  else if (runner.phase === "creating") fleet.move(runner, "abandoned", at, at);
}

function pauseLaunches(fleet: Fleet, kind: FailureKind, message: string, at: number): void {
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
      runner.belief = { kind: "unknown", askAt: at + fleet.timings.unknownRecheckMs };
      enterStarted(fleet, runner, at);
      break;
    case "finishing":
      fleet.lookAt(runner, at + fleet.timings.completionGraceMs);
      break;
    case "exited":
      again(fleet, runner, at);
      break;
    default:
  }
}

/** The service answered 204: nobody is using it, so its instance may go. */
function unregistered(fleet: Fleet, runner: Runner, at: number): void {
  runner.mayBeRegistered = false;
  if (runner.phase === "retiring") fleet.totals.retired += 1;
  if (runner.phase === "exited" || runner.phase === "abandoned") fleet.lookAt(runner, at);
  else fleet.move(runner, "abandoned", at, at);
}

/** The service does not know it: what that means depends on what the instance may be doing. */
function absent(fleet: Fleet, runner: Runner, at: number): void {
  const ending = runner.phase === "exited" || (runner.phase === "abandoned" && !runner.mayRun);
  if (ending && runner.jitUnanswered) {
    // A request that got no answer may still be carried out after this look-up: look once more.
    runner.jitUnanswered = false;
    fleet.lookAt(runner, at + fleet.timings.lostConfirmMs);
    return;
  }
  runner.mayBeRegistered = false;
  if (ending) fleet.lookAt(runner, at);
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
  fleet.lookAt(runner, at + delayMs);
}
