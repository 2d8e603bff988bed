import { Aside } from "./aside.js";
import { Asking } from "./asking.js";
import { Breaker } from "./breaker.js";
import { Ceiling } from "./ceiling.js";
import { DeniedRunners } from "./denied-runners.js";
import { Foreign } from "./foreign.js";
import { Ghosts } from "./ghosts.js";
import { IndexedHeap } from "./indexed-heap.js";
import { KeptNames } from "./kept-names.js";
import { LaunchPause } from "./launch-pause.js";
import type { Reading, Runner, Session } from "./model.js";
import { Outdated } from "./outdated.js";
import { Phantom } from "./phantom.js";
import { Readings } from "./readings.js";
import { RecentEnds } from "./recent-ends.js";
import { Refill } from "./refill.js";
import { Roster } from "./roster.js";
import type { Limits, Timings } from "./settings.js";
import { Spread } from "./spread.js";
import { SurplusWindow } from "./surplus-window.js";
import type { Traits } from "./traits.js";
import { Unbacked } from "./unbacked.js";
import { UnnamedWork } from "./unnamed-work.js";
import { Verdicts } from "./verdicts.js";
import { Young } from "./young.js";

/**
 * Everything known about one scale set's runners. `reduce` alone changes it, in place: one worker owns it.
 * Whatever `decide` asks is indexed by phase and due time, so that an event costs the same in a large fleet.
 */
export class Fleet {
  limits: Limits;
  /** Most runners that a limit shared with other scale sets leaves to this one; undefined where there is none. */
  share: number | undefined;
  traits: Traits;
  readonly timings: Timings;
  readonly roster: Roster;
  readonly readings: Readings;
  readonly launchPause: LaunchPause;
  readonly surplus: SurplusWindow;
  readonly ends: RecentEnds;
  readonly breaker: Breaker;
  readonly outdated: Outdated;
  readonly verdicts: Verdicts;
  readonly refill: Refill;
  readonly phantom: Phantom;
  readonly unbacked: Unbacked;
  readonly foreign = new Foreign();
  readonly ghosts: Ghosts;
  readonly asking: Asking;
  readonly spread: Spread;
  readonly witness = new DeniedRunners();
  readonly unnamedWork = new UnnamedWork();
  readonly keptNames: KeptNames;
  /** Runners that their backend calls unfit, by when they may be asked to go. */
  readonly unfit = new IndexedHeap<Runner>();
  readonly ceiling = new Ceiling();
  readonly aside: Aside;
  /** Since when runners are made in the present place. */
  placeSince = Number.NEGATIVE_INFINITY;
  /** Runners whose place is being given back, by when it counts as free no longer. */
  readonly givingBack = new IndexedHeap<Runner>();
  readonly #givenBack = new WeakSet<Runner>();
  /** Started runners without a job, by age. */
  readonly young = new Young();
  /** Live runners to ask the service about, by when. */
  readonly lookUps = new IndexedHeap<Runner>();
  /** Runners known to work, by since when. */
  readonly working = new IndexedHeap<Runner>();
  /** Runners of which nobody told whether they work, by when they began. */
  readonly untold = new IndexedHeap<Runner>();
  session: Session = { state: "none", since: Number.NEGATIVE_INFINITY };
  /** The one that the newest session is of. */
  scaleSetId: number | undefined;
  /** When it was made, where the service tells; else long ago. */
  scaleSetMadeAt = Number.NEGATIVE_INFINITY;
  /** A command was dropped for lack of the lease, and the service has not answered since. */
  leaseMissed = false;
  stopping = false;
  /** Since when the scale set is being drained. */
  drainingSince: number | undefined;
  /** The question for statistics that is under way, and what had ended when it was asked. */
  statisticsAsked: { readonly at: number; readonly endsKnown: number } | undefined;
  /** Some statistics of this scale set counted something: only then are counts of nothing believed beside runners. */
  countsShown = false;
  /** Time of the newest statistics that counted nothing and were not believed. */
  distrustedAt = Number.NEGATIVE_INFINITY;
  /** When a message last brought a reading. */
  messageReadingAt = Number.NEGATIVE_INFINITY;
  /** An asked reading differs from what messages said: the queue may have restarted. */
  cursorSuspect = false;
  /** Last answered call of the session, and last answered poll. */
  answeredAt = Number.NEGATIVE_INFINITY;
  polledAt = Number.NEGATIVE_INFINITY;
  /** The newest answered poll of which everything was told. */
  pollToldAt = Number.NEGATIVE_INFINITY;
  /** Time of the newest reading that was compared with what is known. */
  comparedAsOf = Number.NEGATIVE_INFINITY;
  /** Begin of the newest whole list, of each place where runners of this fleet may live. */
  readonly #surveys = new Map<string, number>();
  #surveyedAt = Number.NEGATIVE_INFINITY;
  readonly totals = { launched: 0, started: 0, maxLive: 0, retired: 0, lost: 0, ghosts: 0, fastExits: 0, forced: 0 };

