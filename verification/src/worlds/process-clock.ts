import { type Clock, type VirtualClock, waitsOver } from "@scaleset/simulator";

/** One machine's clock, as wrong as clocks are. */
export interface Skew {
  /** How far its wall clock is ahead. @unit milliseconds */
  readonly aheadMs: number;
  /** How fast it runs; 1.001 gains a second in 1000. */
  readonly rate: number;
}

/** `stopped`: by SIGSTOP, all clocks run on. `suspended`: its machine sleeps, and monotonic time stands still. */
export type PauseKind = "stopped" | "suspended";

/** Whether a process is paused. */
export interface ProcessPause {
  /** Undefined while it runs. */
  readonly kind: PauseKind | undefined;
  /** Resolves when it runs again: at once while it runs, never when it died. */
  over(): Promise<void>;
}

/** A process that runs again reads its sockets first, and its overdue timers so long after. @unit milliseconds */
const TIMERS_AFTER_MS = 1;

/**
 * The time that one process sees. Its monotonic clock begins at 0 and runs at the machine's pace; a wait is never short
 * by that clock, since it is rounded up to whole milliseconds of the true one. The process can be paused, and it can die:
 * no timer fires from then on.
 */
export class ProcessClock implements Clock, ProcessPause {
  readonly sleep: Clock["sleep"];
  readonly deadline: Clock["deadline"];
  readonly #truth: VirtualClock;
  readonly #rate: number;
  readonly #aheadMs: () => number;
  readonly #bootMs: number;
  #asleepMs = 0;
  #paused: { readonly kind: PauseKind; readonly sinceMs: number } | undefined;
  #dead = false;
  readonly #waiting: (() => void)[] = [];
  readonly #overdue = new Set<() => void>();

  /** @param options.aheadMs How far the machine's wall clock is ahead at this moment. */
  constructor(truth: VirtualClock, { rate, aheadMs }: { readonly rate: number; readonly aheadMs: () => number }) {
    this.#truth = truth;
    this.#rate = rate;
    this.#aheadMs = aheadMs;
    this.#bootMs = truth.monotonic();
    const { sleep, deadline } = waitsOver((ms, fire) => this.#set(ms, fire));
    this.sleep = sleep;
    this.deadline = deadline;
  }

  now(): number {
    const drift = (this.#truth.monotonic() - this.#bootMs) * (this.#rate - 1);
    return Math.floor(this.#truth.now() + this.#aheadMs() + drift);
  }

  monotonic(): number {
    return this.#awakeMs() * this.#rate;
  }

  /** Since the world began, for every process of the machine. */
  uptime(): number {
    return this.#truth.monotonic() * this.#rate;
  }

  get kind(): PauseKind | undefined {
    return this.#paused?.kind;
  }

  over(): Promise<void> {
    if (this.#paused === undefined && !this.#dead) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  pause(kind: PauseKind): void {
    if (!this.#dead) this.#paused ??= { kind, sinceMs: this.#truth.monotonic() };
  }

  resume(): void {
    const paused = this.#paused;
    if (paused === undefined || this.#dead) return;
    if (paused.kind === "suspended") this.#asleepMs += this.#truth.monotonic() - paused.sinceMs;
    this.#paused = undefined;
    for (const wake of this.#waiting.splice(0)) wake();
    const overdue = [...this.#overdue];
    this.#overdue.clear();
    for (const look of overdue) this.#truth.callAfter(TIMERS_AFTER_MS, look);
  }

  /** SIGKILL. */
  die(): void {
    this.#dead = true;
    this.#overdue.clear();
    this.#waiting.length = 0;
  }

  /** True milliseconds since its start in which the machine did not sleep. */
  #awakeMs(): number {
    const asleepSince = this.#paused?.kind === "suspended" ? this.#paused.sinceMs : undefined;
    const untilMs = asleepSince ?? this.#truth.monotonic();
    return untilMs - this.#bootMs - this.#asleepMs;
  }

  #set(ms: number, fire: () => void): () => void {
    const trueMs = Math.ceil(Math.max(0, ms) / this.#rate);
    const dueMs = this.#awakeMs() + trueMs;
    let taken = false;
    const look = (): void => {
      if (taken || this.#dead) return;
      if (this.#paused !== undefined) {
        this.#overdue.add(look);
        return;
      }
      const leftMs = dueMs - this.#awakeMs();
      if (leftMs > 1e-6) cancel = this.#truth.callAfter(leftMs, look);
      else fire();
    };
    let cancel = this.#truth.callAfter(trueMs, look);
    return () => {
      taken = true;
      cancel();
      this.#overdue.delete(look);
    };
  }
}
