import { personalAccessToken, ScaleSetClient } from "@scaleset/client";
import type { MemoryHost } from "@scaleset/provisioner/testing";
import { createSimulator, type Random, seededRandom, VirtualClock } from "@scaleset/simulator";
import { Chronicle } from "./chronicle.js";
import { APP, appKey, configOf } from "./config.js";
import { Daemon } from "./daemon.js";
import type { Stage, TroubleOptions } from "./failures/failure.js";
import { newHost } from "./host.js";
import { Operator } from "./operator.js";
import { atRest } from "./rest.js";
import type { Settings } from "./settings.js";
import { smallRunnerKey } from "./small-key.js";
import { Tally } from "./tally.js";
import { countJournal } from "./took-effect.js";
import { Trace } from "./trace.js";
import { Troubles } from "./troubles.js";
import { Facts } from "./watch/facts.js";
import type { Broken, Scene } from "./watch/scene.js";
import { stopWatched } from "./watch/stops.js";
import { Watcher } from "./watcher.js";
import { queueJobs, work } from "./workload.js";

const LOOK_MS = 5_000;
/** The service's attempts at a job: with growing delays, or each as the one before lapses (protocol.md §5). */
const ATTEMPTS: readonly (readonly number[])[] = [
  [30_000, 60_000, 120_000],
  [0, 0],
];

/** Named instead of each invariant. */
export const EVERY_INVARIANT = "all";

