import type { ScaleSetConfig } from "@scaleset/autoscaler";
import { MemoryHost } from "@scaleset/autoscaler/testing";
import { personalAccessToken, ScaleSetClient } from "@scaleset/client";
import {
  createSimulator,
  type Random,
  runSimulatedRunner,
  type Simulator,
  seededRandom,
  VirtualClock,
} from "@scaleset/simulator";
import { smallRunnerKey } from "../small-key.js";
import { Chronicle } from "./chronicle.js";
import { APP, appKey, configOf } from "./config.js";
import { Daemon } from "./daemon.js";
import { misfortunes } from "./nemesis.js";
import { type Settings, settingsOf, type WorldName } from "./settings.js";
import { Tally, type TallyRow } from "./tally.js";
import { countJournal } from "./took-effect.js";
import { Facts } from "./watch/facts.js";
import type { Broken, Scene } from "./watch/scene.js";
import { leftOver, mayPass } from "./watch/settled.js";
import { stopWatched } from "./watch/stops.js";
import { Watcher } from "./watcher.js";
import { queueJobs, work } from "./workload.js";

export interface WorldReport {
  readonly seed: number;
  readonly world: WorldName;
  /** What did not hold; undefined when everything did. */
  readonly broken: Broken | undefined;
  /** What matters about it, oldest first. */
  readonly excerpt: readonly string[];
  readonly tally: readonly TallyRow[];
  readonly virtualMs: number;
  readonly jobs: number;
}

export interface WorldResult extends WorldReport {
  /** Everything that happened. */
  readonly chronicle: Chronicle;
}

/** After faults stop, everything has come to rest within this time. @unit milliseconds */
const REST_MS = 8 * 3_600_000;
const LOOK_MS = 5_000;
/** A daemon takes over and clears away what ended on its machine within this time. @unit milliseconds */
const TURN_MS = 15 * 60_000;
const ROUNDS = 3;

/** Lives a world from its first job to its rest. One seed gives one world. */
export async function runWorld(
  seed: number,
  options: { readonly world?: WorldName; readonly hours?: number } = {},
): Promise<WorldResult> {
  const settings = settingsOf(seed, options);
  const stage = setUp(settings);
  const { clock, chronicle, tally, scene, daemons, broken } = stage;
  tally.add("world", settings.world);
  for (const daemon of daemons) stage.start(daemon);
  const lanes = [stage.lookout(), stage.watchman(), stage.workload(), ...misfortunes(stage.misfortune, settings)];
  await clock.runUntil(() => broken.length > 0 || clock.monotonic() >= settings.lastsMs);
  stage.end();
  if (broken.length === 0) await clock.runUntilSettled(Promise.allSettled(lanes.slice(2)));
  if (broken.length === 0) await clock.runUntilSettled(stage.misfortune.restore());
  await clock.runUntil(() => broken.length > 0 || stage.rested() || clock.monotonic() >= settings.lastsMs + REST_MS);
  if (broken.length === 0 && !stage.rested()) scene.broke("left", `the world does not come to rest: ${unrest(scene)}`);
  if (broken.length === 0) await stage.cleanEachHost();
  leftOver(scene, stage.openJobs());
  if (broken.length === 0) await stage.stopAll();
  for (const law of broken.length === 0 ? scene.simulator.violations() : []) scene.broke("simulator", law);
  stage.close();
  await clock.drain();
  const [first] = broken;
  return {
    seed,
    world: settings.world,
    broken: first,
    excerpt: first === undefined ? [] : chronicle.excerpt(first.about),
    tally: tally.rows(),
    virtualMs: clock.monotonic(),
    jobs: scene.simulator.summary().queued,
    chronicle,
  };
}

type Built = ReturnType<typeof setUp>;

