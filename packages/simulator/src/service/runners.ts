import { after, type Context, nextId, noTimer, uuid } from "./context.js";
import { returnToWaiting } from "./jobs.js";
import { Refusal } from "./refusal.js";
import type { RunnerRow, RunnerSessionRow, ScaleSetRow, Scope } from "./state.js";

/** What is to be registered: its name, and how it will misbehave, if it will. */
export interface RunnerInput {
  readonly name: string;
  readonly behaviour?: string | undefined;
  readonly droppedAfterMs?: number | undefined;
  /** It will die at work, so that the end of its job is nobody's loss. @default false */
  readonly dies?: boolean | undefined;
}

/** Registers a runner for a JIT config. Names are unique within a scope. */
export function registerRunner(
  context: Context,
  set: ScaleSetRow,
  { name, behaviour, droppedAfterMs, dies = false }: RunnerInput,
): RunnerRow {
  if (!name.trim()) throw new Refusal("ArgumentException", "A runner needs a name.");
  if (findRunners(context, set.scope, name).length > 0) {
    throw new Refusal("AgentExistsException", `A runner exists with the same name ${name}.`);
  }
  const runner: RunnerRow = {
    id: nextId(context),
    name,
    scaleSet: set,
    clientId: uuid(context),
    createdAtMs: context.now(),
    session: undefined,
    legacySessionId: undefined,
    job: undefined,
    offlineSinceMs: context.now(),
    everOnline: false,
    removed: false,
    leaving: false,
    hostDied: dies,
    behaviour,
    droppedAfterMs,
    stopTimer: noTimer,
  };
  context.state.runners.set(runner.id, runner);
  context.state.runnersByClientId.set(runner.clientId, runner);
  context.state.tally.registrations += 1;
  set.runners.add(runner);
  recordRunner(context, runner, "registered", "a JIT config was asked for");
  expectOnline(context, runner);
  return runner;
}

/** The runner with this id in this scope. */
export function runnerIn(context: Context, scope: Scope, id: number): RunnerRow {
  const runner = context.state.runners.get(id);
  if (runner === undefined || runner.scaleSet.scope !== scope) {
    throw new Refusal("AgentNotFoundException", `The runner with identifier ${id} was not found.`);
  }
  return runner;
}

export function findRunners(context: Context, scope: Scope, name?: string): RunnerRow[] {
  const wanted = name?.toLowerCase();
  return [...context.state.runners.values()].filter(
    (runner) => runner.scaleSet.scope === scope && (wanted === undefined || runner.name.toLowerCase() === wanted),
  );
}

/** Removes a runner's registration at someone's wish; refused while it has a job. */
export function removeRunner(context: Context, runner: RunnerRow): void {
  if (runner.job !== undefined) {
    throw new Refusal(
      "JobStillRunningException",
      `The runner ${runner.name} is still running a job and can't be removed.`,
    );
  }
  dropRegistration(context, runner, "the client asked");
}

/** The registration is gone, for whatever reason: the runner is told at its next call. */
export function dropRegistration(context: Context, runner: RunnerRow, cause: string): void {
  if (runner.removed) return;
  forget(context, runner);
  if (runner.session !== undefined) endRunnerSession(context, runner.session, cause);
  recordRunner(context, runner, "removed", cause);
}

/** Its job is done: the registration goes with it, or some seconds later. */
export function leaveAfterJob(context: Context, runner: RunnerRow, cause: string): void {
  const { deregistrationDelayMs } = context.options;
  const drop = (): void => dropRegistration(context, runner, cause);
  // No random number is drawn where none is needed, so that the rest of a run stays as it was.
  if (deregistrationDelayMs <= 0) {
    drop();
    return;
  }
  runner.leaving = true;
  context.touched.add(runner.scaleSet);
  after(context, deregistrationDelayMs * context.random(), drop);
}

/** Its scale set was deleted. A job that runs goes on; the registration is gone all the same. */
export function orphanRunner(context: Context, runner: RunnerRow): void {
  forget(context, runner);
  if (runner.job === undefined && runner.session !== undefined) {
    endRunnerSession(context, runner.session, "its scale set was deleted");
  }
  recordRunner(context, runner, "orphaned", "its scale set was deleted");
}

/** The runner is offline now. A job it was told of but did not take goes to another one; one it runs is not touched. */
export function endRunnerSession(context: Context, session: RunnerSessionRow, cause: string): void {
  const { runner } = session;
  if (!context.state.runnerSessions.delete(session.id)) return;
  runner.session = undefined;
  context.touched.add(runner.scaleSet);
  context.woken.add(runner);
  recordRunner(context, runner, "offline", cause);
  const { job } = runner;
  if (job?.state === "assigned") {
    runner.job = undefined;
    returnToWaiting(context, job, "its runner went offline");
  }
  expectOnline(context, runner);
}

/** Counts the time in which a runner has no session, and forgets it when that lasts too long. */
function expectOnline(context: Context, runner: RunnerRow): void {
  runner.offlineSinceMs = context.now();
  runner.stopTimer();
  if (runner.removed) return;
  runner.stopTimer = after(context, context.options.offlineRunnerTtlMs, () => {
    if (runner.job === undefined) dropRegistration(context, runner, "offline for too long");
    else expectOnline(context, runner);
  });
}

/** Counts the time in which a runner is idle, if the service drops idle ones. */
export function expectJob(context: Context, runner: RunnerRow): void {
  const { idleRunnerTtlMs } = context.options;
  runner.stopTimer();
  if (idleRunnerTtlMs === undefined) return;
  runner.stopTimer = after(context, idleRunnerTtlMs, () => {
    if (runner.job === undefined) dropRegistration(context, runner, "idle for too long");
  });
}

export function recordRunner(context: Context, runner: RunnerRow, event: string, cause: string): void {
  context.journal.record({
    subject: "runner",
    event,
    cause,
    runnerId: runner.id,
    runnerName: runner.name,
    scaleSetId: runner.scaleSet.id,
    ...(runner.behaviour === undefined ? {} : { behaviour: runner.behaviour }),
  });
}

function forget(context: Context, runner: RunnerRow): void {
  runner.removed = true;
  runner.stopTimer();
  context.state.runners.delete(runner.id);
  runner.scaleSet.runners.delete(runner);
  context.touched.add(runner.scaleSet);
  context.woken.add(runner);
  // A job that goes on needs its runner's credentials to the end.
  if (runner.job?.state !== "running") context.retired.runners.add(runner);
}
