import { readFileSync } from "node:fs";
import { type Clock, realClock } from "@scaleset/client";
import type { Simulator } from "@scaleset/simulator";
import type { ConfigHost } from "../config/host.js";
import { type Autoscaler, createAutoscaler } from "../daemon.js";
import type { ScaleSetStatus } from "../engine/status.js";
import { type DemoProvisioner, prepareGround } from "./ground.js";
import type { Progress, ProgressView } from "./progress.js";
import { type DemoReport, faultsOf } from "./report.js";
import { destroyAll, listInstances, SCALE_SET, type Stage, setStage } from "./stage.js";
import { makeWorkload, type Workload } from "./workload.js";

export interface DemoOptions {
  readonly jobs: number;
  readonly maxRunners: number;
  readonly seed: number;
  readonly provisioner: DemoProvisioner;
  readonly view: ProgressView;
  readonly host: ConfigHost;
  /** Ends the demo early; everything is still cleared away. */
  readonly signal: AbortSignal;
  /** Called with what became of everything, while all of it is still up. What it answers is waited for. */
  readonly onReport: (report: DemoReport, addresses: DemoAddresses) => Promise<void>;
}

export interface DemoAddresses {
  readonly simulatorUrl: string;
  readonly configFile: string;
  readonly logFile: string;
}

/** Time for starting, and for seeing off the last runner. */
const SETTLE_MS = 60_000;

/** Time to boot a runner on a slow machine, and to say that its job has ended. */
const PER_JOB_MS = 2_000;

/** For what was made for the demo alone. */
const CLEAR_DEADLINE_MS = 20_000;

const LOG_LINES = 20;

/**
 * Runs real jobs in real processes or containers, against a simulated service over real HTTP, through an ordinary config.
 *
 * @throws the signal's reason when that aborts; what ended the autoscaler when that ends by itself
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { view } = options;
  options.signal.throwIfAborted();
  const { createSimulator, simulatedRunnerPath } = await loadSimulator();
  await using simulator = createSimulator();
  const { url: simulatorUrl } = await simulator.listen();
  const ground = await prepareGround(options.provisioner, [process.execPath, simulatedRunnerPath], options.signal);
  await using _cleared = {
    async [Symbol.asyncDispose]() {
      using deadline = realClock.deadline(CLEAR_DEADLINE_MS);
      await ground.clear(deadline.signal);
    },
  };
  using stage = await setStage({
    configUrl: simulator.configUrl("demo-org"),
    token: simulator.token,
    provisioner: ground.provisioner,
    maxRunners: options.maxRunners,
    host: options.host,
  });
  const { configFile, logFile, config, logger } = stage;
  view.note(`a simulated GitHub listens at ${simulatorUrl}; the autoscaler's config is ${configFile}`);

  // Proxies are for the internet; all of this is loopback.
  const autoscaler = createAutoscaler(config, { logger, env: {}, provisioners: [stage.provisioner] });
  const stop = new AbortController();
  const running = autoscaler.run({ signal: stop.signal });
  // Ctrl-C ends the demo, and so does an autoscaler that ends by itself.
  const over = new AbortController();
  const onAbort = (): void => over.abort(options.signal.reason);
  options.signal.addEventListener("abort", onAbort);
  const watching = running.then(
    () => over.abort(new Error("the autoscaler ended by itself")),
    (error: unknown) => over.abort(error),
  );
  try {
    const scene: Scene = { simulator, autoscaler, stage, options, workload: makeWorkload(options), clock: realClock };
    const report = await play(scene, over.signal);
    if (faultsOf(report).length > 0) view.note(logTail(stage));
    await options.onReport(report, { simulatorUrl, configFile, logFile });
  } catch (error) {
    if (!options.signal.aborted) view.note(logTail(stage));
    throw error;
  } finally {
    options.signal.removeEventListener("abort", onAbort);
    stop.abort(new Error("the demo is over"));
    await watching;
    await destroyAll(stage, realClock);
  }
}

interface Scene {
  readonly simulator: Simulator;
  readonly autoscaler: Autoscaler;
  readonly stage: Stage;
  readonly options: DemoOptions;
  readonly workload: Workload;
  readonly clock: Clock;
}

async function play(scene: Scene, over: AbortSignal): Promise<DemoReport> {
  const { simulator, autoscaler, workload, options, clock } = scene;
  const { view, maxRunners } = options;
  const startedAt = clock.monotonic();
  const workMs = workload.jobs.reduce((sum, { durationMs }) => sum + durationMs, 0);
  // Thrice the time that a fleet without any delay needs.
  const limitMs =
    SETTLE_MS + (3 * workMs) / Math.min(maxRunners, workload.jobs.length) + PER_JOB_MS * workload.jobs.length;
  using deadline = clock.deadline(limitMs, { signal: over });
  const set = (): ScaleSetStatus | undefined => autoscaler.status().scaleSets[0];

  const until = async (condition: () => boolean): Promise<void> => {
    for (let turn = 0; ; turn += 1) {
      if (turn % view.showEvery === 0) view.show(progressOf(scene, clock.monotonic() - startedAt));
      if (condition()) return;
      await clock.sleep(LOOK_INTERVAL_MS, { signal: deadline.signal });
    }
  };
  let queuedAt = startedAt;
  let endedAt = startedAt + limitMs;
  try {
    // From here on the service assigns jobs at once; before, they would only wait for the daemon's start.
    await until(() => set()?.state === "holding");
    queuedAt = clock.monotonic();
    simulator.queueJobs(workload.jobs.map((job) => ({ scaleSet: SCALE_SET, ...job })));
    await until(() => simulator.summary().open === 0);
    endedAt = clock.monotonic();
    await settled(scene, { set, until });
  } catch (error) {
    over.throwIfAborted();
    if (!deadline.signal.aborted) throw error;
    // Not done in time: the report says how far it came.
  }
  view.show(progressOf(scene, clock.monotonic() - startedAt));
  view.end();
  return reportOf(scene, { wallMs: Math.round(endedAt - queuedAt), set: set(), over });
}

const LOOK_INTERVAL_MS = 100;

const LIST_DEADLINE_MS = 15_000;

/** How long what is surplus after the last job may take to go; what is left then is told in the report. */
const DRAIN_MS = 30_000;

