import {
  createSimulator,
  type JournalEntry,
  type Random,
  type Simulator,
  type Summary,
  seededRandom,
  VirtualClock,
} from "@scaleset/simulator";
import { smallRunnerKey } from "../small-key.js";
import { startFleet } from "./fleet.js";

export interface WorldOptions {
  readonly seed: number;
  /** Jobs that arrive, one after another at random. @default 100 */
  readonly jobs?: number | undefined;
  /** @default 10 */
  readonly maxRunners?: number | undefined;
  /** How far the daemon's clock is ahead of the service's. @unit milliseconds @default 3_000 */
  readonly clockSkewMs?: number | undefined;
}

export interface WorldResult {
  readonly summary: Summary;
  /** Instances that are still there at the end. */
  readonly instancesLeft: number;
  /** Most runners that were live at once. */
  readonly maxLive: number;
  /** Virtual time from begin to end. @unit milliseconds */
  readonly virtualMs: number;
  /** Everything that happened, in order: the service's journal and the daemon's log. */
  readonly trace: readonly string[];
}

const SETTLE_LIMIT_MS = 24 * 3_600_000;

/**
 * One seeded world: the service, a daemon, and a host full of instances in one process, under virtual time. The daemon
 * is the real one; it is reached through its ports alone, so one seed gives one trace.
 */
export async function runWorld(options: WorldOptions): Promise<WorldResult> {
  const { seed, jobs = 100, maxRunners = 10, clockSkewMs = 3_000 } = options;
  // Each part draws from a source of its own, so that one more draw in one of them leaves the others' as they are.
  const chance = (part: string): Random => seededRandom(`${seed}:${part}`);
  const clock = new VirtualClock();
  const simulator = createSimulator({ clock, random: chance("service"), runnerKeys: smallRunnerKey });
  const trace: string[] = [];
  const note = (line: string): void => void trace.push(`${clock.monotonic()} ${line}`);
  const unsubscribe = simulator.journal.subscribe((entry) => note(journalLine(entry)));

  const fleet = startFleet({ simulator, clock, daemonClock: clock.skewed(clockSkewMs), chance, maxRunners, note });
  const arrivals = queueJobs(simulator, clock, chance("workload"), jobs);
  await clock.runUntilSettled(arrivals);
  await clock.runUntil(() => simulator.summary().open === 0 && fleet.instancesLeft() === 0, {
    limitMs: SETTLE_LIMIT_MS,
  });
  const maxLive = fleet.maxLive();
  await clock.runUntilSettled(fleet.stop());
  const summary = simulator.summary();
  unsubscribe();
  await simulator.close();
  return { summary, instancesLeft: fleet.instancesLeft(), maxLive, virtualMs: clock.monotonic(), trace };
}

/** Jobs of a few seconds to some minutes, arriving in bursts with pauses between them. */
async function queueJobs(simulator: Simulator, clock: VirtualClock, random: Random, count: number): Promise<void> {
  for (let queued = 0; queued < count; ) {
    const burst = Math.min(count - queued, 1 + Math.floor(random() * 12));
    simulator.queueJobs(
      Array.from({ length: burst }, () => ({
        runsOn: ["linux-x64"],
        durationMs: Math.round(2_000 + random() * 240_000),
        result: random() < 0.1 ? ("failed" as const) : ("succeeded" as const),
      })),
    );
    queued += burst;
    await clock.sleep(Math.round(random() * 120_000));
  }
}

function journalLine({ subject, event, cause, ...rest }: JournalEntry): string {
  const { seq: _seq, atMs: _atMs, ...details } = rest;
  return `service ${subject} ${event} ${cause} ${JSON.stringify(details)}`;
}
