import type { Journal } from "../journal/journal.js";
import type { Random } from "../time/random.js";
import { TimerQueue } from "../time/timer-queue.js";
import type { Context } from "./context.js";
import { takeJobs } from "./jobs.js";
import type { ChangeableRules, ServiceOptions } from "./options.js";
import { makeMessages } from "./queue.js";
import { Retired } from "./retired.js";
import { matchRunners } from "./runs.js";
import { emptyState, type ScaleSetRow, type State } from "./state.js";
import { Tokens } from "./tokens.js";

/**
 * State and rules of the service. Everything happens in steps: an action, then what follows from it (jobs are
 * assigned, runners are told, messages are made), then whoever watches is woken. It never waits: whoever owns it calls
 * `advance` when `dueAtMs` has come.
 */
export class Service {
  readonly tokens: Tokens;
  readonly #context: Context;
  #rules: ServiceOptions;
  readonly #watchers = new Map<object, Set<() => void>>();
  readonly #listeners = new Set<() => void>();

  constructor(options: {
    readonly rules: ServiceOptions;
    readonly journal: Journal;
    readonly now: () => number;
    readonly random: Random;
    readonly peerTime?: ((atMs: number) => number) | undefined;
  }) {
    const { now, random, journal, peerTime } = options;
    this.tokens = new Tokens({ now, random, peerTime });
    this.#rules = options.rules;
    const rules = (): ServiceOptions => this.#rules;
    const state = emptyState();
    const { tokens } = this;
    this.#context = {
      state,
      get options() {
        return rules();
      },
      retired: {
        jobs: new Retired(options.rules.endedJobsKept, ({ id }) => state.jobs.delete(id)),
        // The last pieces of a log come after its job has ended.
        attempts: new Retired(options.rules.goneKept, (jobId) => tokens.forget(jobId)),
        runners: new Retired(options.rules.goneKept, ({ clientId }) => {
          state.runnersByClientId.delete(clientId);
          tokens.forget(clientId);
        }),
        sessions: new Retired(options.rules.goneKept, ({ id }) => {
          state.sessions.delete(id);
          tokens.forget(id);
        }),
      },
      journal,
      timers: new TimerQueue(),
      random,
      now,
      touched: new Set(),
      woken: new Set(),
    };
  }

  get state(): State {
    return this.#context.state;
  }

  get options(): ServiceOptions {
    return this.#rules;
  }

  /** Other rules from now on; what was begun under the old ones ends as it would have. */
  changeRules(changed: Partial<ChangeableRules>): void {
    this.step(({ journal }) => {
      this.#rules = { ...this.#rules, ...changed };
      const cause = Object.entries(changed).map(([name, value]) => `${name} = ${JSON.stringify(value) ?? "none"}`);
      journal.record({ subject: "service", event: "rules-changed", cause: cause.join(", ") });
    });
  }

  /** Does one thing, and all that follows from it. What was due before comes first. */
  step<T>(action: (context: Context) => T): T {
    this.advance();
    try {
      return action(this.#context);
    } finally {
      this.#follow();
    }
  }

  /** Reads through the rules' own look-ups; changes nothing, and nothing follows. */
  lookup<T>(read: (context: Context) => T): T {
    return read(this.#context);
  }

  /** Does everything that is due by now. */
  advance(): void {
    for (;;) {
      const due = this.#context.timers.takeDue(this.#context.now());
      if (due === undefined) return;
      due.fire();
      this.#follow();
    }
  }

  /** When something is due next. @unit milliseconds since the epoch */
  dueAtMs(): number | undefined {
    return this.#context.timers.first()?.atMs;
  }

  /** Calls `wake` after every step that concerned this scale set or runner, until the answered function is called. */
  watch(row: object, wake: () => void): () => void {
    const watchers = this.#watchers.get(row) ?? new Set();
    this.#watchers.set(row, watchers.add(wake));
    return () => {
      watchers.delete(wake);
      if (watchers.size === 0 && this.#watchers.get(row) === watchers) this.#watchers.delete(row);
    };
  }

  /** Calls `listener` after every step. */
  onStep(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #follow(): void {
    const context = this.#context;
    const changed = new Set<ScaleSetRow>();
    for (const set of context.touched) {
      context.touched.delete(set);
      changed.add(set);
      if (set.deleted) continue;
      takeJobs(context, set);
      matchRunners(context, set);
    }
    for (const set of changed) {
      if (!set.deleted) makeMessages(context, set);
      context.woken.add(set);
    }
    const woken = [...context.woken];
    context.woken.clear();
    for (const row of woken) {
      for (const wake of [...(this.#watchers.get(row) ?? [])]) wake();
    }
    for (const listener of [...this.#listeners]) listener();
  }
}
