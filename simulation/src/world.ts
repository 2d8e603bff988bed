import { type AutoscalerConfig, createAutoscaler, defaultTimings } from "@scaleset/autoscaler";
import { defineProvisioner } from "@scaleset/autoscaler/provisioner";
import { MemoryHost } from "@scaleset/autoscaler/testing";
import { type Logger, Secret } from "@scaleset/client";
import {
  createSimulator,
  type JournalEntry,
  type Random,
  runSimulatedRunner,
  type Simulator,
  type Summary,
  seededRandom,
  VirtualClock,
} from "@scaleset/simulator";

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
  const simulator = createSimulator({ clock, random: chance("service") });
  const trace: string[] = [];
  const note = (line: string): void => void trace.push(`${clock.monotonic()} ${line}`);
  const unsubscribe = simulator.journal.subscribe((entry) => note(journalLine(entry)));

  const runnerChance = chance("runners");
  const host = new MemoryHost({
    clock,
    random: chance("host"),
    latencies: { create: [20, 400], start: [10, 200], destroy: [10, 300], list: [5, 50] },
    onStart: async (_name, jitConfig, { signal, killed }) =>
      await runSimulatedRunner({
        jitConfig,
        fetch: simulator.fetch,
        clock,
        random: runnerChance,
        signal,
        kill: killed,
      }),
  });
  const memory = defineProvisioner({
    kind: "memory",
    options: (z) => z.strictObject({}),
    open: async () => host.open(),
  });
  const daemon = createAutoscaler(configOf(simulator, maxRunners), {
    fetch: simulator.fetch,
    clock: clock.skewed(clockSkewMs),
    random: chance("daemon"),
    logger: loggerTo(note),
    provisioners: [memory],
    env: {},
  });

  const stop = new AbortController();
  let ended = false;
  const running = daemon.run({ signal: stop.signal }).finally(() => {
    ended = true;
  });
  const arrivals = queueJobs(simulator, clock, chance("workload"), jobs);
  await clock.runUntilSettled(arrivals);
  await clock.runUntil(() => simulator.summary().open === 0 && host.instances().length === 0, {
    limitMs: SETTLE_LIMIT_MS,
  });
  const maxLive = Math.max(0, ...daemon.status().scaleSets.map((set) => set.maxLive));
  if (ended) throw new Error("the daemon ended unasked");
  stop.abort();
  await clock.runUntilSettled(running);
  const summary = simulator.summary();
  unsubscribe();
  await simulator.close();
  return { summary, instancesLeft: host.instances().length, maxLive, virtualMs: clock.monotonic(), trace };
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

function configOf(simulator: Simulator, maxRunners: number): AutoscalerConfig {
  return {
    github: {
      url: simulator.configUrl("my-org"),
      credentials: { kind: "token", token: new Secret(simulator.token) },
    },
    owner: "daemon-1",
    stateFolder: "/nowhere",
    baseFolder: "/nowhere",
    log: { level: "debug", format: "json" },
    limits: { launchConcurrency: 10 },
    timings: defaultTimings,
    scaleSets: [
      {
        name: "linux-x64",
        labels: ["linux-x64"],
        runnerGroup: "default",
        minRunners: 0,
        maxRunners,
        disableUpdate: false,
        namePrefix: "linux-x64",
        workFolder: "_work",
        provisioner: { kind: "memory", options: {} },
      },
    ],
  };
}

function journalLine({ subject, event, cause, ...rest }: JournalEntry): string {
  const { seq: _seq, atMs: _atMs, ...details } = rest;
  return `service ${subject} ${event} ${cause} ${JSON.stringify(details)}`;
}

function loggerTo(note: (line: string) => void): Logger {
  const at =
    (level: string) =>
    (data: object, message: string): void =>
      note(`daemon ${level} ${message} ${JSON.stringify(data)}`);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
