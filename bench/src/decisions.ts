import type { FleetEvent, OutcomeEvent } from "../../packages/autoscaler/dist/core/events.js";
import type { Fleet } from "../../packages/autoscaler/dist/core/fleet.js";
import type { CommandType } from "../../packages/autoscaler/dist/core/model.js";
import type { Figure } from "./figures.js";

export interface DecisionEffort {
  readonly rounds: number;
  /** Jobs that come, run and end in a round. */
  readonly jobs: number;
}

type OutcomeAt = OutcomeEvent & { readonly at: number };
type Core = Awaited<ReturnType<typeof loadCore>>;

/** The core is nobody's public entry: it is measured by itself all the same, since every event goes through it. */
async function loadCore() {
  const [{ Fleet }, { reduce }, { decide }, { defaultTimings }] = await Promise.all([
    import("../../packages/autoscaler/dist/core/fleet.js"),
    import("../../packages/autoscaler/dist/core/reduce.js"),
    import("../../packages/autoscaler/dist/core/decide.js"),
    import("../../packages/autoscaler/dist/core/settings.js"),
  ]);
  return { Fleet, reduce, decide, defaultTimings };
}

/**
 * What an event costs the core, taken in and decided upon: jobs come, run and end in a full fleet, each through every
 * step that a runner goes through. The bare way is the same with ten runners: more of them should cost no more.
 */
export async function benchDecisions({ rounds, jobs }: DecisionEffort): Promise<Figure[]> {
  const core = await loadCore();
  const sizes = [10, 100, 1_000, 10_000];
  const measured = new Map<number, number[]>(sizes.map((size) => [size, []]));
  for (const size of sizes) new Busy(core, size).micros(jobs);
  for (let round = 0; round < rounds; round++) {
    for (const size of sizes) measured.get(size)?.push(new Busy(core, size).micros(jobs));
  }
  const few = measured.get(10) ?? [];
  return sizes.map((size) => ({
    name: `CPU of an event taken in and decided upon, ${size.toLocaleString("en")} runners`,
    unit: "µs",
    ours: measured.get(size) ?? [],
    bare: few,
    goal: size === 10 ? undefined : 2,
    limit: 10,
  }));
}

/** A fleet whose runners all have jobs, worked by hand as its worker does. */
class Busy {
  readonly #core: Core;
  readonly #fleet: Fleet;
  readonly #size: number;
  readonly #working: string[] = [];
  readonly #outcomes: OutcomeAt[] = [];
  #now = 1_000_000;
  #events = 0;
  #named = 0;

  constructor(core: Core, size: number) {
    this.#core = core;
    this.#size = size;
    this.#fleet = new core.Fleet({ minRunners: 0, maxRunners: size + 10 }, core.defaultTimings, {
      bootDeadlineMs: 120_000,
      observesExit: true,
      scope: "host",
      spec: "spec",
      place: "place",
    });
    const none = { assigned: 0, running: 0, registered: 0, busy: 0, idle: 0 };
    this.#tell({ type: "session.opened", scaleSetId: 1, statistics: none, at: this.#now });
    this.#tell({ type: "inventory", place: "place", begunAt: this.#now, instances: [], at: this.#now });
    this.#passPoll();
    this.#message(size, []);
    for (const { name } of [...this.#fleet.roster.all()]) this.#begin(name);
    if (this.#working.length !== size) throw new Error(`${this.#working.length} of ${size} runners work`);
  }

  /** Microseconds of CPU that an event costs while so many jobs end and others come. */
  micros(jobs: number): number {
    // Twice: the second waits for what the first leaves to other threads, whose work would be counted here.
    globalThis.gc?.();
    globalThis.gc?.();
    this.#events = 0;
    const before = process.cpuUsage();
    for (let job = 0; job < jobs; job++) this.#oneJob();
    const { user, system } = process.cpuUsage(before);
    const micros = (user + system) / this.#events;
    if (this.#working.length !== this.#size) throw new Error("jobs were left behind");
    return micros;
  }

  /** The longest at work is done, its runner goes, and another one comes for the next job. */
  #oneJob(): void {
    this.#passPoll();
    const name = this.#working.shift() ?? "";
    this.#message(this.#size - 1, [{ kind: "completed", jobId: `job of ${name}`, runnerName: name }]);
    this.#tell({
      type: "instance.changed",
      at: this.#now,
      instance: {
        name,
        state: "exited",
        own: true,
        foreignSchema: false,
        spec: "spec",
        ageMs: 0,
        exitCode: 0,
        exitReason: undefined,
      },
    });
    this.#passPoll();
    this.#message(this.#size, []);
    this.#begin(`runner-${this.#named}`);
  }

  #begin(name: string): void {
    this.#message(this.#size, [{ kind: "started", jobId: `job of ${name}`, runnerName: name }]);
    this.#working.push(name);
  }

  #passPoll(): void {
    this.#now += 3_000;
    this.#tell({ type: "poll.began", at: this.#now });
    this.#now += 3_000;
    this.#tell({ type: "session.answered", heldMs: 3_000, at: this.#now });
  }

  #message(assigned: number, jobs: Extract<FleetEvent, { type: "message" }>["jobs"]): void {
    const busy = this.#working.length;
    const statistics = { assigned, running: busy, registered: busy, busy, idle: 0 };
    this.#tell({ type: "message", redelivered: false, statistics, jobs, at: this.#now });
  }

  /** Takes an event in, decides, and does what is decided until nothing more is, each step answered well. */
  #tell(event: FleetEvent): void {
    this.#takeIn(event);
    for (let next = this.#outcomes.shift(); next !== undefined; next = this.#outcomes.shift()) this.#takeIn(next);
  }

  #takeIn(event: FleetEvent): void {
    const { reduce, decide } = this.#core;
    reduce(this.#fleet, event);
    this.#events += 1;
    for (const { command, rule } of decide(this.#fleet, this.#now).commands) {
      if (command.type === "read-statistics" || command.type === "restart-cursor") continue;
      const count = command.type === "launch" ? command.count : 1;
      for (let each = 0; each < count; each++) {
        const type = command.type === "launch" ? "create" : command.type;
        const name = command.type === "launch" ? `runner-${++this.#named}` : command.name;
        // As the worker does: known as under way, and not decided upon by itself.
        reduce(this.#fleet, { type: "command.issued", name, command: type, rule, at: this.#now });
        this.#outcomes.push(outcomeOf(type, name, this.#now));
      }
    }
  }
}

function outcomeOf(type: CommandType, name: string, at: number): OutcomeAt {
  switch (type) {
    case "create":
      return { type: "create.done", name, at };
    case "request-jit":
      return { type: "jit.done", name, runnerId: 1, at };
    case "start":
      return { type: "start.done", name, at };
    case "look-up":
      return { type: "look-up.done", name, answer: "present", at };
    case "deregister":
      return { type: "deregister.done", name, answer: "absent", at };
    case "destroy":
      return { type: "destroy.done", name, at };
  }
}