  /** @param seed a random number in [0, 1) that spreads questions of many fleets over time */
  constructor(limits: Limits, timings: Timings, traits: Traits, seed = 0) {
    this.spread = new Spread(seed);
    this.asking = new Asking(timings, this.spread);
    this.keptNames = new KeptNames(timings);
    this.limits = limits;
    this.timings = timings;
    this.traits = traits;
    this.roster = new Roster(traits.spec);
    this.readings = new Readings(timings);
    this.launchPause = new LaunchPause(timings);
    this.ends = new RecentEnds(timings.recentExitMs);
    this.surplus = new SurplusWindow(timings.surplusMs);
    this.breaker = new Breaker(timings);
    this.outdated = new Outdated(timings);
    this.verdicts = new Verdicts(timings);
    this.refill = new Refill(timings);
    this.phantom = new Phantom(timings);
    this.unbacked = new Unbacked(timings);
    this.ghosts = new Ghosts(timings);
    this.aside = new Aside(timings);
    this.settle(traits);
  }

  /** When everything was last listed, in every place. */
  get surveyedAt(): number {
    return this.#surveyedAt;
  }

  /** When the newest whole list of the place where runners are made was begun. */
  get listedAt(): number {
    return this.#surveys.get(this.traits.place) ?? Number.NEGATIVE_INFINITY;
  }

  surveyed(place: string, begunAt: number): void {
    const before = this.#surveys.get(place);
    if (before !== undefined) this.#survey(place, Math.max(before, begunAt));
  }

  /**
   * Whether what lives was listed since the session was opened. Places where none are made any more are waited for only
   * so long: what was known there counts all the same, and one that is gone must not stop launches for ever.
   */
  stockTaken(openedAt: number, now: number): boolean {
    for (const [place, begunAt] of this.#surveys) {
      if (begunAt >= openedAt) continue;
      if (place === this.traits.place || now < this.formerListedBy(openedAt)) return false;
    }
    return true;
  }

  /** Until when the places where none are made any more are waited for. */
  formerListedBy(openedAt: number): number {
    return openedAt + 2 * this.timings.inventoryIntervalMs;
  }

