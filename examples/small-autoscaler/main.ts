import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, styleText } from "node:util";
import {
  type Credentials,
  githubApp,
  isScaleSetError,
  Listener,
  personalAccessToken,
  ScaleSetClient,
} from "@scaleset/client";

// A complete autoscaler in one file. It keeps `--min` runners ready, starts more as jobs are assigned, and never takes a
// runner away without having asked the service first. What runs is kept in memory alone: see the README for what that costs.

const USAGE = `usage: small-autoscaler --url URL --name NAME [options] [-- COMMAND ARGUMENTS…]

  --url URL              https://github.com/ORG, …/OWNER/REPO, …/enterprises/NAME, or the same on your own server
  --name NAME            name of the scale set, which workflows put into runs-on
  --labels A,B           labels, if they are to be others than the name
  --runner-group NAME    runner group (default: default)
  --min N, --max N       runners to keep ready (0), and at most (10)
  --runner-folder DIR    the unpacked actions runner; each runner gets a copy of it, and its ./run.sh is started
  --log-format FORMAT    text or json (text)
  --delete-scale-set     delete the scale set at the end; by default it stays, and jobs wait for the next start

Credentials come from the environment: GITHUB_TOKEN; or APP_CLIENT_ID, APP_INSTALLATION_ID and APP_PRIVATE_KEY.`;

function refuse(what: string): never {
  console.error(`error: ${what}\n\n${USAGE}`);
  process.exit(2);
}

/** What can't work is told in a line; only what is our own mistake has a stack to show. */
process.on("uncaughtException", (error) => {
  console.error(isScaleSetError(error) ? `error: ${error.message}` : error);
  process.exit(1);
});

function readFlags() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        url: { type: "string" },
        name: { type: "string" },
        labels: { type: "string" },
        "runner-group": { type: "string", default: "default" },
        min: { type: "string", default: "0" },
        max: { type: "string", default: "10" },
        "runner-folder": { type: "string" },
        "log-format": { type: "string", default: "text" },
        "delete-scale-set": { type: "boolean", default: false },
      },
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const { values: flags, positionals } = readFlags();

function credentials(): Credentials {
  const { GITHUB_TOKEN, APP_CLIENT_ID, APP_INSTALLATION_ID, APP_PRIVATE_KEY } = process.env;
  if (APP_CLIENT_ID !== undefined && APP_PRIVATE_KEY !== undefined) {
    return githubApp({ clientId: APP_CLIENT_ID, installationId: APP_INSTALLATION_ID, privateKey: APP_PRIVATE_KEY });
  }
  return personalAccessToken(GITHUB_TOKEN ?? refuse("no credentials in the environment"));
}

const url = flags.url ?? refuse("--url is missing");
const scaleSetName = flags.name ?? refuse("--name is missing");
const [min, max] = [Number(flags.min), Number(flags.max)];
if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max < 1 || min > max) {
  refuse("--min and --max must be whole numbers with 0 <= min <= max, and max above 0");
}
const runnerFolder = flags["runner-folder"];
const [command, ...args] = positionals.length > 0 ? positionals : ["./run.sh"];
if (command === undefined || (positionals.length === 0 && runnerFolder === undefined)) {
  refuse("say what to run: --runner-folder, or a command after --");
}

function log(level: "info" | "warn" | "error", message: string, data: object = {}): void {
  if (flags["log-format"] === "json") console.log(JSON.stringify({ time: new Date(), level, message, ...data }));
  else console.log(styleText(level === "info" ? "dim" : "yellow", level), message, ...Object.values(data));
}

interface Runner {
  readonly name: string;
  readonly id: number;
  readonly process: ChildProcess;
  /** `idle` is a guess until the service is asked; `done` had its job, and will not take another one. */
  state: "idle" | "busy" | "done" | "retiring";
}

const SURPLUS_MS = 30_000;
const LOOK_AGAIN_MS = 5_000;
const client = new ScaleSetClient({
  configUrl: url,
  credentials: credentials(),
  systemInfo: { system: "small-autoscaler" },
});
const runners = new Map<string, Runner>();
let launching = 0;
let target = min;
let surplusSince: number | undefined;
let pausedUntil = 0;
let stopping = false;

const group = await client.getRunnerGroupByName(flags["runner-group"]);
const labels = flags.labels?.split(",").map((label) => label.trim());
const set = await client.ensureRunnerScaleSet({ name: scaleSetName, runnerGroupId: group.id, labels });
for (const { field, wanted, actual } of set.drift) log("warn", "the service ignored", { field, wanted, actual });

/** Brings what runs to what is wanted. Called whenever either may have changed, and now and then besides. */
function reconcile(): void {
  const able = [...runners.values()].filter(({ state }) => state === "idle" || state === "busy").length;
  if (!stopping && performance.now() >= pausedUntil) {
    // `runners` also holds those that are about to end: together they never pass the maximum.
    const missing = Math.min(target - able, max - runners.size) - launching;
    for (let i = 0; i < missing; i++) void launch();
  }
  const surplus = able - target;
  if (surplus <= 0) surplusSince = undefined;
  else surplusSince ??= performance.now();
  if (surplusSince === undefined || performance.now() - surplusSince < SURPLUS_MS) return;
  for (const runner of [...runners.values()].filter(({ state }) => state === "idle").slice(0, surplus))
    void retire(runner);
}

