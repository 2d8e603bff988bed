import type { Clock, Logger, Random } from "@scaleset/client";
import type { Command, RunnerCommand } from "../core/commands.js";
import { decide } from "../core/decide.js";
import { announcedCapacity } from "../core/demand.js";
import type { FleetEvent } from "../core/events.js";
import { Fleet } from "../core/fleet.js";
import { reduce } from "../core/reduce.js";
import { holds } from "../core/rights.js";
import type { Limits, Timings } from "../core/settings.js";
import type { Backend, InstanceLabels } from "../ports/provisioner.js";
import type { ScaleSetService, ServiceHandler } from "../ports/service.js";
import { Executor } from "./executor.js";
import type { Inventory } from "./inventory.js";
import { newRunnerName } from "./labels.js";
import type { Limiter } from "./limiter.js";
import { type ScaleSetStatus, statusOf } from "./status.js";
import type { Wakeups } from "./wakeups.js";

export interface WorkerOptions {
  readonly name: string;
  readonly namePrefix: string;
  readonly limits: Limits;
  readonly timings: Timings;
  readonly labels: InstanceLabels;
  readonly service: ScaleSetService;
  readonly backend: Backend;
  readonly inventory: Inventory;
  /** Shared by all workers of the process. */
  readonly wakeups: Wakeups;
  readonly launches: Limiter;
  readonly endings: Limiter;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

type WithoutTime<Event> = Event extends unknown ? Omit<Event, "at"> : never;

/** One scale set: everything that happens goes through `#tell`, and everything that is done follows from `decide`. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #fleet: Fleet;
  readonly #executor: Executor;
  readonly #crash = new AbortController();
  #decisionDue = false;
  #ended = false;
  #lastDecision: { readonly at: number; readonly reasons: readonly string[] } | undefined;
  #trouble: string | undefined;
  #onChange = (): void => {};

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#fleet = new Fleet(options.limits, options.timings);
    this.#executor = new Executor({
      ...options,
      may: () => holds(this.#fleet, options.clock.monotonic()),
      tell: (outcome) => this.#tell(outcome),
    });
  }

  /** Works until the signal aborts; then launches under way are brought to their end, the session is closed, and runners are left. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { inventory, service, labels, wakeups } = this.#options;
    const listening = new AbortController();
    const letGo = (reason: unknown): void => {
      // Rights end before the session does: another daemon may hold it while ours is being closed.
      this.#sessionEnded();
      listening.abort(reason);
    };
    const stop = (): void => void this.#settleLaunches().then(() => letGo(signal.reason));
    const crashed = (): void => letGo(this.#crash.signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    this.#crash.signal.addEventListener("abort", crashed, { once: true });
    const unsubscribe = inventory.subscribe({
      identity: labels.identity,
      owner: labels.owner,
      tell: (event) => this.#take(event),
    });
    try {
      service.announce(announcedCapacity(this.#fleet));
      if (signal.aborted) listening.abort(signal.reason);
      await service.listen(this.#handler(), { signal: listening.signal });
      this.#crash.signal.throwIfAborted();
    } finally {
      this.#ended = true;
      signal.removeEventListener("abort", stop);
      this.#crash.signal.removeEventListener("abort", crashed);
      unsubscribe();
      wakeups.set(this.#decideNow, Number.POSITIVE_INFINITY);
      await this.#executor.stop();
    }
  }

  status(): ScaleSetStatus {
    const { name, clock, inventory } = this.#options;
    return statusOf(this.#fleet, {
      name,
      now: clock.monotonic(),
      lastDecision: this.#lastDecision,
      stopped: this.#ended,
      problems: [this.#trouble, inventory.problem].filter((problem) => problem !== undefined),
    });
  }

  #handler(): ServiceHandler {
    return {
      opened: ({ generation, scaleSetId, statistics }) => {
        this.#executor.generation = generation;
        this.#tell({ type: "session.opened", scaleSetId, statistics });
        // What lived before may have changed while nobody held the session.
        this.#options.inventory.refresh();
      },
      ended: () => this.#sessionEnded(),
      refused: (holder) => this.#tell({ type: "session.refused", holder }),
      pollBegan: () => this.#tell({ type: "poll.began" }),
      answered: ({ heldMs }) => this.#tell({ type: "session.answered", heldMs }),
      message: (message) => this.#tell({ type: "message", ...message }),
      trouble: (problem) => {
        this.#trouble = problem;
      },
    };
  }

  #sessionEnded(): void {
    this.#executor.generation = undefined;
    this.#tell({ type: "session.ended" });
  }

  #tell(event: WithoutTime<FleetEvent>): void {
    this.#take({ ...event, at: this.#options.clock.monotonic() });
  }

  /** Takes news in at once, so that a message is reduced before it is acknowledged; decides when the news is all told. */
  #take(event: FleetEvent): void {
    if (this.#crash.signal.aborted) return;
    try {
      reduce(this.#fleet, event);
    } catch (error) {
      this.#crash.abort(error);
      return;
    }
    this.#onChange();
    if (this.#decisionDue || this.#ended) return;
    this.#decisionDue = true;
    queueMicrotask(this.#decideNow);
  }

  readonly #decideNow = (): void => {
    this.#decisionDue = false;
    if (this.#ended || this.#crash.signal.aborted) return;
    try {
      this.#decide();
    } catch (error) {
      this.#crash.abort(error);
    }
  };

  #decide(): void {
    const { clock, wakeups, service, logger } = this.#options;
    const decision = decide(this.#fleet, clock.monotonic());
    const reasons = [...decision.commands.map(({ reason }) => reason), ...decision.reasons];
    this.#lastDecision = { at: clock.now(), reasons };
    for (const { command, reason } of decision.commands) {
      if (command.type === "launch") logger.info({}, reason);
      else logger.debug({ runner: command.name, command: command.type }, reason);
      this.#issue(command);
    }
    service.announce(announcedCapacity(this.#fleet));
    wakeups.set(this.#decideNow, decision.wakeAt);
  }

  #issue(command: Command): void {
    if (command.type !== "launch") {
      this.#submit(command);
      return;
    }
    for (let count = 0; count < command.count; count++) {
      this.#submit({ type: "create", name: newRunnerName(this.#options.namePrefix, this.#options.random) });
    }
  }

  #submit(command: RunnerCommand): void {
    // Known as under way before it is, so that no later decision asks for it again.
    const at = this.#options.clock.monotonic();
    reduce(this.#fleet, { type: "command.issued", name: command.name, command: command.type, at });
    this.#executor.submit(command);
  }

  /** Resolves once every launch has come to its end, or enough time has passed. */
  async #settleLaunches(): Promise<void> {
    this.#tell({ type: "stopping" });
    using grace = this.#options.clock.deadline(this.#options.timings.stopGraceMs);
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const underWay = this.#fleet.count("creating") + this.#fleet.count("registered") + this.#ownCreated();
        const may = this.#fleet.session.state === "held" && !this.#crash.signal.aborted;
        if (underWay === 0 || !may || grace.signal.aborted) resolve();
      };
      this.#onChange = look;
      grace.signal.addEventListener("abort", look, { once: true });
      look();
    });
    this.#onChange = () => {};
  }

  #ownCreated(): number {
    let count = 0;
    if (this.#fleet.count("created") > 0) {
      for (const runner of this.#fleet.runners()) if (runner.phase === "created" && !runner.adopted) count += 1;
    }
    return count;
  }
}