function setUp(settings: Settings) {
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
  let calmSinceMs = 0;
  let unrest = 0;
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
      return unrest > 0 ? Number.POSITIVE_INFINITY : calmSinceMs;
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
    calmSinceMs = clock.monotonic();
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
  const initial = daemons.map(({ config }) => config);
  /** Told while it runs, or stopped and started. */
  const restarts = chance("reload");
  const workBy = async (
    daemon: Daemon,
    change: (sets: readonly ScaleSetConfig[]) => readonly ScaleSetConfig[],
  ): Promise<void> => {
    const config = { ...daemon.config, scaleSets: change(daemon.config.scaleSets) };
    chronicle.tell(
      "nemesis",
      `${daemon.name} is to work by ${JSON.stringify(config.scaleSets.map(({ name, minRunners, maxRunners, workFolder }) => [name, minRunners, maxRunners, workFolder]))}`,
    );
    if (!daemon.up) return daemon.configure(config);
    if (restarts() < 0.7) return await Promise.race([daemon.reload(config), sleep(60_000)]);
    await Promise.race([stopWatched(scene, daemon), sleep(60_000)]);
    daemon.configure(config);
    if (!daemon.up && !over.signal.aborted) start(daemon);
  };
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
      reconfigure: async (change: (scaleSet: ScaleSetConfig) => ScaleSetConfig | undefined): Promise<void> => {
        const changed = new Map<string, ScaleSetConfig | undefined>();
        for (const set of daemons[0]?.config.scaleSets ?? []) changed.set(set.name, change(set));
        for (const daemon of daemons) {
          await workBy(daemon, (sets) => sets.flatMap((set) => changed.get(set.name) ?? []));
        }
      },
      restore: async (): Promise<void> => {
        for (const [index, daemon] of daemons.entries()) await workBy(daemon, () => initial[index]?.scaleSets ?? []);
      },
      lose: (host: MemoryHost, name: string): void => {
        facts.lost.add(name);
        host.lose(name);
      },
      slowDestroys: (ms: number) => {
        destroyDelayMs = ms;
      },
      queue: (number: number, more: { durationMs?: number }) => queueJobs(desk, number, more),
      /** Something goes wrong from now on, until the answered function is called. */
      begins: (name: string): (() => void) => {
        chronicle.tell("nemesis", `${name} begins`);
        unrest += 1;
        return () => {
          chronicle.tell("nemesis", `${name} is over`);
          unrest -= 1;
          calmSinceMs = clock.monotonic();
        };
      },
    },
    /** Nothing goes wrong any more. */
    end: (): void => {
      over.abort();
      simulator.faults.clear();
      simulator.misbehaveRunners([]);
      simulator.deprecateRunners(false);
      for (const daemon of daemons) daemon.crashAfter(Number.POSITIVE_INFINITY);
      for (const host of hosts) host.clearFaults();
      destroyDelayMs = 0;
      calmSinceMs = clock.monotonic();
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

/**
 * Every job has ended, and what lives is what the minimum asks for. On several machines the minimum may live on each,
 * and what does not run on a machine is left until its daemon holds the session.
 */
function atRest({ simulator, hosts, daemons, facts, countsOffline }: Scene): boolean {
  const ended = new Set<string>();
  for (const host of hosts) {
    if (hosts.length === 1) continue;
    for (const { name, state } of host.instances()) if (state !== "started") ended.add(name);
  }
  const runners = simulator.state().runners.filter(({ name }) => !facts.forgotten.has(name) && !ended.has(name));
  const ghost = (name: string): boolean => hosts.some((host) => mayPass(host, name, countsOffline));
  if (runners.some(({ name, state }) => state === "busy" || (state === "offline" && !ghost(name)))) return false;
  const wanted = new Map<string, number>();
  for (const daemon of daemons) {
    for (const { name, minRunners } of daemon.config.scaleSets) wanted.set(`${daemon.path}/${name}`, minRunners);
  }
  const live = hosts.reduce((sum, host) => sum + host.instances().length, 0) - ended.size;
  if (live !== runners.length) return false;
  if (hosts.length > 1) return true;
  // A registration that nobody remembers may count as a runner of another machine until the service drops it.
  return facts.forgotten.size > 0 || live === [...wanted.values()].reduce((sum, count) => sum + count, 0);
}

function unrest({ simulator, hosts, daemons }: Scene): string {
  const runners = simulator.state().runners.map(({ name, state }) => `${name} ${state}`);
  const instances = hosts.flatMap((host) => host.instances().map(({ name, state }) => `${name} ${state}`));
  const status = daemons.map((daemon) =>
    JSON.stringify(
      daemon.status()?.scaleSets.map((set) => [set.state, set.live, set.target, set.lastDecision?.reasons]),
    ),
  );
  return `registered: ${runners.join(", ")}; instances: ${instances.join(", ")}; ${status.join("; ")}`;
}

function newHost(
  settings: Settings,
  world: { clock: VirtualClock; simulator: Simulator; chance: (part: string) => Random; index: number },
): MemoryHost {
  const { clock, simulator, chance, index } = world;
  const random = chance(`runners:${index}`);
  return new MemoryHost({
    clock,
    random: chance(`host:${index}`),
    scope: settings.scope,
    observesExit: settings.observesExit,
    bootDeadlineMs: settings.bootDeadlineMs,
    eventLoss: 0.05,
    ...(settings.maxInstances === undefined ? {} : { maxInstances: settings.maxInstances }),
    latencies: { create: [20, 400], start: [10, 200], destroy: [10, 300], list: [5, 50] },
    onStart: async (_name, jitConfig, { signal, killed }) =>
      await runSimulatedRunner({
        jitConfig,
        fetch: simulator.fetch,
        clock,
        random,
        signal,
        kill: killed,
        // As every provisioner sets it.
        returnVersionDeprecatedExitCode: true,
      }),
  });
}

export type Misfortune = Built["misfortune"];
