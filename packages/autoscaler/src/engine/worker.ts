import type { InstanceLabels } from "@scaleset/provisioner";
import { abortable } from "@scaleset/provisioner";
import { announcedCapacity, announcedRoom, surelyMade } from "../core/capacity.js";
import type { Command, RunnerCommand } from "../core/commands.js";
import { decide } from "../core/decide.js";
import { degraded, demandOf, mostRunners, stuckPlaces } from "../core/demand.js";
import { canLetGo, isEmptied, launchesUnderWay } from "../core/drain.js";
import type { FleetEvent } from "../core/events.js";
import { Fleet } from "../core/fleet.js";
import { reduce } from "../core/reduce.js";
import { may, mayWithoutSession } from "../core/rights.js";
import type { Limits } from "../core/settings.js";
import { waitsForBackend } from "../core/stepping-aside.js";
import type { Traits } from "../core/traits.js";
import type { ServeMode, ServiceHandler, Trouble } from "../ports/service.js";
import type { CeilingClaim } from "./backend-ceiling.js";
import { Executor } from "./executor.js";
import { FailedRunners } from "./failed-runners.js";
import { HomeCeilings } from "./home-ceilings.js";
import { Homes } from "./homes.js";
import { newRunnerName } from "./labels.js";
import { Lease } from "./lease.js";
import type { Place } from "./place.js";
import { lastLines, logCommand, logStillBusy } from "./runner-log.js";
import { type ScaleSetStatus, statusOf } from "./status.js";
import { Waiters } from "./waiters.js";
import type { SharedDemand, WorkerOptions } from "./worker-options.js";

type WithoutTime<Event> = Event extends unknown ? Omit<Event, "at"> : never;