/** Everything that a world is made of, before its first moment. */
export function setStage(
  settings: Settings,
  { ignore = [] }: { readonly ignore?: readonly string[] | undefined } = {},
) {
  // Each part draws from a source of its own, so that one more draw in one of them leaves the others' as they are.
  const chance = (part: string): Random => seededRandom(`${settings.seed}:${settings.world}:${part}`);
  const clock = new VirtualClock();
  const key = appKey();
  const simulator = createSimulator({
    clock,
    random: chance("service"),
    runnerKeys: smallRunnerKey,
    app: { issuer: APP, key, installationId: 1 },
    requeueDelaysMs: ATTEMPTS[chance("attempts")() < 0.5 ? 0 : 1] ?? [],
    journalCapacity: 10,
    ...settings.service,
  });
  const chronicle = new Chronicle(() => clock.monotonic());
  const trace = new Trace(() => clock.monotonic());
  const tally = new Tally();
  const broken: Broken[] = [];
  const hosts = Array.from({ length: settings.hosts }, (_, index) =>
    newHost(settings, { clock, simulator, chance, index }),
  );
  const facts = new Facts(simulator, () => clock.monotonic(), hosts);
  const daemons: Daemon[] = [];
  const open = new Set<number>();
  const troubles = new Troubles(() => clock.monotonic());
  let destroyDelayMs = 0;
  const over = new AbortController();
  const closed = new AbortController();

  const scene: Scene = {
    clock,
    simulator,
    hosts,
    daemons,
    chronicle,
    tally,
    facts,
    checked: (name) => tally.add("check", name),
    broke: (invariant, message, about = {}) => {
      chronicle.tell("broken", `${invariant}: ${message}`, { ...about });
      tally.add("broken", invariant);
      if (ignore.includes(invariant) || ignore.includes(EVERY_INVARIANT)) return;
      broken.push({ invariant, message, about, atMs: Math.round(clock.monotonic()) });
    },
    countsOffline: settings.service.countOfflineRunners ?? false,
    troubles,
    maxInstances: settings.maxInstances ?? Number.POSITIVE_INFINITY,
    launchConcurrency: settings.launchConcurrency,
  };
  const watcher = new Watcher(scene, trace);
  const count = countJournal(tally, settings);
  const unsubscribe = simulator.journal.subscribe((entry) => {
    if (entry.subject === "job" && (entry.event === "completed" || entry.event === "stranded"))
      open.delete(entry.job ?? 0);
    watcher.entry(entry);
    count(entry);
  });

  for (const each of settings.daemons) {
    const host = hosts[each.host];
    if (host === undefined) throw new Error(`there is no host ${each.host}`);
    const daemon: Daemon = new Daemon(
      {
        name: each.name,
        path: each.path,
        clock,
        chance,
        skew: each.skew,
        fetch: simulator.fetch,
        latencyMs: [5, 120],
        host,
        hooks: watcher.hooksFor(
          () => daemon,
          () => destroyDelayMs,
        ),
      },
      configOf(simulator, settings, each, key),
    );
    daemons.push(daemon);
  }

  const sleep = (ms: number): Promise<void> => clock.sleep(ms, { signal: over.signal }).catch(() => {});
  const desk = {
    simulator,
    settings,
    random: chance("workload"),
    sleep,
    get over() {
      return over.signal.aborted;
    },
    queued: (job: number, key: string): void => {
      open.add(job);
      facts.jobs.queued(job, key);
    },
  };
  const start = (daemon: Daemon): void => {
    chronicle.tell("nemesis", `${daemon.name} starts`);
    trace.nemesis("daemon.starts", daemon.name);
    facts.born(daemon);
    daemon.start();
    troubles.stirred();
  };
  const again = async (ms: number, look: () => void): Promise<void> => {
    while (!closed.signal.aborted) {
      await clock.sleep(ms, { signal: closed.signal }).catch(() => {});
      if (!closed.signal.aborted) look();
    }
  };
  const rival = new ScaleSetClient({
    configUrl: simulator.configUrl("my-org"),
    credentials: personalAccessToken(simulator.token),
    fetch: simulator.fetch,
    clock,
    random: chance("rival"),
    env: {},
  });
  const operator = new Operator(scene, {
    daemons,
    random: chance("reload"),
    sleep,
    start,
    isOver: () => over.signal.aborted,
  });
  let rested = false;
  let resting = false;
  const stopAll = async (): Promise<void> => {
    resting = true;
    await clock.runUntilSettled(Promise.all(daemons.map(async (daemon) => await stopWatched(scene, daemon))));
  };

  return {
    clock,
    chronicle,
    trace,
    tally,
    scene,
    daemons,
    broken,
    start,
    lookout: () =>
      again(LOOK_MS, () => {
        if (!resting) watcher.look();
        rested = over.signal.aborted && open.size === 0 && atRest(scene);
      }),
    /** Starts again what is down, after a while. */
    watchman: async (): Promise<void> => {
      const random = chance("watchman");
      await again(3_000, () => {
        for (const daemon of daemons) {
          if (!daemon.up && !resting && (over.signal.aborted || random() < 0.04)) start(daemon);
        }
      });
    },
    workload: () => work(desk),
    misfortune: {
      simulator,
      random: chance("failures"),
      daemons,
      hosts,
      rival,
      sleep,
      get over() {
        return over.signal.aborted;
      },
      struck: (name: string, times = 1) => {
        if (times > 0) tally.add("failure", name, times);
      },
      stop: (daemon: Daemon): Promise<void> => stopWatched(scene, daemon),
      reconfigure: (change: Parameters<Stage["reconfigure"]>[0]) => operator.reconfigure(change),
      restore: () => operator.restore(),
      lose: (host: MemoryHost, name: string): void => {
        facts.lost.add(name);
        host.lose(name);
      },
      slowDestroys: (ms: number) => {
        destroyDelayMs = ms;
      },
      queue: (number: number, more: { durationMs?: number }) => queueJobs(desk, number, more),
      begins: (name: string, options: TroubleOptions = {}): (() => void) => {
        chronicle.tell("nemesis", `${name} begins`);
        trace.nemesis("failure.begins");
        const ends = troubles.begins(options);
        return () => {
          chronicle.tell("nemesis", `${name} is over`);
          trace.nemesis("failure.over");
          ends();
        };
      },
    } satisfies Stage,
    /** Nothing goes wrong any more. */
    end: (): void => {
      over.abort();
      simulator.faults.clear();
      simulator.misbehaveRunners([]);
      simulator.deprecateRunners(false);
      for (const daemon of daemons) daemon.crashAfter(Number.POSITIVE_INFINITY);
      for (const host of hosts) host.clearFaults();
      destroyDelayMs = 0;
      troubles.stirred();
      chronicle.tell("nemesis", "everything is well from now on");
    },
    rested: () => rested,
    atRest: () => watcher.atRest(),
    jobs: () => simulator.summary().queued,
    stopAll,
    openJobs: () => open,
    close: (): void => {
      closed.abort();
      unsubscribe();
      void rival.close();
      void simulator.close();
    },
  };
}