  /** Runners are made there from now on; those elsewhere are listed on. */
  settle(traits: Traits): void {
    this.traits = traits;
    if (!this.#surveys.has(traits.place)) this.#survey(traits.place, Number.NEGATIVE_INFINITY);
  }

  /** Runners may live there, though none are made there: known before the first event. */
  alsoListed(place: string): void {
    if (!this.#surveys.has(place)) this.#survey(place);
  }

  leave(place: string): void {
    if (place !== this.traits.place && this.#surveys.delete(place)) this.#survey();
  }

  #survey(place?: string, begunAt = Number.NEGATIVE_INFINITY): void {
    if (place !== undefined) this.#surveys.set(place, begunAt);
    this.#surveyedAt = Math.min(...this.#surveys.values());
  }

  /** Places where no new runners are made and none lives any more. */
  emptyPlaces(): string[] {
    if (this.#surveys.size === 1) return [];
    return [...this.#surveys].flatMap(([place, surveyedAt]) => {
      const left = place !== this.traits.place && surveyedAt > Number.NEGATIVE_INFINITY;
      return left && this.roster.countIn(place) === 0 ? [place] : [];
    });
  }

  reading(now: number): Reading | undefined {
    return this.readings.current(now);
  }

  /** Everything that takes up a place: every instance not gone, and launches under way. */
  get occupying(): number {
    return this.roster.size;
  }

  /** Those of this daemon that live, beside others' on a shared backend. */
  get ownOccupying(): number {
    let count = 0;
    for (const { own, phase } of this.roster.all()) if (own && phase !== "exited") count += 1;
    return count;
  }

  /**
   * Runners that can take one of the jobs that are assigned now, have one, or had one a moment ago. Those of a scale set
   * that went away get none of the new one's; those of a newer version count while they live. A launch above the backend's
   * ceiling counts once its instance is made, and no instance counts that waits for a pause to end.
   */
  able(now: number): number {
    const { roster, launchPause, ceiling } = this;
    return (
      roster.count("creating") -
      ceiling.trying +
      (launchPause.holdsJit(now) ? 0 : roster.count("created")) +
      roster.count("registered") +
      (roster.count("started") - roster.orphans - roster.foreignEnded) +
      roster.named("retiring") +
      roster.named("detached") +
      roster.named("abandoned") +
      this.endsSinceReading(now)
    );
  }

  /** Runners that ended without the newest reading knowing of it: the job that it still counts had one. */
  endsSinceReading(now: number): number {
    return this.ends.since(this.reading(now)?.endsKnown ?? 0, now);
  }

  /** Runners known to work: an open job names them, their job has just ended, or they run where we can't see them. */
  get knownToWork(): number {
    const { roster, foreign } = this;
    const named =
      roster.named("started") + roster.named("detached") + roster.named("abandoned") + roster.named("exited");
    return named + roster.count("finishing") + roster.count("retiring") + foreign.count;
  }

  /** Runners that the service must count by now, if all is well: past their time to come online, or with a job. */
  get mustBeOnline(): number {
    const { roster, young } = this;
    return Math.max(0, roster.count("started") - roster.foreignSchemas - young.booting - roster.orphans);
  }

  /** All that may be registered at the service. */
  get mayBeRegistered(): number {
    const { roster } = this;
    const inTransit = roster.count("registered") + roster.count("retiring") + roster.count("finishing");
    return inTransit + roster.count("detached") + roster.count("started") + roster.count("exited") - roster.orphans;
  }

  add(runner: Runner, dueAt: number): void {
    this.roster.add(runner, dueAt);
    this.totals.maxLive = Math.max(this.totals.maxLive, this.roster.size);
  }

  /** It ended, or its job did. One that was able stands for its job until a reading knows of it. */
  noteEnd(runner: Runner, at: number): void {
    if (runner.phase === "registered" || runner.phase === "started") this.ends.note(at);
  }

  remove(runner: Runner, at: number): void {
    this.#forgetStarted(runner);
    this.witness.delete(runner);
    this.givingBack.delete(runner);
    this.ceiling.settled(runner.name);
    // Not before: while it is here, its own rules remove it.
    if (runner.deniedOnly) this.keptNames.keep(runner, at);
    if (!this.verdicts.has(runner.name)) {
      this.breaker.ended(runner.name);
      this.outdated.ended(runner.name);
    }
    this.roster.remove(runner, at);
  }

  /** Puts a runner into another phase, to be looked at when due. */
  move(runner: Runner, phase: Runner["phase"], at: number, dueAt: number): void {
    if (phase !== "started") this.#forgetStarted(runner);
    if (phase === "exited" || phase === "abandoned") this.witness.delete(runner);
    if (runner.phase === "creating") this.ceiling.settled(runner.name);
    this.roster.move(runner, phase, at, dueAt);
    this.#giveBack(runner, at);
  }

  /** Once, until it works again: one that can't be removed takes up its place. */
  #giveBack(runner: Runner, at: number): void {
    const { phase } = runner;
    // A completion may have been false, and a list that missed it stale: its end is still to come.
    if (phase === "started") this.#givenBack.delete(runner);
    // Where no exit is seen, a runner keeps its place for minutes after its job.
    const ends = phase === "finishing" && this.traits.observesExit;
    if (!ends && phase !== "exited" && phase !== "abandoned") {
      this.givingBack.delete(runner);
    } else if (!this.#givenBack.has(runner)) {
      this.#givenBack.add(runner);
      this.givingBack.set(runner, at + this.timings.recentExitMs);
    }
  }

  #forgetStarted(runner: Runner): void {
    this.young.delete(runner);
    this.lookUps.delete(runner);
    this.working.delete(runner);
    this.untold.delete(runner);
    this.unfit.delete(runner);
  }
}
