import type { MemoryHost } from "@scaleset/autoscaler/testing";
import { personalAccessToken, ScaleSetClient } from "@scaleset/client";
import { createSimulator, type Random, seededRandom, VirtualClock } from "@scaleset/simulator";
import { smallRunnerKey } from "../small-key.js";
import { Calm } from "./calm.js";
import { Chronicle } from "./chronicle.js";
import { APP, appKey, configOf } from "./config.js";
import { Daemon } from "./daemon.js";
import type { Stage, TroubleOptions } from "./failures/failure.js";
import { newHost } from "./host.js";
import { Operator } from "./operator.js";
import { atRest } from "./rest.js";
import type { Settings } from "./settings.js";
import { Tally } from "./tally.js";
import { countJournal } from "./took-effect.js";
import { Facts } from "./watch/facts.js";
import type { Broken, Scene } from "./watch/scene.js";
import { stopWatched } from "./watch/stops.js";
import { Watcher } from "./watcher.js";
import { queueJobs, work } from "./workload.js";

const LOOK_MS = 5_000;
/** A daemon takes over and clears away what ended on its machine within this time. @unit milliseconds */
const TURN_MS = 15 * 60_000;
const ROUNDS = 3;

/** Everything that a world is made of, before its first moment. */
export function setStage(settings: Settings) {
  // Each part draws from a source of its own, so that one more draw in one of them leaves the others' as they are.
  const chance = (part: string): Random => seededRandom(`${settings.seed}:${settings.world}:${part}`);
  const clock = new VirtualClock();
  const key = appKey();
  const simulator = createSimulator({
    clock,
    random: chance("service"),
    runnerKeys: smallRunnerKey,
    app: { issuer: APP, key, installationId: 1 },
    // A job that waits for long is not lost by that: only a runner that dies loses one.
    requeueDelaysMs: Array.from({ length: 60 }, () => 60_000),
    journalCapacity: 10,
    ...settings.service,
  });
  const chronicle = new Chronicle(() => clock.monotonic());
  const tally = new Tally();
  const facts = new Facts(simulator);
  const broken: Broken[] = [];
  const hosts = Array.from({ length: settings.hosts }, (_, index) =>
    newHost(settings, { clock, simulator, chance, index }),
  );
  const daemons: Daemon[] = [];
  const open = new Set<number>();
  const calm = new Calm(() => clock.monotonic());
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
      broken.push({ invariant, message, about, atMs: Math.round(clock.monotonic()) });
    },
    countsOffline: settings.service.countOfflineRunners ?? false,
    get calmSinceMs() {
      return calm.sinceMs;
    },
  };
  const watcher = new Watcher(scene);
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
    queued: (job: number) => void open.add(job),
  };
  const start = (daemon: Daemon): void => {
    chronicle.tell("nemesis", `${daemon.name} starts`);
    facts.born(daemon);
    daemon.start();
    calm.stirred();
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
    random: chance("reload"),
    sleep,
    start,
    isOver: () => over.signal.aborted,
  });
  let rested = false;
  let resting = false;
  const stopAll = async (but?: Daemon): Promise<void> => {
    resting = true;
    await clock.runUntilSettled(
      Promise.all(daemons.map(async (daemon) => daemon !== but && (await stopWatched(scene, daemon)))),
    );
  };

  return {
    clock,
    chronicle,
    tally,
    scene,
    daemons,
    broken,
    start,
    lookout: () =>
      again(LOOK_MS, () => {
        watcher.look();
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
      begins: (name: string, _options: TroubleOptions = {}): (() => void) => {
        chronicle.tell("nemesis", `${name} begins`);
        const ends = calm.begins();
        return () => {
          chronicle.tell("nemesis", `${name} is over`);
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
      calm.stirred();
      chronicle.tell("nemesis", "everything is well from now on");
    },
    rested: () => rested,
    /**
     * What ended on a machine is cleared away by the daemon of that machine, once it holds the session: each gets its turn.
     */
    cleanEachHost: async (): Promise<void> => {
      if (hosts.length === 1) return;
      const ended = (host: MemoryHost): boolean => host.instances().some(({ state }) => state !== "started");
      // Where a turn takes long, the service may drop idle runners of the machine that had its own before.
      for (let round = 0; round === 0 || (round < ROUNDS && hosts.some(ended)); round++) {
        for (const daemon of daemons) {
          await stopAll(daemon);
          rested = false;
          if (!daemon.up) start(daemon);
          const until = clock.monotonic() + TURN_MS;
          const done = (): boolean => !ended(daemon.host) && rested;
          await clock.runUntil(() => broken.length > 0 || done() || clock.monotonic() > until);
        }
      }
    },
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
