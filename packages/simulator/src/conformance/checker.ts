import type { JournalEntry } from "../journal/entry.js";
import { TimerQueue } from "../time/timer-queue.js";
import { type CheckLimits, type CheckName, defaultCheckLimits, type Violation } from "./check.js";
import { type Bench, newRules, reportLeak } from "./rules.js";
import { View } from "./view.js";

/** What is kept of failures; the counts go on. */
const violationsKept = 1_000;

export interface CheckOptions extends Partial<CheckLimits> {
  /** Checks that are not made, since what they look for is brought about on purpose. @default none */
  readonly allow?: readonly CheckName[] | undefined;
}

/**
 * Looks at everything that happens at the service, as it happens, for what an autoscaler must never do. It costs a
 * little for each entry, however long the run is. Feed it with `journal.subscribe`, or use `simulator.check()`.
 */
export class ConformanceChecker {
  readonly #view = new View();
  readonly #rules = newRules();
  readonly #timers = new TimerQueue();
  readonly #violations: Violation[] = [];
  readonly #reported = new Set<string>();
  readonly #counts = new Map<CheckName, number>();
  readonly #allow: ReadonlySet<CheckName>;
  readonly #bench: Bench;
  #nowMs = 0;
  #seen = 0;

  constructor({ allow = [], ...limits }: CheckOptions = {}) {
    this.#allow = new Set(allow);
    this.#bench = {
      view: this.#view,
      limits: { ...defaultCheckLimits, ...limits },
      report: (check, key, message, events, scaleSetId) =>
        this.#report({ check, message, events: [...events], scaleSetId, atMs: this.#nowMs }, key),
      later: (atMs, look) => {
        this.#timers.add(atMs, () => look(this.#nowMs));
      },
    };
  }

  /** Failures so far, oldest first: each once for each thing it failed on, the first thousand. */
  get violations(): readonly Violation[] {
    return this.#violations;
  }

  /** How often each check failed. */
  get counts(): ReadonlyMap<CheckName, number> {
    return this.#counts;
  }

  /** Entries looked at. */
  get seen(): number {
    return this.#seen;
  }

  /** Takes an entry of the journal in. */
  take(entry: JournalEntry): void {
    this.#advance(entry.atMs);
    this.#seen += 1;
    this.#view.take(entry);
    for (const rule of this.#rules) rule(entry, this.#bench);
    this.#view.forget(entry);
  }

  /** The run is over, and things had time to settle: what is left over now was forgotten. */
  finish(
    nowMs: number,
    { settleMs = 120_000, jobsLeft = 0 }: { readonly settleMs?: number; readonly jobsLeft?: number } = {},
  ): readonly Violation[] {
    this.#advance(nowMs);
    for (const runner of this.#view.runners.values()) {
      if (!runner.online && nowMs - runner.offlineSinceMs >= settleMs) reportLeak(runner, this.#bench);
    }
    const waiting = [...this.#view.jobs.values()];
    if (jobsLeft > 0) this.#bench.report("jobs-left", "", `${jobsLeft} jobs had not ended`, waiting[0]?.events ?? []);
    return this.#violations;
  }

  #advance(nowMs: number): void {
    for (;;) {
      const due = this.#timers.takeDue(nowMs);
      if (due === undefined) break;
      this.#nowMs = due.atMs;
      due.fire();
    }
    this.#nowMs = nowMs;
  }

  #report(violation: Violation, key: string | number): void {
    const { check } = violation;
    if (this.#allow.has(check) || this.#reported.has(`${check} ${key}`)) return;
    this.#counts.set(check, (this.#counts.get(check) ?? 0) + 1);
    if (this.#violations.length >= violationsKept) return;
    this.#reported.add(`${check} ${key}`);
    this.#violations.push(violation);
  }
}
