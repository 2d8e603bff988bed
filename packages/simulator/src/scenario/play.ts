import { setMaxListeners } from "node:events";
import type { CheckName, Violation } from "../conformance/check.js";
import { ConformanceChecker } from "../conformance/checker.js";
import type { Summary } from "../control/views.js";
import type { Clock } from "../time/clock.js";
import { seededRandom } from "../time/random.js";
import type { ScenarioPort } from "./port.js";
import type { Scenario, ScenarioEvent } from "./schema.js";
import { type Arrival, arrivalsOf } from "./workload.js";

/** How a scenario is played. */
export interface PlayOptions {
  /** Arrivals, faults, events and jobs go so many times faster; the service's own waits and the scenario's patience stay, since clients have clocks of their own. @default 1 */
  readonly speed?: number | undefined;
  /** Ends it early; what was found by then is answered. */
  readonly signal?: AbortSignal | undefined;
  /** Told once the first client polls, and the scenario begins. */
  readonly onBegin?: (() => void) | undefined;
}

/** What became of a scenario. */
export interface ScenarioReport {
  readonly scenario: string;
  /** Whether a client came at all: without one nothing was shown. */
  readonly begun: boolean;
  /** A client came, the run was not ended early, no job ran twice, and no check failed. */
  readonly passed: boolean;
  readonly summary: Summary;
  readonly violations: readonly Violation[];
  /** How often each check failed. */
  readonly counts: Readonly<Partial<Record<CheckName, number>>>;
  /** Faults and events that took effect. */
  readonly struck: number;
  /** From the first poll to the end. @unit milliseconds */
  readonly tookMs: number;
}

/** How long things may take to come to rest after the last job. @unit milliseconds */
const settleMs = 300_000;
/** How often it is looked whether all is at rest. @unit milliseconds */
const lookEveryMs = 1_000;

/**
 * Plays a scenario at a simulator: waits for the first poll of a client, then lets jobs arrive and things go wrong,
 * waits until the jobs have ended and things are at rest, and tells what an autoscaler did wrong. The simulator is the
 * scenario's own: its faults are cleared at the end.
 */
export async function playScenario(
  simulator: ScenarioPort,
  scenario: Scenario,
  { clock, speed = 1, signal, onBegin }: PlayOptions & { readonly clock: Clock },
): Promise<ScenarioReport> {
  if (!(speed > 0)) throw new RangeError("speed must be above 0");
  const checker = new ConformanceChecker({ allow: scenario.allow as CheckName[] });
  const unsubscribe = simulator.journal.subscribe((entry) => checker.take(entry));
  const over = new AbortController();
  // Every event and every cancellation waits on it.
  setMaxListeners(0, over.signal);
  const end = (): void => over.abort(new Error("the scenario is over"));
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted) end();
  const run = new ScenarioRun(simulator, scenario, { clock, speed, signal: over.signal });
  let begun = false;
  let begunMs = clock.monotonic();
  let early = false;
  try {
    run.prepare();
    await simulator.when(() => simulator.state().scaleSets.some((set) => set.session?.capacity !== undefined), {
      signal: over.signal,
    });
    begun = true;
    begunMs = clock.monotonic();
    onBegin?.();
    await run.play();
    await run.rest(settleMs);
  } catch (error) {
    if (!over.signal.aborted) throw error;
    early = true;
  } finally {
    end();
    signal?.removeEventListener("abort", end);
    await run.ended();
    simulator.faults.clear();
    simulator.misbehaveRunners([]);
    unsubscribe();
  }
  const summary = simulator.summary();
  const violations = early ? checker.violations : checker.finish(clock.now(), { jobsLeft: summary.open });
  return {
    scenario: scenario.name,
    begun,
    passed: begun && !early && violations.length === 0 && summary.twice === 0,
    summary,
    violations,
    counts: Object.fromEntries(checker.counts),
    struck: run.struck,
    tookMs: begun ? clock.monotonic() - begunMs : 0,
  };
}

class ScenarioRun {
  readonly #simulator: ScenarioPort;
  readonly #scenario: Scenario;
  readonly #clock: Clock;
  readonly #speed: number;
  readonly #signal: AbortSignal;
  readonly #arrivals: readonly Arrival[];
  readonly #aside = new Set<Promise<void>>();
  #events = 0;
  #faults = 0;

  constructor(
    simulator: ScenarioPort,
    scenario: Scenario,
    options: { clock: Clock; speed: number; signal: AbortSignal },
  ) {
    this.#simulator = simulator;
    this.#scenario = scenario;
    this.#clock = options.clock;
    this.#speed = options.speed;
    this.#signal = options.signal;
    this.#arrivals = arrivalsOf(scenario.jobs, seededRandom(`${scenario.name}:${scenario.seed}`));
  }

  get struck(): number {
    return this.#events + this.#faults;
  }

