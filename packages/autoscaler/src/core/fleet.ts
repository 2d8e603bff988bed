import { IndexedHeap } from "./indexed-heap.js";
import { LaunchPause } from "./launch-pause.js";
import { byPhase, type CommandType, type Phase, type Reading, type Runner, type Session } from "./model.js";
import { Readings } from "./readings.js";
import { RecentEnds } from "./recent-ends.js";
import type { Limits, Timings } from "./settings.js";
import { SurplusWindow } from "./surplus-window.js";

/** How long the names of runners that are gone are remembered, so that a list begun before can't bring them back. */
const GONE_MEMORY_MS = 10 * 60_000;
/** Job ids that never open again; enough for everything that a service may still redeliver. */
const COMPLETED_MEMORY = 10_000;

/**
 * Everything known about one scale set's runners. `reduce` alone changes it, in place: one worker owns it.
 * Whatever `decide` asks is indexed by phase and due time, so that an event costs the same in a large fleet.
 */
export class Fleet {
  limits: Limits;
  readonly timings: Timings;
  readonly readings: Readings;
  readonly launchPause: LaunchPause;
  readonly surplus: SurplusWindow;
  readonly ends: RecentEnds;
  session: Session = { state: "none" };
  /** The one that the newest session is of. */
  scaleSetId: number | undefined;
  stopping = false;
  /** Last answered call of the session, and last answered poll. */
  answeredAt = Number.NEGATIVE_INFINITY;
  polledAt = Number.NEGATIVE_INFINITY;
  /** Begin of the newest whole list of instances. */
  surveyedAt = Number.NEGATIVE_INFINITY;
  readonly totals = { launched: 0, started: 0, maxLive: 0, retired: 0, lost: 0 };

  readonly #runners = new Map<string, Runner>();
  readonly #due = byPhase(() => new IndexedHeap<Runner>());
  readonly #counts = byPhase(() => 0);
  readonly #completedJobs = new Set<string>();
  readonly #gone = new Map<string, number>();

  constructor(limits: Limits, timings: Timings) {
    this.limits = limits;
    this.timings = timings;
    this.readings = new Readings(timings);
    this.launchPause = new LaunchPause(timings);
    this.ends = new RecentEnds(timings.recentExitMs);
    this.surplus = new SurplusWindow(timings.surplusMs);
  }

  get(name: string): Runner | undefined {
    return this.#runners.get(name);
  }

  runners(): IterableIterator<Runner> {
    return this.#runners.values();
  }

  count(phase: Phase): number {
    return this.#counts[phase];
  }

  /** Everything that takes up a place: every instance not gone, and launches under way. */
  get occupying(): number {
    return this.#runners.size;
  }

  /** Runners that can take one of the jobs that are assigned now, or had one a moment ago. */
  able(now: number): number {
    return (
      this.#counts.creating +
      this.#counts.created +
      this.#counts.registered +
      this.#counts.started +
      this.endsSinceReading(now)
    );
  }

  /** Runners that ended without the newest reading knowing of it: the job that it still counts had one. */
  endsSinceReading(now: number): number {
    return this.ends.since(this.reading(now)?.endsKnown ?? 0, now);
  }

  reading(now: number): Reading | undefined {
    return this.readings.current(now);
  }

  /** Runners of a phase for which something may be decided at `now`, longest due first. */
  due(phase: Phase, now: number): Runner[] {
    return this.#due[phase].until(now);
  }

  /** When the next runner of a phase that is not due yet will be; `Infinity` when none will. */
  nextDue(phase: Phase, now: number): number {
    return this.#due[phase].firstAfter(now);
  }

  /** When the next runner will be due in a phase that ends by itself: a started one is due only where there are too many. */
  nextTimedDue(now: number): number {
    const { started: _started, ...timed } = this.#due;
    return Math.min(...Object.values(timed).map((heap) => heap.firstAfter(now)));
  }

  add(runner: Runner, dueAt: number): void {
    this.#runners.set(runner.name, runner);
    this.#counts[runner.phase] += 1;
    this.lookAt(runner, dueAt);
    this.totals.maxLive = Math.max(this.totals.maxLive, this.#runners.size);
  }

  /** It ended, or its job did. One that was able stands for its job until a reading knows of it. */
  noteEnd(runner: Runner, at: number): void {
    if (runner.phase === "registered" || runner.phase === "started") this.ends.note(at);
  }

  /** Puts a runner into another phase, to be looked at when due. */
  move(runner: Runner, phase: Phase, at: number, dueAt: number): void {
    this.#due[runner.phase].delete(runner);
    this.#counts[runner.phase] -= 1;
    runner.phase = phase;
    runner.since = at;
    runner.attempts = 0;
    this.#counts[phase] += 1;
    this.lookAt(runner, dueAt);
  }

  /** When to look at a runner again. While a command is under way nothing is decided about it. */
  lookAt(runner: Runner, dueAt: number): void {
    runner.dueAt = dueAt;
    this.#due[runner.phase].set(runner, runner.pending === undefined ? dueAt : Number.POSITIVE_INFINITY);
  }

  setPending(runner: Runner, command: CommandType | undefined): void {
    runner.pending = command;
    this.lookAt(runner, runner.dueAt);
  }

  remove(runner: Runner, at: number): void {
    this.#due[runner.phase].delete(runner);
    this.#counts[runner.phase] -= 1;
    this.#runners.delete(runner.name);
    this.#gone.set(runner.name, at);
    for (const [name, goneAt] of this.#gone) {
      if (goneAt > at - GONE_MEMORY_MS) break;
      this.#gone.delete(name);
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
