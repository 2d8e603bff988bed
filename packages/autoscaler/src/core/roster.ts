import { IndexedHeap } from "./indexed-heap.js";
import { type Belief, byPhase, type CommandType, type Phase, type Runner } from "./model.js";

/** How long the names of runners that are gone are remembered, so that a list begun before can't bring them back. */
const GONE_MEMORY_MS = 10 * 60_000;
/** Job ids that never open again; enough for everything that a service may still redeliver. */
const COMPLETED_MEMORY = 10_000;

/** The runners of a fleet, by name, by phase, and by when something may be decided about them. */
export class Roster {
  readonly #runners = new Map<string, Runner>();
  readonly #due = byPhase(() => new IndexedHeap<Runner>());
  readonly #timed: readonly IndexedHeap<Runner>[];
  readonly #counts = byPhase(() => 0);
  #oldCounts = byPhase(() => 0);
  readonly #named = byPhase(() => 0);
  readonly #completedJobs = new Set<string>();
  readonly #gone = new Map<string, number>();
  readonly #orphans = new IndexedHeap<Runner>();
  readonly #inPlace = new Map<string, number>();
  readonly #foreignEnded = new Set<Runner>();
  #foreignSchemas = 0;
  #spec: string;

  constructor(spec: string) {
    this.#spec = spec;
    const { started: _started, ...timed } = this.#due;
    this.#timed = Object.values(timed);
  }

  get(name: string): Runner | undefined {
    return this.#runners.get(name);
  }

  all(): IterableIterator<Runner> {
    return this.#runners.values();
  }

  get size(): number {
    return this.#runners.size;
  }

  count(phase: Phase): number {
    return this.#counts[phase];
  }

  /** Runners of a phase that an open job of this scale set names. */
  named(phase: Phase): number {
    return this.#named[phase];
  }

  /** Changes what we think a runner works on. */
  believe(runner: Runner, belief: Belief): void {
    this.#countNamed(runner, -1);
    runner.belief = belief;
    this.#countNamed(runner, 1);
  }

