import { type Clock, type Random, realClock, type Summary, seededRandom } from "@scaleset/simulator";
import type { Daemon } from "./daemon-process.js";
import { chooseMoment, nameOf, strikeAt } from "./moments.js";
import { openStage, SCALE_SET, type Stage } from "./stage.js";

export interface KillsOptions {
  readonly seed: number;
  readonly kills: number;
  readonly maxRunners: number;
  /** Told after each kill. */
  readonly onKill?: (progress: { readonly kills: number; readonly summary: Summary }) => void;
}

export interface KillsReport {
  readonly kills: number;
  readonly summary: Summary;
  readonly wallMs: number;
  readonly settleMs: number;
  /** How often a daemon was killed at a moment of each kind. */
  readonly moments: ReadonlyMap<string, number>;
  /** From each start after a kill until the session was held again, where the killed daemon held one. @unit milliseconds */
  readonly servingMs: readonly number[];
  /** Most registrations there were at one time. */
  readonly mostRegistered: number;
  /** What must not be, in words. */
  readonly broken: readonly string[];
  /** The daemons' log, kept when something broke. */
  readonly logFile: string | undefined;
}

/** Everything that a crash left behind is gone after this, or it never goes. */
const SETTLE_MS = 150_000;
const LOOK_MS = 50;

/**
 * Kills the daemon again and again at chosen moments while jobs come in, starts it each time, then lets things settle
 * and counts in the service's journal: no job lost, none run twice, nothing left behind (lifecycle.md §7).
 */
export async function runKills({ seed, kills, maxRunners, onKill }: KillsOptions): Promise<KillsReport> {
  const random = seededRandom(seed);
  const clock = realClock;
  const stage = await openStage({ maxRunners });
  const { simulator } = stage;
  const startedAt = clock.monotonic();
  const moments = new Map<string, number>();
  const broken: string[] = [];
  let registered = 0;
  let mostRegistered = 0;
  const servingMs: number[] = [];
  /** When the daemon was started that finds a session of a killed one. */
  let waitingSince: number | undefined;
  const unsubscribe = simulator.journal.subscribe(({ subject, event }) => {
    if (subject === "session" && event === "opened" && waitingSince !== undefined) {
      servingMs.push(clock.monotonic() - waitingSince);
      waitingSince = undefined;
    }
    if (subject !== "runner") return;
    if (event === "registered") registered += 1;
    if (event === "removed") registered -= 1;
    mostRegistered = Math.max(mostRegistered, registered);
  });
  const feeding = new AbortController();
  const fed = feed(stage, { clock, random: seededRandom(`jobs of ${seed}`), signal: feeding.signal, maxRunners });
  try {
    for (let done = 1; done <= kills; done++) {
      waitingSince = stage.recorded() ? clock.monotonic() : undefined;
      const daemon = stage.startDaemon();
      const moment = chooseMoment(random);
      const came = await strikeAt(moment, stage, { clock, strike: () => void daemon.process.kill("SIGKILL") });
      const how = await daemon.ended;
      if (how !== "SIGKILL") broken.push(`daemon ${done} ended by itself: ${how}`);
      const name = came ? nameOf(moment) : "(moment did not come)";
      moments.set(name, (moments.get(name) ?? 0) + 1);
      onKill?.({ kills: done, summary: simulator.summary() });
      if (random() < 0.5) await clock.sleep(random() * 1_500);
    }
    feeding.abort();
    await fed;
    const settlingAt = clock.monotonic();
    broken.push(...(await settle(stage, stage.startDaemon(), clock)));
    const summary = simulator.summary();
    broken.push(...wrongs(summary), ...simulator.violations());
    if (mostRegistered > maxRunners)
      broken.push(`${mostRegistered} runners were registered at one time, max ${maxRunners}`);
    return {
      kills,
      summary,
      wallMs: clock.monotonic() - startedAt,
      settleMs: clock.monotonic() - settlingAt,
      moments,
      servingMs: servingMs.sort((a, b) => a - b),
      mostRegistered,
      broken,
      logFile: broken.length > 0 ? stage.logFile : undefined,
    };
  } finally {
    feeding.abort();
    unsubscribe();
    await stage.close({ keep: broken.length > 0 });
  }
}

/** Keeps more jobs open than there may be runners, so that a launch is always wanted. */
async function feed(
  { simulator }: Stage,
  options: {
    readonly clock: Clock;
    readonly random: Random;
    readonly signal: AbortSignal;
    readonly maxRunners: number;
  },
): Promise<void> {
  const { clock, random, signal, maxRunners } = options;
  while (!signal.aborted) {
    const open = simulator.summary().open;
    // Now and then everything runs dry, so that runners are idle and retired, too.
    const wanted = random() < 0.02 ? 0 : maxRunners + 2;
    for (let count = open; count < wanted; count++) {
      const result = random() < 0.1 ? "failed" : "succeeded";
      simulator.queueJob({ scaleSet: SCALE_SET, durationMs: Math.floor(50 + random() * 2_500), result });
    }
    await clock.sleep(100 + random() * 900, { signal }).catch(() => {});
  }
}

/** Lets the last daemon bring everything to its end, stops it as one does, and says what is left. */
async function settle({ simulator, instances, processes }: Stage, daemon: Daemon, clock: Clock): Promise<string[]> {
  const until = clock.monotonic() + SETTLE_MS;
  const left = (): string[] => {
    const { open } = simulator.summary();
    const { runners } = simulator.state();
    return [
      ...(open > 0 ? [`${open} jobs have not ended`] : []),
      ...(runners.length > 0 ? [`leaked: registrations ${runners.map(({ name }) => name).join(", ")}`] : []),
      ...(instances().length > 0 ? [`leaked: instances ${instances().join(", ")}`] : []),
    ];
  };
  while (left().length > 0 && clock.monotonic() < until) await clock.sleep(LOOK_MS);
  const broken = left();
  daemon.process.kill("SIGTERM");
  const code = await daemon.ended;
  if (code !== 0) broken.push(`the last daemon ended with ${code} when it was asked to stop`);
  for (let turn = 0; processes().length > 0 && turn < 100; turn++) await clock.sleep(LOOK_MS);
  for (const line of processes()) broken.push(`leaked: process ${line}`);
  return broken;
}

function wrongs({ lost, twice, leaked, stranded, queued, succeeded, failed, hostDied, open }: Summary): string[] {
  const counts = { lost, twice, leaked, stranded, "ended with their host": hostDied };
  const wrong = Object.entries(counts).filter(([, count]) => count > 0);
  const ended = succeeded + failed;
  return [
    ...wrong.map(([name, count]) => `${count} ${name}`),
    ...(ended + open === queued ? [] : [`${queued} jobs were queued, and ${ended} have ended by themselves`]),
  ];
}
