import type { Decision, RunnerCommand } from "../../src/core/commands.js";
import { decide } from "../../src/core/decide.js";
import type { FleetEvent, SeenInstance } from "../../src/core/events.js";
import { Fleet } from "../../src/core/fleet.js";
import type { Phase, Runner, Statistics } from "../../src/core/model.js";
import { reduce } from "../../src/core/reduce.js";
import { defaultTimings, type Timings } from "../../src/core/settings.js";

type WithoutTime<Event> = Event extends unknown ? Omit<Event, "at"> : never;

export const noJobs: Statistics = { assigned: 0, running: 0, registered: 0, busy: 0, idle: 0 };

/** Plays the worker by hand: the test says what happens and when, and sees what is asked for. */
export class Driver {
  readonly fleet: Fleet;
  now = 1_000_000;
  #launched = 0;

  constructor(limits: { min?: number; max?: number } = {}, timings: Partial<Timings> = {}) {
    this.fleet = new Fleet(
      { minRunners: limits.min ?? 0, maxRunners: limits.max ?? 10 },
      { ...defaultTimings, ...timings },
    );
  }

  tell(event: WithoutTime<FleetEvent>): this {
    reduce(this.fleet, { ...event, at: this.now });
    return this;
  }

  /** Time passes; the service goes on answering polls, so the lease stands. */
  pass(ms: number): this {
    for (let left = ms; left > 0; left -= 10_000) {
      this.now += Math.min(left, 10_000);
      if (this.fleet.session.state === "held") this.tell({ type: "session.answered", heldMs: 10_000 });
    }
    return this;
  }

  /** Holds the session and has seen what lives, as after a normal start. */
  hold(statistics: Partial<Statistics> = {}, instances: readonly SeenInstance[] = []): this {
    this.tell({ type: "session.opened", scaleSetId: 1, statistics: { ...noJobs, ...statistics } });
    return this.inventory(instances);
  }

  inventory(instances: readonly SeenInstance[]): this {
    return this.tell({ type: "inventory", begunAt: this.now, instances });
  }

  /** A reading that is believed at once: its poll was held. */
  reading(statistics: Partial<Statistics>): this {
    this.pass(6_000);
    return this.tell({ type: "message", redelivered: false, statistics: { ...noJobs, ...statistics }, jobs: [] });
  }

  started(runnerName: string, jobId = "job-1"): this {
    return this.job("started", runnerName, jobId);
  }

  completed(runnerName: string, jobId = "job-1"): this {
    return this.job("completed", runnerName, jobId);
  }

  job(kind: "assigned" | "started" | "completed", runnerName: string, jobId: string): this {
    const jobs = [{ kind, jobId, runnerName }];
    return this.tell({ type: "message", redelivered: false, statistics: undefined, jobs });
  }

  look(): Decision {
    return decide(this.fleet, this.now);
  }

  /** Decides and has every command begun, as the worker does. Answers the commands, launches as creates. */
  act(): RunnerCommand[] {
    const commands = this.look().commands.flatMap(({ command }): RunnerCommand[] =>
      command.type === "launch"
        ? Array.from({ length: command.count }, () => ({ type: "create", name: `r${++this.#launched}` }))
        : [command],
    );
    for (const { type, name } of commands) this.tell({ type: "command.issued", name, command: type });
    return commands;
  }

  /** What `act` would do, in short: `create r1`. */
  actions(): string[] {
    return this.act().map(({ type, name }) => `${type} ${name}`);
  }

  /** Time passes second by second, with a decision in each, until something is asked for. Answers how long that took. */
  untilAction(limitMs: number): { readonly actions: string[]; readonly afterMs: number } {
    for (let afterMs = 0; afterMs <= limitMs; afterMs += 1_000) {
      const actions = this.actions();
      if (actions.length > 0) return { actions, afterMs };
      this.pass(1_000);
    }
    return { actions: [], afterMs: limitMs };
  }

  /** Takes everything that is wanted to a started runner, with every step answered well. */
  launchAll(): this {
    for (let turn = 0; turn < 4; turn++) {
      for (const { type, name } of this.act()) {
        if (type === "create") this.tell({ type: "create.done", name });
        if (type === "request-jit") this.tell({ type: "jit.done", name, runnerId: Number(name.slice(1)) });
        if (type === "start") this.tell({ type: "start.done", name });
      }
    }
    return this;
  }

  runner(name: string): Runner {
    const runner = this.fleet.get(name);
    if (runner === undefined) throw new Error(`${name} is gone`);
    return runner;
  }

  phase(name: string): Phase | "gone" {
    return this.fleet.get(name)?.phase ?? "gone";
  }
}

export function seen(name: string, state: SeenInstance["state"], more: Partial<SeenInstance> = {}): SeenInstance {
  return {
    name,
    state,
    own: true,
    foreignSchema: false,
    ageMs: 0,
    exitCode: undefined,
    exitReason: undefined,
    ...more,
  };
}
