import type { Fleet } from "./fleet.js";
import type { Runner } from "./model.js";

/** What the official runner ends with where its version is deprecated (F19). */
const OUTDATED_EXIT_CODE = 7;

/** What its exit says about the next ones. One that we ended, that had a job, or is made from an old spec says nothing. */
export function weighExit(fleet: Fleet, runner: Runner, code: number | undefined, at: number): void {
  const { launchedAt, name } = runner;
  const current = runner.spec === fleet.traits.spec;
  if (code === OUTDATED_EXIT_CODE) {
    runner.failedToBoot = true;
    if (current) fleet.outdated.found(launchedAt, at);
    return;
  }
  const judged = runner.phase === "registered" || runner.phase === "started";
  if (!judged || runner.orphanedAt !== undefined || runner.formerSet || worked(runner)) return;
  // An adopted one may have had a job that a message to another daemon named.
  if (fleet.unnamedWork.explains(launchedAt) || runner.belief.kind === "unknown") {
    if (runner.belief.kind !== "unknown") ranWell(fleet, launchedAt);
    return;
  }
  const fast = at - (runner.startedAt ?? runner.since) < fleet.timings.fastExitMs;
  runner.failedToBoot = fast;
  if (fast && !current) return;
  runner.askTwice ||= fast;
  fleet.verdicts.note({ name, launchedAt, at, fast });
}

/** A message named it, or the service called it busy. */
export function worked({ hadJob, busyAt }: Runner): boolean {
  return hadJob || busyAt !== undefined;
}

/** A runner launched then did what it is for. */
export function ranWell(fleet: Fleet, launchedAt: number): void {
  fleet.breaker.proved("had a job", launchedAt);
  fleet.outdated.proved(launchedAt);
  fleet.verdicts.explained();
  fleet.refill.claimed();
  fleet.aside.worked();
}

/** Something explains an exit that was to be judged. */
export function explainExit(fleet: Fleet, name: string, at: number): void {
  const exit = fleet.verdicts.clear(name);
  if (exit === undefined) return;
  ranWell(fleet, exit.launchedAt);
  const runner = fleet.roster.get(name);
  if (runner?.phase !== "exited") return;
  runner.failedToBoot = false;
  // Its registration is expected to be gone: one 404 is enough.
  if (runner.attempts === 0) fleet.roster.lookAt(runner, at);
  runner.askTwice = false;
}

/** A newer reading may count the job of a runner that exited since. */
export function explainOpenExits(fleet: Fleet, at: number): void {
  for (const { name, launchedAt } of fleet.verdicts.open()) {
    if (fleet.unnamedWork.explains(launchedAt)) explainExit(fleet, name, at);
  }
}