/** A runner ends a moment after its job, and one that found no job left is retired as surplus. */
async function settled(
  { simulator, clock }: Scene,
  { set, until }: { set: () => ScaleSetStatus | undefined; until: (condition: () => boolean) => Promise<void> },
): Promise<void> {
  const drainBy = clock.monotonic() + DRAIN_MS;
  await until(() => (set()?.live === 0 && simulator.state().runners.length === 0) || clock.monotonic() > drainBy);
}

function progressOf({ simulator, autoscaler, options, workload }: Scene, elapsedMs: number): Progress {
  const { succeeded, failed, cancelled, lost } = simulator.summary();
  const set = autoscaler.status().scaleSets[0];
  return {
    elapsedMs,
    jobs: {
      total: workload.jobs.length,
      ended: succeeded + failed + cancelled + lost,
      running: simulator.state().jobs.running,
    },
    runners: { live: set?.live ?? 0, max: options.maxRunners, started: set?.totals.started ?? 0 },
    reason: set?.lastDecision?.reasons.join("; "),
  };
}

async function reportOf(
  { simulator, stage, workload, options, clock }: Scene,
  about: { readonly wallMs: number; readonly set: ScaleSetStatus | undefined; readonly over: AbortSignal },
): Promise<DemoReport> {
  const { succeeded, failed, cancelled, lost, twice, queueToStartMs } = simulator.summary();
  const total = workload.jobs.length;
  const open = total - succeeded - failed - cancelled - lost;
  const failedJobs = simulator.jobs().filter(({ result }) => result === "failed");
  using deadline = clock.deadline(LIST_DEADLINE_MS, { signal: about.over });
  const instancesLeft = await listInstances(stage, deadline.signal);
  return {
    jobs: { total, succeeded, failed, lost, twice, open },
    failedAsMeant: failedJobs.length === 1 && failedJobs[0]?.displayName === workload.failingJob,
    runners: { started: about.set?.totals.started ?? 0, maxLive: about.set?.totals.maxLive ?? 0 },
    maxRunners: options.maxRunners,
    registrationsLeft: simulator.state().runners.length,
    instancesLeft,
    queueToStartMs: { p50: Math.round(queueToStartMs.median), p95: Math.round(queueToStartMs.p95) },
    wallMs: about.wallMs,
  };
}

/** The daemon's last words, since its log is removed with everything else. */
function logTail({ logFile }: Stage): string {
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-LOG_LINES);
  return ["the autoscaler's last log lines:", ...lines].join("\n");
}

/** The simulator is an optional dependency: a daemon does not need it. */
function loadSimulator(): Promise<typeof import("@scaleset/simulator")> {
  return import("@scaleset/simulator").catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    throw new Error("the demo needs @scaleset/simulator, which is not installed: npm install @scaleset/simulator", {
      cause: error,
    });
  });
}
