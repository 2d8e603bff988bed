import type { Fleet } from "./fleet.js";
import type { Runner } from "./model.js";

/** Fewest 404s in a row that say anything about a live process. */
const FEWEST_404S = 3;

/** A look-up or a removal was answered 404. */
export function note404(fleet: Fleet, runner: Runner, at: number): void {
  // Fewer than three answers in the time that matters are no row: nobody could ask for a while.
  if (at - runner.absentAt > fleet.timings.witnessMs / FEWEST_404S) forget404s(fleet, runner);
  runner.absentSince ??= at;
  runner.absentAt = at;
  runner.absences += 1;
  fleet.witness.open.add(runner);
  if (runner.formerSet && at - runner.absentSince >= fleet.timings.lookUpConfirmMs) fleet.witness.proved.add(runner);
  // Only the readings are open.
  else if (isRowComplete(fleet, runner, at)) fleet.asking.want(at);
}

/** The service gave another answer: it knows the runner. */
export function forget404s(fleet: Fleet, runner: Runner): void {
  fleet.witness.delete(runner);
  runner.absentSince = undefined;
  runner.absentAt = Number.NEGATIVE_INFINITY;
  runner.absences = 0;
  runner.agreedAt = undefined;
}

/** Its end failed, so it may live on: it is tried again only after two more readings that leave no job for it. */
export function proveAgain(fleet: Fleet, runner: Runner, at: number): void {
  fleet.witness.proved.delete(runner);
  runner.agreedAt = undefined;
  if (fleet.witness.open.has(runner)) fleet.asking.want(at);
}

/** When to ask the service about a runner again after a 404. */
export function nextLookUp(fleet: Fleet, runner: Runner, at: number): number {
  const { lookUpMs, lookUpConfirmMs } = fleet.timings;
  const completeAt = rowCompleteAt(fleet, runner);
  if (at < completeAt) return Math.min(at + lookUpMs, completeAt);
  // The newest 404 must be fresh when the second reading comes.
  const judging = runner.agreedAt !== undefined || at - completeAt < lookUpConfirmMs;
  return at + (judging ? lookUpConfirmMs : lookUpMs);
}

/** A reading that was asked for, and when: what it says about the runners that the service does not know. */
export function judgeOpen(fleet: Fleet, { asOf, running }: { readonly asOf: number; readonly running: number }): void {
  const { witness, timings } = fleet;
  if (witness.open.size === 0) return;
  const short = workersSince(fleet, asOf - timings.witnessMs);
  const long = workersSince(fleet, asOf - timings.witnessNamedMs);
  for (const runner of witness.open) {
    const completeAt = rowCompleteAt(fleet, runner);
    if (asOf < completeAt || runner.formerSet) continue;
    const workers = runner.belief.kind === "job" ? long : short;
    const others = workers.has(runner) ? workers.size - 1 : workers.size;
    if (running > others) {
      runner.agreedAt = undefined;
      witness.proved.delete(runner);
      continue;
    }
    if (runner.agreedAt === undefined || runner.agreedAt < completeAt) runner.agreedAt = asOf;
    const confirmedAt = runner.agreedAt + timings.lookUpConfirmMs;
    if (endsUnseen(fleet, runner) || asOf >= confirmedAt) witness.proved.add(runner);
    else fleet.asking.want(confirmedAt);
  }
}

/** Whether a live runner may be ended now. */
export function isProved(fleet: Fleet, runner: Runner, now: number): boolean {
  return isRowComplete(fleet, runner, now) && now - runner.absentAt < fleet.timings.witnessFreshMs;
}

/** Since when the oldest question of this fleet is open longer than any row needs; undefined when there is none. */
export function overdueQuestions(fleet: Fleet, now: number): readonly Runner[] {
  return [...fleet.witness.open].filter(
    ({ absentSince = Number.POSITIVE_INFINITY }) => now - absentSince >= fleet.timings.witnessNamedMs,
  );
}

function isRowComplete(fleet: Fleet, runner: Runner, now: number): boolean {
  const fewest = runner.formerSet ? 2 : endsUnseen(fleet, runner) ? 1 : FEWEST_404S;
  return runner.absences >= fewest && now >= rowCompleteAt(fleet, runner);
}

function rowCompleteAt(fleet: Fleet, runner: Runner): number {
  const { witnessMs, witnessNamedMs, lookUpConfirmMs } = fleet.timings;
  const since = runner.absentSince ?? Number.POSITIVE_INFINITY;
  if (runner.formerSet) return since + lookUpConfirmMs;
  if (endsUnseen(fleet, runner)) return since;
  return since + (runner.belief.kind === "job" ? witnessNamedMs : witnessMs);
}

/** Every runner ends like this where exits can't be seen: its job is completed, and its registration is gone. */
function endsUnseen({ traits }: Fleet, { jobEnded, belief }: Runner): boolean {
  return !traits.observesExit && jobEnded && belief.kind !== "job";
}

/** Live runners of this scale set that an open job names, or that the service called busy since then. */
function workersSince({ roster }: Fleet, since: number): Set<Runner> {
  const workers = new Set<Runner>();
  for (const runner of roster.all()) {
    const { phase, belief, orphanedAt, busyAt = Number.NEGATIVE_INFINITY, foreignSchema, formerSet } = runner;
    if (orphanedAt !== undefined || foreignSchema || formerSet) continue;
    const alive = phase === "started" || phase === "finishing" || phase === "retiring" || phase === "detached";
    if (alive && (belief.kind === "job" || busyAt >= since)) workers.add(runner);
  }
  return workers;
}