  #countNamed({ belief, orphanedAt, phase }: Runner, change: 1 | -1): void {
    if (belief.kind === "job" && orphanedAt === undefined) this.#named[phase] += change;
  }

  /** Runners that live in a place. */
  countIn(place: string): number {
    return this.#inPlace.get(place) ?? 0;
  }

  /** Runners whose scale set went away under them. */
  get orphans(): number {
    return this.#orphans.size;
  }

  /** Instances with labels of a newer version: counted, and nothing else is known of them. */
  get foreignSchemas(): number {
    return this.#foreignSchemas;
  }

  /** Of those, the ones that ended and wait for whoever knows their version. */
  get foreignEnded(): number {
    return this.#foreignEnded.size;
  }

  endForeign(runner: Runner): void {
    this.#foreignEnded.add(runner);
  }

  /** Orphans since that time or before, longest first. */
  orphanedUntil(time: number): Runner[] {
    return this.#orphans.until(time);
  }

  /** Since when the longest of those after that time is an orphan; `Infinity` when there is none. */
  orphanedAfter(time: number): number {
    return this.#orphans.firstAfter(time);
  }

  /** How many runners of a phase are made from what runners are made from no more. */
  oldCount(phase: Phase): number {
    return this.#oldCounts[phase];
  }

  /** Whether a runner is one of them. */
  isOld({ spec, foreignSchema }: Runner): boolean {
    return spec !== this.#spec && !foreignSchema;
  }

  /** Runners of a phase for which something may be decided at `now`, longest due first. */
  due(phase: Phase, now: number): Runner[] {
    return this.#due[phase].until(now);
  }

  /** Whether there is any such runner. */
  anyDue(phase: Phase, now: number): boolean {
    return this.#due[phase].first <= now;
  }

  /** When the next runner of a phase that is not due yet will be; `Infinity` when none will. */
  nextDue(phase: Phase, now: number): number {
    return this.#due[phase].firstAfter(now);
  }

  /** When the next runner will be due in a phase that ends by itself: a started one is due only where there are too many. */
  nextTimedDue(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const heap of this.#timed) next = Math.min(next, heap.firstAfter(now));
    return next;
  }

  add(runner: Runner, dueAt: number): void {
    this.#runners.set(runner.name, runner);
    this.#counts[runner.phase] += 1;
    this.#inPlace.set(runner.place, this.countIn(runner.place) + 1);
    if (runner.foreignSchema) this.#foreignSchemas += 1;
    if (this.isOld(runner)) this.#oldCounts[runner.phase] += 1;
    this.lookAt(runner, dueAt);
  }

  move(runner: Runner, phase: Phase, at: number, dueAt: number): void {
    this.#due[runner.phase].delete(runner);
    this.#counts[runner.phase] -= 1;
    this.#countNamed(runner, -1);
    if (this.isOld(runner)) {
      this.#oldCounts[runner.phase] -= 1;
      this.#oldCounts[phase] += 1;
    }
    runner.phase = phase;
    runner.since = at;
    runner.attempts = 0;
    this.#counts[phase] += 1;
    this.#countNamed(runner, 1);
    if (phase !== "started") this.#orphans.delete(runner);
    this.lookAt(runner, dueAt);
  }

  /** When to look at a runner again. While a command is under way nothing is decided about it. */
  lookAt(runner: Runner, dueAt: number): void {
    runner.dueAt = dueAt;
    this.#due[runner.phase].set(runner, isWaitedFor(runner) ? Number.POSITIVE_INFINITY : dueAt);
  }

  setPending(runner: Runner, command: CommandType | undefined): void {
    runner.pending = command;
    this.lookAt(runner, runner.dueAt);
  }

  remove(runner: Runner, at: number): void {
    this.#due[runner.phase].delete(runner);
    this.#counts[runner.phase] -= 1;
    this.#countNamed(runner, -1);
    this.#runners.delete(runner.name);
    this.#inPlace.set(runner.place, this.countIn(runner.place) - 1);
    if (runner.foreignSchema) this.#foreignSchemas -= 1;
    this.#foreignEnded.delete(runner);
    if (this.isOld(runner)) this.#oldCounts[runner.phase] -= 1;
    this.#orphans.delete(runner);
    this.#gone.set(runner.name, at);
    for (const [name, goneAt] of this.#gone) {
      if (goneAt > at - GONE_MEMORY_MS) break;
      this.#gone.delete(name);
    }
  }

  orphan(runner: Runner, at: number): void {
    this.#countNamed(runner, -1);
    runner.orphanedAt = at;
    this.#orphans.set(runner, at);
  }

  /** It is asked about at the service from now on, as any other. */
  unorphan(runner: Runner): void {
    this.#countNamed(runner, -1);
    runner.orphanedAt = undefined;
    this.#countNamed(runner, 1);
    this.#orphans.delete(runner);
  }

  changeSpec(spec: string): void {
    this.#spec = spec;
    this.#oldCounts = byPhase(() => 0);
    for (const runner of this.#runners.values()) {
      if (this.isOld(runner)) this.#oldCounts[runner.phase] += 1;
    }
  }

  /** Whether a list begun at `begunAt` may still show an instance that is gone since. */
  wasGoneAfter(name: string, begunAt: number): boolean {
    return (this.#gone.get(name) ?? Number.NEGATIVE_INFINITY) >= begunAt;
  }

  noteCompleted(jobId: string): void {
    this.#completedJobs.add(jobId);
    if (this.#completedJobs.size <= COMPLETED_MEMORY) return;
    for (const oldest of this.#completedJobs) {
      this.#completedJobs.delete(oldest);
      break;
    }
  }

  isCompleted(jobId: string): boolean {
    return this.#completedJobs.has(jobId);
  }
}

/** A look-up may wait long for its turn, and tells nothing about a runner that is to go: its removal does not wait. */
function isWaitedFor({ pending, phase }: Runner): boolean {
  if (pending === "look-up") return phase === "started" || phase === "detached";
  return pending !== undefined;
}
