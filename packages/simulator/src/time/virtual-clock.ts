import { type Clock, waitsOver } from "./clock.js";
import { TimerQueue } from "./timer-queue.js";

/** Something that waits on a virtual clock, as `VirtualClock.pending` shows it. */
export interface PendingTimer {
  /** When it fires, by the clock itself (skewed views differ). @unit milliseconds since the epoch */
  readonly atMs: number;
}

/** How long `runUntil` goes on. */
export interface RunLimits {
  /** Virtual time after which it gives up. @unit milliseconds @default 30 days */
  readonly limitMs?: number | undefined;
}

const dayMs = 86_400_000;

/** Turns of the event loop without a timer set or taken back, after which nothing more is expected to happen. */
const quietTurns = 2;

/**
 * A clock that stands still until it is driven. `runFor` and `runUntil` let everything that can happen now happen,
 * and only then jump to the next timer. Timers due at the same time fire one by one, in the order they were set, and
 * what each of them causes is over before the next one fires; so one seed gives one order of events.
 */
export class VirtualClock implements Clock {
  readonly sleep: Clock["sleep"];
  readonly deadline: Clock["deadline"];
  readonly #startMs: number;
  readonly #timers = new TimerQueue();
  #nowMs: number;
  #activity = 0;
  #driving = false;

  /** @param options.startMs Where time starts. @unit milliseconds since the epoch @default 2030-01-01T00:00:00Z */
  constructor(options: { readonly startMs?: number | undefined } = {}) {
    this.#startMs = options.startMs ?? Date.UTC(2030, 0, 1);
    this.#nowMs = this.#startMs;
    const waits = waitsOver((ms, fire) => this.#set(ms, fire));
    this.sleep = waits.sleep;
    this.deadline = waits.deadline;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs - this.#startMs;
  }

  uptime(): number {
    return this.monotonic();
  }

  /** The same time as someone sees it whose clock is `offsetMs` ahead (or behind, if negative). Waits are unchanged. */
  skewed(offsetMs: number): Clock {
    return {
      now: () => this.#nowMs + offsetMs,
      monotonic: () => this.monotonic(),
      uptime: () => this.monotonic(),
      sleep: this.sleep,
      deadline: this.deadline,
    };
  }

  /** Calls `fire` once after `ms`, unless the returned function is called before. */
  callAfter(ms: number, fire: () => void): () => void {
    return this.#set(ms, fire);
  }

  /** What waits at present, earliest first. */
  pending(): PendingTimer[] {
    return this.#timers.inOrder().map(({ atMs }) => ({ atMs }));
  }

  /** Lets everything happen that can happen without time passing. */
  async drain(): Promise<void> {
    for (let quiet = 0, seen = this.#activity; quiet < quietTurns; ) {
      // The one place that waits for the machine: a turn of the event loop, after all microtasks.
      await new Promise<void>((resolve) => setImmediate(resolve));
      quiet = seen === this.#activity ? quiet + 1 : 0;
      seen = this.#activity;
    }
  }

  /** Lets `ms` of virtual time pass, with all that happens in it. */
  async runFor(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.#drive(() => false, endMs);
    this.#nowMs = Math.max(this.#nowMs, endMs);
    await this.drain();
  }

  /**
   * Lets time pass until `condition` holds; it is looked at after each timer and all that came of it.
   * @throws Error when nothing waits any more, or when `limitMs` have passed, and the condition still does not hold.
   */
  async runUntil(condition: () => boolean, { limitMs = 30 * dayMs }: RunLimits = {}): Promise<void> {
    const startMs = this.#nowMs;
    if (await this.#drive(condition, startMs + limitMs)) return;
    const why = this.#timers.size === 0 ? "nothing waits on the clock any more" : `${limitMs} ms have passed`;
    throw new Error(`the condition does not hold, and ${why} (virtual time ${new Date(this.#nowMs).toISOString()})`);
  }

  /** Drives the clock until `promise` is settled, and answers as it does. */
  async runUntilSettled<T>(promise: Promise<T>, limits: RunLimits = {}): Promise<T> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    promise.then(done, done);
    await this.runUntil(() => settled, limits);
    return promise;
  }

  async #drive(condition: () => boolean, endMs: number): Promise<boolean> {
    if (this.#driving) throw new Error("this clock is being driven already: only one driver at a time");
    this.#driving = true;
    try {
      await this.drain();
      while (!condition()) {
        const next = this.#timers.takeDue(endMs);
        if (next === undefined) return false;
        this.#nowMs = Math.max(this.#nowMs, next.atMs);
        next.fire();
        await this.drain();
      }
      return true;
    } finally {
      this.#driving = false;
    }
  }

  #set(ms: number, fire: () => void): () => void {
    this.#activity++;
    const cancel = this.#timers.add(this.#nowMs + Math.max(0, ms), fire);
    return () => {
      this.#activity++;
      cancel();
    };
  }
}