/** One scale set: everything that happens goes through `#tell`, and everything that is done follows from `decide`. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #fleet: Fleet;
  readonly #executor: Executor;
  readonly #lease: Lease;
  readonly #crash = new AbortController();
  /** Ends questions that nothing waits for, with the worker. */
  readonly #over = new AbortController();
  readonly #homes: Homes;
  readonly #failed = new FailedRunners();
  readonly #waiters = new Waiters();
  readonly #ceilings: HomeCeilings;
  #labels: InstanceLabels;
  #decisionDue = false;
  #ended = false;
  #drained = false;
  #lastDecision: { readonly at: number; readonly reasons: readonly string[] } | undefined;
  #trouble: Trouble | undefined;
  #drift: string | undefined;
  #toldDemand = "";
  #toldLive = 0;
  #toldShare = Number.POSITIVE_INFINITY;
  #announced = 1;
  /** What the poll under way announces; 0 while there is none. */
  #polled = 0;
  #serving: ServeMode = "polling";
  #letGo = (): void => {};
  /** Ends a question's wait for the budget: it is asked at once. */
  #askAtOnce = (): void => {};

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#labels = options.labels;
    const { identity, owner } = options.labels;
    this.#homes = new Homes(options.place, options.formerPlaces ?? [], {
      identity,
      owner,
      tell: (event) => this.#take(event),
    });
    this.#fleet = new Fleet(options.limits, options.timings, this.#traits(), options.random());
    for (const { id } of options.formerPlaces ?? []) this.#fleet.alsoListed(id);
    const { clock, random, timings } = options;
    this.#lease = new Lease({ clock, random, lastsMs: timings.leaseMs, renew: (call) => this.#renew(call) });
    this.#executor = new Executor({
      ...options,
      backendOf: (name) => this.#placeOf(name).backend,
      launchesOf: (name) => options.launches(this.#placeOf(name).id),
      endingsOf: (name) => options.endings(this.#placeOf(name).id),
      labels: () => this.#labels,
      may: (command, name) => may(this.#fleet, command, this.#fleet.roster.get(name), clock.monotonic()),
      mayWithoutLease: (command, name) =>
        mayWithoutSession(this.#fleet, command, this.#fleet.roster.get(name), clock.monotonic()),
      lease: this.#lease,
      isThere: (name) => this.#fleet.roster.get(name) !== undefined,
      wantsOutput: (name) => {
        const runner = this.#fleet.roster.get(name);
        return runner?.failedToBoot === true && !runner.hadJob;
      },
      keepOutput: (name, output) => this.#keepOutput(name, output),
      tell: (outcome, command) => {
        const runner = this.#fleet.roster.get(outcome.name);
        if (runner !== undefined && outcome.type === "deregister.done" && outcome.answer === "busy")
          logStillBusy(options.logger, runner);
        const place = this.#placeOf(outcome.name);
        this.#tell(outcome);
        this.#ceilings.note(outcome, place);
        this.#observe(() => options.observer?.onCommand?.({ scaleSet: options.name, command, outcome }));
      },
    });
    this.#ceilings = new HomeCeilings(this.#homes, {
      claim: (place) => this.#ceilingClaim(place),
      changed: (most, trials) => this.#setCeiling(most, trials),
    });
  }

  /**
   * Works until the signal aborts: then launches under way are brought to their end, the session is closed, and runners
   * are left. After `drain` it ends by itself once the last runner is gone.
   */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { service, wakeups } = this.#options;
    const listening = new AbortController();
    const letGo = (reason: unknown): void => {
      // Rights end before the session does: another daemon may hold it while ours is being closed.
      this.#sessionEnded();
      listening.abort(reason);
    };
    const stop = (): void => void this.#settleLaunches().then(() => letGo(signal.reason));
    const crashed = (): void => letGo(this.#crash.signal.reason);
    this.#letGo = () => {
      this.#executor.generation = undefined;
      this.#lease.ended();
      this.#tell({ type: "session.let-go" });
      listening.abort(new Error("the scale set is drained"));
    };
    signal.addEventListener("abort", stop, { once: true });
    this.#crash.signal.addEventListener("abort", crashed, { once: true });
    this.#homes.watch();
    this.#ceilings.join();
    try {
      this.#announce(this.#options.clock.monotonic());
      if (signal.aborted) listening.abort(signal.reason);
      await service.listen(this.#handler(), { signal: listening.signal });
      this.#crash.signal.throwIfAborted();
      if (this.#fleet.session.state === "drained" && !signal.aborted) this.#drained = await this.#emptied(signal);
      this.#crash.signal.throwIfAborted();
    } finally {
      this.#ended = true;
      this.#over.abort(new Error("the worker ends"));
      this.#askAtOnce();
      signal.removeEventListener("abort", stop);
      this.#crash.signal.removeEventListener("abort", crashed);
      this.#homes.close();
      this.#ceilings.leaveAll();
      wakeups.set(this.#wake, Number.POSITIVE_INFINITY);
      await this.#executor.stop();
    }
  }

  /** Whether it ended because it was drained. */
  get drained(): boolean {
    return this.#drained;
  }

  /** More runners or fewer: raised capacity reaches the service at once, and nothing busy is ended by a lower maximum. */
  setLimits({ minRunners, maxRunners }: Limits): void {
    this.#tell({ type: "limits.changed", minRunners, maxRunners });
  }

  /** Most runners that a limit shared with other scale sets leaves to this one; undefined lifts it. */
  setShare(share: number | undefined): void {
    if (share !== this.#fleet.share) this.#tell({ type: "share.changed", share });
  }

  /** Runners are made from another spec from now on; idle ones of the old are replaced one by one. */
  setSpec({ specHash, place }: { readonly specHash: string; readonly place: Place }): void {
    this.#labels = { ...this.#labels, spec: specHash };
    this.#homes.moveTo(place);
    if (!this.#ended) this.#ceilings.join();
    this.#tell({ type: "traits.changed", traits: this.#traits() });
  }

  /** Launches at once where they pause because a launch was refused. */
  retryLaunches(): void {
    this.#tell({ type: "launches.retry" });
  }

  /** Launches nothing more, lets idle runners go, closes the session, and ends once the busy ones have ended. */
  drain(): void {
    this.#tell({ type: "drain" });
  }

  /** What it wants of a shared limit. One that stands by launches nothing, so it wants nothing; others' runners are theirs. */
  demand(): SharedDemand {
    const fleet = this.#fleet;
    const now = this.#options.clock.monotonic();
    const reserved = fleet.aside.reserves(now) ? 1 : 0;
    if (fleet.session.state === "standby") {
      return { wanted: reserved, live: fleet.ownOccupying, promised: 0, full: false };
    }
    const { assigned } = demandOf(fleet, now);
    const { occupying, limits } = fleet;
    // Aside it launches one at most, to try.
    if (fleet.aside.serving !== "polling") {
      const tries = reserved > 0 || fleet.aside.state.kind === "trial";
      return { wanted: tries ? stuckPlaces(fleet) + 1 : 0, live: occupying, promised: 0, full: false };
    }
    // While its launches come to nothing, others have the room that it could not use.
    const most = degraded(fleet) ? occupying + 1 : Number.POSITIVE_INFINITY;
    const useful = Math.max(reserved, limits.minRunners + assigned);
    const wanted = useful === 0 ? 0 : Math.min(stuckPlaces(fleet) + useful, Math.max(reserved, most));
    // One job may always be accepted: that takes no place from another set.
    const promised = this.#polled > 1 ? this.#polled - fleet.foreign.count : 0;
    return { wanted, live: occupying, promised, full: assigned > 0 && assigned >= this.#announced };
  }

  /** Whether it stepped aside for want of a shared place, and comes back once one is free. */
  get waitsForPlace(): boolean {
    const { state } = this.#fleet.aside;
    return state.kind === "aside" && state.ticketFrom !== undefined;
  }

  #ceilingClaim(place: string): CeilingClaim {
    const fleet = this.#fleet;
    const { roster, ceiling, traits } = fleet;
    const live = roster.countIn(place);
    const none = { wanted: 0, promised: 0, full: false };
    const { wanted, promised, full } = place === traits.place ? this.demand() : none;
    const max = place === traits.place ? mostRunners(fleet) : 0;
    const weight = this.#options.priority?.() ?? 1;
    return {
      wanted: Math.min(wanted, max),
      live,
      // Runners elsewhere keep their part of it.
      promised: promised - (roster.size - live),
      made: surelyMade(fleet, place),
      trying: ceiling.trying,
      full,
      max,
      weight,
    };
  }

  #setCeiling(most: number | undefined, trials: number): void {
    const { ceiling } = this.#fleet;
    if (most !== ceiling.most || trials !== ceiling.trials) this.#tell({ type: "ceiling.changed", most, trials });
  }

  status(): ScaleSetStatus {
    const { name, clock } = this.#options;
    return statusOf(this.#fleet, {
      name,
      now: clock.monotonic(),
      lastDecision: this.#lastDecision,
      stopped: this.#ended,
      trouble: this.#trouble,
      drift: this.#drift,
      inventory: this.#homes.problems(),
      failedRunners: this.#failed.newest,
    });
  }

  #traits(): Traits {
    const { id, backend } = this.#homes.current;
    const { bootDeadlineMs, observesExit, scope } = backend.capabilities;
    return { bootDeadlineMs, observesExit, scope, spec: this.#labels.spec, place: id };
  }

  #placeOf(name: string): Place {
    return this.#homes.of(this.#fleet.roster.get(name)?.place);
  }

  /** Places that nothing is made in any more, and where nothing lives. */
  #leavePlaces(): void {
    for (const id of this.#fleet.emptyPlaces()) {
      const left = this.#homes.leave(id);
      this.#tell({ type: "place.left", place: id });
      if (left !== undefined) this.#options.onLeft?.(left);
    }
  }

  #handler(): ServiceHandler {
    return {
      opened: ({ generation, scaleSetId, statistics, scaleSetAgeMs, sentAt }) => {
        this.#executor.generation = generation;
        const silentMs = this.#lease.opened(sentAt);
        this.#tell({ type: "session.opened", scaleSetId, statistics, scaleSetAgeMs, silentMs });
        // What lived before may have changed while nobody held the session.
        this.#homes.refresh();
      },
      ended: () => this.#sessionEnded(),
      refused: (holder) => this.#tell({ type: "session.refused", holder }),
      pollBegan: () => {
        this.#lease.pollBegan();
        this.#polled = this.#announced;
        this.#tell({ type: "poll.began" });
      },
      answered: (answer) => {
        this.#lease.answered(answer);
        this.#tell({ type: "session.answered", heldMs: answer.heldMs });
      },
      message: (message) => {
        this.#lease.delivered();
        this.#tell({ type: "message", ...message });
      },
      drifted: (words) => {
        this.#drift = words;
      },
      trouble: (trouble) => {
        this.#trouble = trouble;
      },
    };
  }

  #sessionEnded(): void {
    this.#executor.generation = undefined;
    this.#lease.ended();
    this.#polled = 0;
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
    this.#waiters.noticed();
    if (this.#decisionDue || this.#ended) return;
    this.#decisionDue = true;
    queueMicrotask(this.#decideNow);
  }

  readonly #wake = (): void => this.#tell({ type: "woke" });

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
    const { name, clock, wakeups, logger, observer } = this.#options;
    this.#beforeFilling();
    const now = clock.monotonic();
    const decision = decide(this.#fleet, now);
    this.#observe(() => observer?.onDecision?.({ scaleSet: name, decision }));
    const reasons = [...decision.commands, ...decision.reasons].map(({ reason }) => reason);
    this.#lastDecision = { at: clock.now(), reasons };
    for (const planned of decision.commands) {
      logCommand(logger, planned, (name) => this.#fleet.roster.get(name));
      this.#issue(planned.command, planned.rule);
    }
    this.#serve();
    this.#homes.awaitBackend(waitsForBackend(this.#fleet), (place) =>
      this.#tell({ type: "backend.works-again", place }),
    );
    this.#announce(now);
    this.#tellDemand();
    this.#leavePlaces();
    wakeups.set(this.#wake, Math.min(decision.wakeAt, this.#ceilings.lookAt(now)));
    if (canLetGo(this.#fleet, now)) this.#letGo();
  }

  /** Whoever looks on must not stand in the way. */
  #observe(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#options.logger.warn({ err: error }, "the observer threw");
    }
  }

  /** Others that share a limit may be next for a place that came free. */
  #beforeFilling(): void {
    const { occupying } = this.#fleet;
    if (occupying < this.#toldLive) {
      // Also where the place is taken again at once, that is a turn.
      this.#toldDemand = "";
      this.#options.onPlaceFreed?.();
    }
    this.#toldLive = occupying;
    this.#ceilings.divide(this.#options.clock.monotonic());
  }

  #tellDemand(): void {
    this.#toldLive = this.#fleet.occupying;
    const { wanted, live, promised, full } = this.demand();
    const told = `${wanted} ${live} ${promised} ${full}`;
    if (told === this.#toldDemand) return;
    this.#toldDemand = told;
    this.#options.onDemand?.();
  }

  /** Lowered at once where what was announced can no longer be done at all, or another set waits for the place. */
  #announce(now: number): void {
    const fleet = this.#fleet;
    const capacity = announcedCapacity(fleet, now);
    const lower = capacity < this.#announced;
    const share = Math.min(fleet.share ?? Number.POSITIVE_INFINITY, fleet.ceiling.most ?? Number.POSITIVE_INFINITY);
    const fell = share < this.#toldShare;
    const lowerAtOnce = lower && (fell || announcedRoom(fleet, now) === 0);
    this.#toldShare = share;
    this.#announced = capacity;
    this.#options.service.announce(capacity, { lowerAtOnce });
  }

  #serve(): void {
    const { aside } = this.#fleet;
    if (aside.serving === this.#serving) return;
    const worked = this.#serving === "polling";
    this.#serving = aside.serving;
    if (aside.serving !== "polling") this.#polled = 0;
    if (aside.serving === "unpolled") this.#askAtOnce();
    const { state } = aside;
    const { service, logger } = this.#options;
    if (state.kind === "working") logger.info({}, "it works again: jobs are accepted");
    else if (worked) logger.error({}, `the scale set steps aside, since no runner can be started: ${state.reason}`);
    service.serve(aside.serving);
  }

  #issue(command: Command, rule: string): void {
    switch (command.type) {
      case "launch":
        for (let count = 0; count < command.count; count++) {
          this.#submit({ type: "create", name: newRunnerName(this.#options.namePrefix, this.#options.random) }, rule);
        }
        break;
      case "restart-cursor":
        this.#tell({ type: "cursor.restarted" });
        this.#options.service.restartCursor();
        break;
      case "read-statistics":
        this.#tell({ type: "statistics.asked" });
        void this.#readStatistics();
        break;
      default:
        this.#submit(command, rule);
    }
  }

  #submit(command: RunnerCommand, rule: string): void {
    // Known as under way before it is, so that no later decision asks for it again.
    const at = this.#options.clock.monotonic();
    reduce(this.#fleet, { type: "command.issued", name: command.name, command: command.type, rule, at });
    this.#executor.submit(command);
  }

  /** Never rejects. A session that is open without polls lives by its refreshes alone: those wait for no budget. */
  async #turnToAsk(): Promise<void> {
    if (this.#serving === "unpolled") return;
    const wait = new AbortController();
    this.#askAtOnce = () => wait.abort();
    await this.#options.asks?.take({ signal: wait.signal }).catch(() => {});
    this.#askAtOnce = () => {};
  }

  /** Never rejects: without an answer there is no reading, and another is asked for later. */
  async #readStatistics(): Promise<void> {
    const { clock, service, timings, logger } = this.#options;
    try {
      await this.#turnToAsk();
      using deadline = clock.deadline(timings.provisionerStepDeadlineMs, { signal: this.#over.signal });
      const statistics = await abortable(service.readStatistics({ signal: deadline.signal }), deadline.signal);
      this.#tell({ type: "statistics", statistics });
    } catch (error) {
      logger.debug({ err: error }, "the statistics of the scale set could not be read");
      this.#tell({ type: "statistics", statistics: undefined });
    }
  }

  /** For the lease: what the service counts comes with it. */
  async #renew({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const asked = { at: this.#options.clock.monotonic(), endsKnown: this.#fleet.ends.total };
    const statistics = await this.#options.service.renew({ signal });
    if (statistics !== undefined && !signal.aborted) this.#tell({ type: "session.renewed", statistics, asked });
  }

  #keepOutput(name: string, output: string): void {
    const exit = this.#fleet.roster.get(name)?.exit;
    this.#failed.add({ name, at: this.#options.clock.now(), exitCode: exit?.code, reason: exit?.reason, output });
    const record = { runner: name, exitCode: exit?.code, reason: exit?.reason, output: lastLines(output) };
    this.#options.logger.warn(record, `${name} did not come up`);
  }

  /** Resolves with true once no runner is left, with false when it is stopped before. */
  async #emptied(signal: AbortSignal): Promise<boolean> {
    const crash = this.#crash.signal;
    const isOver = (): boolean => isEmptied(this.#fleet) || signal.aborted || crash.aborted;
    await this.#waiters.until(isOver, [signal, crash]);
    const left = [...this.#fleet.roster.all()].filter(({ own, foreignSchema }) => own && !foreignSchema);
    if (left.length > 0 && isEmptied(this.#fleet)) {
      const runners = left.map(({ name }) => name);
      this.#options.logger.warn(
        { runners },
        "drained; runners that the service does not know are left until they exit",
      );
    }
    return isEmptied(this.#fleet);
  }

  /** Resolves once every launch has come to its end, or enough time has passed. */
  async #settleLaunches(): Promise<void> {
    this.#tell({ type: "stopping" });
    using grace = this.#options.clock.deadline(this.#options.timings.stopGraceMs);
    const crash = this.#crash.signal;
    const isOver = (): boolean => {
      const mayGoOn = this.#fleet.session.state === "held" && !crash.aborted && !grace.signal.aborted;
      return launchesUnderWay(this.#fleet) === 0 || !mayGoOn;
    };
    await this.#waiters.until(isOver, [grace.signal, crash]);
  }
}
