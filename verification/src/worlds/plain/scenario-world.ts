import {
  createSimulator,
  type Random,
  type Scenario,
  type ScenarioReport,
  scaledClock,
  seededRandom,
  VirtualClock,
} from "@scaleset/simulator";
import { smallRunnerKey } from "../small-key.js";
import { startFleet } from "./fleet.js";

export interface ScenarioWorldOptions {
  readonly scenario: Scenario;
  /** In the machine's time, so many times faster; without it in virtual time. */
  readonly speed?: number | undefined;
  /** Keeps every line of the journal and of the daemon's log. @default false */
  readonly traced?: boolean | undefined;
  /** @default 20 */
  readonly maxRunners?: number | undefined;
}

export interface ScenarioWorldResult {
  readonly report: ScenarioReport;
  readonly instancesLeft: number;
  /** The service's journal and the daemon's log, if they were asked for. */
  readonly trace: readonly string[];
}

/** Lets our own daemon go through a scenario, with everything in this process. */
export async function runScenarioWorld({
  scenario,
  speed,
  maxRunners = 20,
  traced = false,
}: ScenarioWorldOptions): Promise<ScenarioWorldResult> {
  const virtual = speed === undefined ? new VirtualClock() : undefined;
  const clock = virtual ?? scaledClock(speed ?? 1);
  const chance = (part: string): Random => seededRandom(`${scenario.name}:${part}`);
  const simulator = createSimulator({
    clock,
    random: chance("service"),
    assignment: scenario.assignment,
    runnerKeys: smallRunnerKey,
  });
  const trace: string[] = [];
  const note = (line: string): void => void (traced && trace.push(`${Math.round(clock.monotonic())} ${line}`));
  const unsubscribe = traced
    ? simulator.journal.subscribe(({ seq: _seq, atMs: _atMs, subject, event, cause, ...details }) =>
        note(`service ${subject} ${event} ${cause} ${JSON.stringify(details)}`),
      )
    : (): void => undefined;
  const settled = <T>(work: Promise<T>): Promise<T> => (virtual === undefined ? work : virtual.runUntilSettled(work));
  const fleet = startFleet({ simulator, clock, chance, maxRunners, note });
  const report = await settled(simulator.play(scenario));
  const instancesLeft = fleet.instancesLeft();
  await settled(fleet.stop());
  unsubscribe();
  await simulator.close();
  return { report, instancesLeft, trace };
}
