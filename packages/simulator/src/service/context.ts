import type { Journal } from "../journal/journal.js";
import { type Random, randomUuid } from "../time/random.js";
import type { TimerQueue } from "../time/timer-queue.js";
import type { ServiceOptions } from "./options.js";
import type { Retired } from "./retired.js";
import type { JobRow, RunnerRow, ScaleSetRow, SessionRow, State } from "./state.js";

/** What every rule of the service works with. Nothing in it waits: time comes in by `now`, and goes on by `timers`. */
export interface Context {
  readonly state: State;
  /** The rules at this moment. */
  readonly options: ServiceOptions;
  readonly journal: Journal;
  readonly timers: TimerQueue;
  readonly random: Random;
  now(): number;
  /** What is over, and how much of it is still known. */
  readonly retired: {
    readonly jobs: Retired<JobRow>;
    /** Ids of attempts. */
    readonly attempts: Retired<string>;
    readonly runners: Retired<RunnerRow>;
    readonly sessions: Retired<SessionRow>;
  };
  /** Scale sets that may take jobs or have something to say. They are looked at when the step is over. */
  readonly touched: Set<ScaleSetRow>;
  /** Scale sets and runners whose held polls should look again. */
  readonly woken: Set<object>;
}

export function nextId(context: Context): number {
  context.state.nextId += 1;
  return context.state.nextId;
}

export function uuid(context: Context): string {
  return randomUuid(context.random);
}

/** Calls `fire` once, `ms` from now, as a step of its own; answers how to take it back. */
export function after(context: Context, ms: number, fire: () => void): () => void {
  return context.timers.add(context.now() + ms, fire);
}

/** A timer that is not set. */
export const noTimer = (): void => undefined;
