import { enterStarted } from "./beliefs.js";
import { explainExit, ranWell, worked } from "./exits.js";
import type { Fleet } from "./fleet.js";
import type { Runner } from "./model.js";
import { leave, mayBeOrphan } from "./orphans.js";
import { retryDelayMs } from "./retry.js";
import { forget404s, nextLookUp, note404 } from "./witness.js";

const NEVER = Number.POSITIVE_INFINITY;

/** What the service answered when a runner's registration was to be removed. */
export function deregistered(fleet: Fleet, runner: Runner, answer: "removed" | "busy" | "absent", at: number): void {
  if (answer === "busy") busy(fleet, runner, at);
  else if (answer === "removed") unregistered(fleet, runner, at);
  else absent(fleet, runner, at);
}

/** "Job still running": hands off. */
function busy(fleet: Fleet, runner: Runner, at: number): void {
  // As good as a message that names its job.
  if (runner.phase !== "exited" && !worked(runner)) ranWell(fleet, runner.launchedAt);
  runner.busyAt = at;
  forget404s(fleet, runner);
  explainExit(fleet, runner.name, at);
  switch (runner.phase) {
    case "retiring":
    case "abandoned":
    case "finishing":
    case "detached":
      works(fleet, runner, at);
      break;
    case "exited":
      again(fleet, runner, at);
      break;
    default:
  }
}

/** The service knows it, so what was asked of it is off: a completion was false, or a removal too late. */
function works(fleet: Fleet, runner: Runner, at: number): void {
  runner.ghost = false;
  runner.jobEnded = false;
  if (runner.belief.kind !== "job") {
    fleet.roster.believe(runner, { kind: "unknown", askAt: at + fleet.timings.unknownRecheckMs });
    if (runner.busyAt !== undefined) runner.jobSince ??= runner.busyAt;
  }
  enterStarted(fleet, runner, at);
}

/** The service agrees that no job uses it: it never came online, or not as far as one can tell. */
function countGhost(fleet: Fleet, runner: Runner, at: number): void {
  if (!runner.ghost) return;
  runner.ghost = false;
  runner.failedToBoot = true;
  fleet.totals.ghosts += 1;
  if (runner.spec === fleet.traits.spec) fleet.breaker.failed("never came online", runner.launchedAt, at);
}

export function lookedUp(fleet: Fleet, runner: Runner, answer: "present" | "absent", at: number): void {
  if ((runner.phase !== "started" && runner.phase !== "detached") || runner.orphanedAt !== undefined) return;
  const { timings, traits } = fleet;
  if (answer === "present") {
    forget404s(fleet, runner);
    if (runner.phase === "detached") works(fleet, runner, at);
    fleet.lookUps.set(runner, at + (traits.observesExit ? timings.idleLookUpMs : timings.lookUpMs));
    return;
  }
  note404(fleet, runner, at);
  if (mayBeOrphan(fleet, runner)) {
    if (runner.absences > 1) leave(fleet, runner, at);
    else fleet.lookUps.set(runner, at + timings.lookUpConfirmMs);
    return;
  }
  const confirmAt = (runner.absentSince ?? at) + timings.lookUpConfirmMs;
  // One that an open job names stays what it is, whatever look-ups say.
  const detaches = runner.phase === "started" && runner.belief.kind !== "job";
  if (detaches && at >= confirmAt) detach(fleet, runner, at);
  else fleet.lookUps.set(runner, detaches ? confirmAt : nextLookUp(fleet, runner, at));
}

/** The service does not know a live runner. It may be hidden, so it is asked about again and again. */
function detach(fleet: Fleet, runner: Runner, at: number): void {
  fleet.move(runner, "detached", at, NEVER);
  fleet.lookUps.set(runner, nextLookUp(fleet, runner, at));
}

/** The service answered 204: no job uses it, so its instance may go. */
function unregistered(fleet: Fleet, runner: Runner, at: number): void {
  runner.mayBeRegistered = false;
  fleet.verdicts.unregistered(runner.name, "removed");
  if (runner.phase === "retiring") fleet.totals.retired += 1;
  countGhost(fleet, runner, at);
  if (runner.phase === "exited" || runner.phase === "abandoned") fleet.roster.lookAt(runner, at);
  else fleet.move(runner, "abandoned", at, at);
}

/** The service does not know it: what that means depends on what the instance may be doing. */
function absent(fleet: Fleet, runner: Runner, at: number): void {
  runner.ghost = false;
  // Its scale set went away while the removal was under way: a 404 about it means nothing.
  if (runner.phase === "started" && runner.orphanedAt !== undefined) return;
  if (runner.phase === "exited" || runner.phase === "abandoned") {
    ended(fleet, runner, at);
  } else if (runner.phase === "retiring" && mayBeOrphan(fleet, runner)) {
    leave(fleet, runner, at);
  } else if (!mayStillFinish(runner, at)) {
    note404(fleet, runner, at);
    if (runner.phase !== "started") detach(fleet, runner, at);
    // A message named its job meanwhile.
    else fleet.lookUps.set(runner, nextLookUp(fleet, runner, at));
  }
}

/** Nothing runs in it any longer, so a 404 is enough, though not always the first. */
function ended(fleet: Fleet, runner: Runner, at: number): void {
  if (runner.phase === "abandoned" && runner.belief.kind === "job") {
    // It was given up, yet a message names its job: it may run.
    note404(fleet, runner, at);
    detach(fleet, runner, at);
  } else if (runner.askTwice) {
    runner.askTwice = false;
    const { exitRecheckMs, lostConfirmMs } = fleet.timings;
    fleet.roster.lookAt(runner, at + (runner.phase === "exited" ? exitRecheckMs : lostConfirmMs));
  } else {
    runner.mayBeRegistered = false;
    fleet.verdicts.unregistered(runner.name, "absent");
    runner.deniedOnly = !worked(runner);
    // Lists may be stale and the 404 false: there is nothing to destroy, and one that lives is adopted when it is listed.
    if (runner.lost) fleet.remove(runner, at);
    else fleet.roster.lookAt(runner, at);
  }
}

/** Its job was completed while the removal was asked for: it has its own time to exit. */
function mayStillFinish(runner: Runner, at: number): boolean {
  return runner.phase === "finishing" && runner.dueAt > at;
}

export function again(fleet: Fleet, runner: Runner, at: number): void {
  // A message about its job may have overtaken the answer: one that works is not asked to go.
  if (runner.phase === "started" || mayStillFinish(runner, at)) return;
  const delayMs = retryDelayMs(runner.attempts, fleet.timings);
  runner.attempts += 1;
  fleet.roster.lookAt(runner, at + delayMs);
}
