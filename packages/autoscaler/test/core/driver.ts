import type { Decision, RunnerCommand } from "../../src/core/commands.js";
import { decide } from "../../src/core/decide.js";
import type { FleetEvent, SeenInstance } from "../../src/core/events.js";
import { Fleet } from "../../src/core/fleet.js";
import type { Phase, Runner, Statistics } from "../../src/core/model.js";
import { reduce } from "../../src/core/reduce.js";
import { defaultTimings, type Timings } from "../../src/core/settings.js";
import type { Traits } from "../../src/core/traits.js";

type WithoutTime<Event> = Event extends unknown ? Omit<Event, "at"> : never;

type LookUpAnswer = "present" | "absent";

export const noJobs: Statistics = { assigned: 0, running: 0, registered: 0, busy: 0, idle: 0 };

/** Plays the worker by hand: the test says what happens and when, and sees what is asked for. */
export class Driver {
  readonly fleet: Fleet;
  now = 1_000_000;
  /** What look-ups are answered at once, without being shown; undefined leaves them to the test. */
  lookUps: LookUpAnswer | ((name: string) => LookUpAnswer) | undefined = "present";
  /** How often statistics were asked for. */
  asked = 0;
  /** How often the queue was to be read from its oldest message. */
  restarted = 0;
  #launched = 0;

  constructor(
    limits: { min?: number; max?: number } = {},
    timings: Partial<Timings> = {},
    traits: Partial<Traits> = {},
    seed = 0,
  ) {
    this.fleet = new Fleet(
      { minRunners: limits.min ?? 0, maxRunners: limits.max ?? 10 },
      // A set steps aside only where a test is about that.
      { ...defaultTimings, asideMs: Number.POSITIVE_INFINITY, ...timings },
      { bootDeadlineMs: 120_000, observesExit: true, scope: "shared", spec: "spec-1", place: "here", ...traits },
      seed,
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
      if (this.fleet.session.state !== "held") continue;
      this.tell({ type: "session.answered", heldMs: 10_000 }).tell({ type: "poll.began" });
    }
    return this;
  }

  /** Holds the session and has seen what lives, as after a normal start. */
  hold(statistics: Partial<Statistics> = {}, instances: readonly SeenInstance[] = []): this {
    this.tell({ type: "session.opened", scaleSetId: 1, statistics: { ...noJobs, ...statistics } });
    return this.inventory(instances);
  }

  inventory(instances: readonly SeenInstance[]): this {
    return this.tell({ type: "inventory", place: "here", begunAt: this.now, instances });
  }

  limit(minRunners: number, maxRunners: number): this {
    return this.tell({ type: "limits.changed", minRunners, maxRunners });
  }

  /** Of a limit that several sets share. */
  share(share: number | undefined): this {
    return this.tell({ type: "share.changed", share });
  }

  /** A reading that is believed at once: its poll was held. */
  reading(statistics: Partial<Statistics>): this {
    this.pass(6_000);
    return this.tell({ type: "message", redelivered: false, statistics: { ...noJobs, ...statistics }, jobs: [] });
  }

  /** Look-ups that are due are asked and answered; nothing else is done. */
  lookUp(): this {
    for (const { command, rule } of this.look().commands) {
      if (command.type !== "look-up") continue;
      this.tell({ type: "command.issued", name: command.name, command: "look-up", rule });
      this.tell({ type: "look-up.done", name: command.name, answer: this.#lookUpAnswer(command.name) });
    }
    return this;
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

  /** Every reason that a decision gives now, in one text. */
  why(): string {
    const { commands, reasons } = this.look();
    return [...commands, ...reasons].map(({ rule, reason }) => `${rule}: ${reason}`).join("\n");
  }

  /** Decides and has every command begun, as the worker does. Answers the commands, launches as creates. */
  act(): RunnerCommand[] {
    const begun: RunnerCommand[] = [];
    for (const { command, rule } of this.look().commands) {
      if (command.type === "restart-cursor") {
        this.restarted += 1;
        this.tell({ type: "cursor.restarted" });
        continue;
      }
      if (command.type === "read-statistics") {
        this.asked += 1;
        this.tell({ type: "statistics.asked" });
        continue;
      }
      if (command.type === "look-up" && this.lookUps !== undefined) {
        const { name } = command;
        this.tell({ type: "command.issued", name, command: "look-up", rule });
        this.tell({ type: "look-up.done", name, answer: this.#lookUpAnswer(name) });
        continue;
      }
      const count = command.type === "launch" ? command.count : 1;
      for (let each = 0; each < count; each++) {
        const one: RunnerCommand =
          command.type === "launch" ? { type: "create", name: `r${++this.#launched}` } : command;
        this.tell({ type: "command.issued", name: one.name, command: one.type, rule });
        begun.push(one);
      }
    }
    return begun;
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
    for (const { name, phase } of [...this.fleet.roster.all()]) {
      if (phase === "creating") this.tell({ type: "create.done", name });
    }
    for (let turn = 0; turn < 4; turn++) {
      for (const { type, name } of this.act()) {
        if (type === "create") this.tell({ type: "create.done", name });
        if (type === "request-jit") this.tell({ type: "jit.done", name, runnerId: Number(name.slice(1)) });
        if (type === "start") this.tell({ type: "start.done", name });
      }
    }
    return this;
  }

  #lookUpAnswer(name: string): LookUpAnswer {
    return typeof this.lookUps === "function" ? this.lookUps(name) : (this.lookUps ?? "present");
  }

  runner(name: string): Runner {
    const runner = this.fleet.roster.get(name);
    if (runner === undefined) throw new Error(`${name} is gone`);
    return runner;
  }

  phase(name: string): Phase | "gone" {
    return this.fleet.roster.get(name)?.phase ?? "gone";
  }
}

export function seen(name: string, state: SeenInstance["state"], more: Partial<SeenInstance> = {}): SeenInstance {
  return {
    name,
    state,
    own: true,
    foreignSchema: false,
    spec: "spec-1",
    ageMs: 0,
    exitCode: undefined,
    exitReason: undefined,
    ...more,
  };
}
