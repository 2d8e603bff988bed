import type { RunnerCommand } from "../../src/core/commands.js";
import { decide } from "../../src/core/decide.js";
import type { FleetEvent, SeenInstance } from "../../src/core/events.js";
import { Fleet } from "../../src/core/fleet.js";
import type { Statistics } from "../../src/core/model.js";
import { reduce } from "../../src/core/reduce.js";
import { may } from "../../src/core/rights.js";
import { defaultTimings } from "../../src/core/settings.js";

type WithoutTime<Event> = Event extends unknown ? Omit<Event, "at"> : never;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

export function statistics(assigned: number, running: number, idle: number): Statistics {
  return { assigned, running, busy: running, idle, registered: running + idle };
}

/** A fleet that holds a session, with a service and a backend that answer as the test says, in virtual time. */
export class Stage {
  readonly fleet: Fleet;
  now = 0;
  counts: Statistics = statistics(0, 0, 0);
  /** How the service and the backend answer; undefined: not yet. */
  answer: (command: RunnerCommand) => WithoutTime<FleetEvent> | undefined;
  /** Commands in the order in which they began: `seconds command name`. */
  readonly begun: string[] = [];
  #due: { readonly at: number; readonly event: () => WithoutTime<FleetEvent> | undefined }[] = [];

  constructor(options: { readonly minRunners: number; readonly maxRunners: number }) {
    this.fleet = new Fleet(options, defaultTimings, {
      bootDeadlineMs: 120 * SECOND,
      observesExit: true,
      scope: "host",
      spec: "spec",
      place: "place",
    });
    this.answer = (command) => this.truth(command);
  }

  truth({ type, name }: RunnerCommand): WithoutTime<FleetEvent> | undefined {
    switch (type) {
      case "create":
        return { type: "create.done", name };
      case "request-jit":
        return { type: "jit.done", name, runnerId: 1 };
      case "start":
        return { type: "start.done", name };
      case "look-up":
        return { type: "look-up.done", name, answer: "present" };
      case "deregister":
        return { type: "deregister.done", name, answer: "removed" };
      case "destroy":
        return { type: "destroy.done", name };
    }
  }

  open(scaleSetId = 1): void {
    this.tell({ type: "session.opened", scaleSetId, statistics: this.counts });
    this.tell({ type: "inventory", place: "place", begunAt: this.now, instances: this.instances() });
  }

  tell(event: WithoutTime<FleetEvent>): void {
    reduce(this.fleet, { ...event, at: this.now });
    for (let round = 0; round < 50; round++) {
      const { commands } = decide(this.fleet, this.now);
      if (commands.length === 0) return;
      for (const { command, rule } of commands) this.#issue(command, rule);
    }
    throw new Error("it spins");
  }

  /** Polls are answered and everything is listed as time passes. */
  pass(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      this.now += SECOND;
      const due = this.#due.filter(({ at }) => at <= this.now);
      this.#due = this.#due.filter(({ at }) => at > this.now);
      for (const { event } of due) {
        const told = event();
        if (told !== undefined) this.tell(told);
      }
      if (this.now % (10 * SECOND) === 0) {
        this.tell({ type: "session.answered", heldMs: 10 * SECOND });
        this.tell({ type: "poll.began" });
      }
      if (this.now % MINUTE === 0) {
        this.tell({ type: "inventory", place: "place", begunAt: this.now, instances: this.instances() });
      }
      this.tell({ type: "woke" });
    }
  }

  instances(): SeenInstance[] {
    return [...this.fleet.roster.all()].map(({ name, startedAt }) => ({
      name,
      state: startedAt === undefined ? "created" : "started",
      own: true,
      foreignSchema: false,
      spec: "spec",
      ageMs: 0,
      exitCode: undefined,
      exitReason: undefined,
    }));
  }

  #issue(command: ReturnType<typeof decide>["commands"][number]["command"], rule: string): void {
    if (command.type === "read-statistics") {
      reduce(this.fleet, { type: "statistics.asked", at: this.now });
      this.#later(() => ({ type: "statistics", statistics: this.counts }));
    } else if (command.type === "restart-cursor") {
      reduce(this.fleet, { type: "cursor.restarted", at: this.now });
    } else if (command.type === "launch") {
      for (let count = 0; count < command.count; count++) {
        this.#submit({ type: "create", name: `r${++this.#made}` }, rule);
      }
    } else this.#submit(command, rule);
  }

  #made = 0;

  #submit(command: RunnerCommand, rule: string): void {
    const { type, name } = command;
    reduce(this.fleet, { type: "command.issued", name, command: type, rule, at: this.now });
    this.#later(() => {
      if (!may(this.fleet, type, this.fleet.roster.get(name), this.now)) {
        return { type: "command.dropped", name, command: type, why: "rights" };
      }
      this.begun.push(`${this.now / SECOND} ${type} ${name}`);
      return this.answer(command);
    });
  }

  #later(event: () => WithoutTime<FleetEvent> | undefined): void {
    this.#due.push({ at: this.now + SECOND, event });
  }
}