async function launch(): Promise<void> {
  launching += 1;
  // Random, and never used twice: a lost answer must not be asked for again under the same name.
  const name = `${scaleSetName}-${randomUUID().slice(0, 8)}`;
  try {
    const { runner, encodedJitConfig } = await client.generateJitRunnerConfig(set.id, { name });
    const folder = await mkdtemp(join(tmpdir(), `${name}-`));
    if (runnerFolder !== undefined) await cp(runnerFolder, folder, { recursive: true });
    // Jobs are strangers' code: they see none of our environment but this.
    const { PATH, HOME, LANG } = process.env;
    const env = { PATH, HOME, LANG, ACTIONS_RUNNER_INPUT_JITCONFIG: encodedJitConfig.reveal() };
    const started = spawn(command ?? "./run.sh", args, { cwd: folder, env, stdio: "ignore", detached: true });
    runners.set(name, { name, id: runner.id, process: started, state: "idle" });
    started.once("error", (error) => void ended(name, folder, error.message));
    started.once("exit", (code) => void ended(name, folder, `exit code ${code}`));
    log("info", "runner started", { name });
  } catch (error) {
    log("warn", "runner not started", { name, error: String(error) });
    pausedUntil = performance.now() + LOOK_AGAIN_MS;
    await deregister(name);
  } finally {
    launching -= 1;
  }
}

async function ended(name: string, folder: string, how: string): Promise<void> {
  const runner = runners.get(name);
  if (runner === undefined) return;
  log("info", "runner ended", { name, how });
  // Usually gone with its job; one that never had a job would be left behind.
  await deregister(name);
  await rm(folder, { recursive: true, force: true }).catch(() => {});
  runners.delete(name);
  if (runner.state === "idle") pausedUntil = performance.now() + LOOK_AGAIN_MS;
  // After a job the next reading decides: the one we have still counts that job.
  if (runner.state !== "busy") reconcile();
}

/** The service is asked first: whoever has just got a job stays. */
async function retire(runner: Runner): Promise<void> {
  runner.state = "retiring";
  try {
    await client.removeRunner(runner.id);
    log("info", "runner not needed", { name: runner.name });
    kill(runner);
  } catch (error) {
    if (isScaleSetError(error, "JOB_STILL_RUNNING")) runner.state = "busy";
    else if (!isScaleSetError(error, "RUNNER_NOT_FOUND")) runner.state = "idle";
    // Not found: its job is just over, or it ends by itself. Either way there is nothing to take away.
  }
}

async function deregister(name: string): Promise<void> {
  for (let attempt = 1; attempt <= 5; attempt++) {
    try {
      const found = await client.getRunnerByName(name);
      if (found !== undefined) await client.removeRunner(found.id);
      return;
    } catch (error) {
      if (isScaleSetError(error, "RUNNER_NOT_FOUND")) return;
      log("warn", "registration not removed yet", { name, error: String(error) });
      await client.clock.sleep(1_000 * attempt);
    }
  }
}

/** A runner is the leader of its own group, so that what it started ends with it. */
function kill({ process: { pid } }: Runner, signal: NodeJS.Signals = "SIGTERM"): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** A message can come twice, late, or name a runner of another process: none of that is an error. */
function mark(name: string, state: Runner["state"]): void {
  const runner = runners.get(name);
  if (runner === undefined) return;
  if (runner.state !== "done") runner.state = state;
}

const listener = new Listener({
  client,
  scaleSet: { name: scaleSetName, runnerGroupId: group.id, id: set.id },
  owner: `${hostname()}/${scaleSetName}`,
  maxCapacity: max,
  handler: {
    onMessage: ({ jobs }) => {
      for (const job of jobs) {
        if (job.messageType === "JobStarted") mark(job.runnerName, "busy");
        else if (job.messageType === "JobCompleted") mark(job.runnerName, "done");
      }
    },
    onStatistics: ({ totalAssignedJobs }) => {
      target = Math.min(max, min + totalAssignedJobs);
      reconcile();
      return target;
    },
  },
  observer: {
    onState: (state) => {
      if (state.state === "standby") log("warn", "another process holds the session", { holder: state.holder });
      else if (state.state === "waiting") log("warn", "no session yet", { reason: state.reason });
    },
    onDesiredCount: ({ count }) => log("info", "runners wanted", { count }),
    onJobStarted: ({ job }) => log("info", "job started", { job: job.jobDisplayName, runner: job.runnerName }),
    onJobCompleted: ({ job }) => log("info", "job completed", { job: job.jobDisplayName, result: job.result }),
  },
});

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    if (stopping) {
      log("warn", "killing what still runs");
      for (const runner of runners.values()) kill(runner, "SIGKILL");
      process.exit(1);
    }
    stopping = true;
    stop.abort();
  });
}

log("info", "listening", { scaleSet: set.id });
const looking = setInterval(reconcile, LOOK_AGAIN_MS);
await listener.run({ signal: stop.signal });
clearInterval(looking);

log("info", "session closed, waiting for jobs to end", { runners: runners.size });
while (runners.size > 0 || launching > 0) {
  await Promise.all([...runners.values()].filter(({ state }) => state === "idle").map(retire));
  await client.clock.sleep(200);
}
if (flags["delete-scale-set"]) await client.deleteRunnerScaleSet(set.id);
await client.close();