  /** What has to be in force before anybody comes: how runners behave. */
  prepare(): void {
    this.#simulator.misbehaveRunners(this.#scenario.runners, seededRandom(`${this.#scenario.name}:runners`));
  }

  /** Lets everything go wrong, and waits until it is over and the jobs have ended, or patience has. */
  async play(): Promise<void> {
    const { faults, events, lasts, patience } = this.#scenario;
    const unsubscribe = this.#simulator.journal.subscribe(({ subject }) => {
      if (subject === "fault") this.#faults += 1;
    });
    try {
      for (const fault of faults) {
        this.#simulator.faults.add({
          ...fault,
          afterMs: fault.afterMs && fault.afterMs / this.#speed,
          forMs: fault.forMs && fault.forMs / this.#speed,
        });
      }
      for (const event of events) this.#begin(this.#happen(event));
      this.#begin(this.#arrive());
      await this.#sleep(lasts);
      this.#simulator.faults.clear();
      const untilMs = this.#clock.monotonic() + patience;
      while (this.#clock.monotonic() < untilMs && !this.#finished())
        await this.#clock.sleep(lookEveryMs, { signal: this.#signal });
    } finally {
      unsubscribe();
    }
  }

  /** Waits until nothing is left that a good autoscaler clears away, or `limitMs` have passed. */
  async rest(limitMs: number): Promise<void> {
    const untilMs = this.#clock.monotonic() + limitMs;
    while (this.#clock.monotonic() < untilMs && this.#simulator.summary().leaked > 0) {
      await this.#clock.sleep(lookEveryMs, { signal: this.#signal });
    }
  }

  /** Resolves when nothing of it runs any more; the signal has aborted by then. */
  async ended(): Promise<void> {
    await Promise.all(this.#aside);
  }

  #begin(work: Promise<void>): void {
    const quiet = work.catch((error: unknown) => {
      if (!this.#signal.aborted) throw error;
    });
    this.#aside.add(quiet);
  }

  #finished(): boolean {
    const { queued, open } = this.#simulator.summary();
    return queued >= this.#arrivals.length && open === 0;
  }

  async #sleep(ms: number): Promise<void> {
    await this.#clock.sleep(ms / this.#speed, { signal: this.#signal });
  }

  async #arrive(): Promise<void> {
    const startMs = this.#clock.monotonic();
    for (const arrival of this.#arrivals) {
      const waitMs = startMs + arrival.atMs / this.#speed - this.#clock.monotonic();
      if (waitMs > 0) await this.#clock.sleep(waitMs, { signal: this.#signal });
      const { runsOn, scaleSet } = arrival.workload;
      const job = this.#simulator.queueJob({
        ...(runsOn === undefined && scaleSet === undefined ? { anywhere: true } : { runsOn, scaleSet }),
        durationMs: arrival.durationMs / this.#speed,
        result: arrival.fails ? "failed" : "succeeded",
      });
      if (arrival.cancelAfterMs !== undefined) this.#begin(this.#cancel(job.id, arrival.cancelAfterMs));
    }
  }

  async #cancel(id: number, afterMs: number): Promise<void> {
    await this.#sleep(afterMs);
    this.#simulator.cancelJob(id);
  }

  async #happen(event: ScenarioEvent): Promise<void> {
    const { at, every, times = every === undefined ? 1 : Number.POSITIVE_INFINITY } = event;
    await this.#sleep(at);
    for (let time = 1; ; time++) {
      this.#do(event);
      if (time >= times || every === undefined) return;
      await this.#sleep(every);
    }
  }

  #do(event: ScenarioEvent): void {
    const simulator = this.#simulator;
    const { scaleSets, runners } = simulator.state();
    const sets = scaleSets.filter(
      ({ id, name }) => event.scaleSet === undefined || event.scaleSet === id || event.scaleSet === name,
    );
    this.#events += 1;
    switch (event.do) {
      case "expire-session":
        for (const { id } of sets) simulator.expireSession(id);
        return;
      case "stale-session":
        for (const { id, session } of sets) {
          const ownerName = event.owner ?? session?.ownerName ?? "a-killed-process";
          simulator.leaveStaleSession(id, { ownerName, forMs: event.for && event.for / this.#speed });
        }
        return;
      case "remove-scale-set":
        for (const { id } of sets) simulator.removeScaleSet(id);
        return;
      case "drop-idle-runners":
        for (const { name, state, scaleSetId } of runners) {
          if (state !== "busy" && sets.some(({ id }) => id === scaleSetId)) simulator.dropRunner(name);
        }
        return;
      case "deprecate-runners":
        simulator.deprecateRunners(true);
        return;
      case "accept-runners":
        simulator.deprecateRunners(false);
        return;
      case "revoke-tokens":
        simulator.revokeTokens(event.kind);
        return;
    }
  }
}
