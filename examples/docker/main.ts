import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { parseArgs, styleText } from "node:util";
import {
  type Credentials,
  githubApp,
  isScaleSetError,
  Listener,
  personalAccessToken,
  ScaleSetClient,
} from "@scaleset/client";
import Docker from "dockerode";

// A complete autoscaler in one file: runners in containers of a Docker engine. It keeps `--min-runners` ready, starts more
// as jobs are assigned, and never takes a runner away without having asked the service first. What runs is in the engine,
// under labels; so it may be killed at any moment, and the next start goes on with what there is.

const USAGE = `usage: docker-example --url URL --name NAME [options] [-- COMMAND ARGUMENTS…]

  --url URL                  https://github.com/ORG, …/OWNER/REPO, …/enterprises/NAME, or the same on your own server
  --name NAME                name of the scale set, which workflows put into runs-on
  --labels A,B               labels, if they are to be others than the name
  --runner-group NAME        runner group (default: default)
  --min-runners N            runners to keep ready (0)
  --max-runners N            runners at most (10)
  --runner-image IMAGE       image of the runners (ghcr.io/actions/actions-runner:latest)
  --network NAME             network that they join (the engine's bridge)
  --log-level LEVEL          debug, info, warn or error (info)
  --log-format FORMAT        text or json (text)
  --delete-scale-set         delete the scale set at the end; by default it stays, and jobs wait for the next start

  --app-client-id ID         GitHub App; with --app-installation-id and --app-private-key (PEM, or a file that holds it)
  --token TOKEN              personal access token, in place of an App

Other users of this machine can read arguments. Better: APP_CLIENT_ID, APP_INSTALLATION_ID and APP_PRIVATE_KEY, or
GITHUB_TOKEN, in the environment. DOCKER_HOST names the engine. COMMAND is run in place of /home/runner/run.sh.`;

function refuse(what: string): never {
  console.error(`error: ${what}\n\n${USAGE}`);
  process.exit(2);
}

/** What can't work is told in a line; only what is our own mistake has a stack to show. */
process.on("uncaughtException", (error) => {
  console.error(isScaleSetError(error) || isEngineError(error) ? `error: ${error.message}` : error);
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
        "min-runners": { type: "string", default: "0" },
        "max-runners": { type: "string", default: "10" },
        "runner-image": { type: "string", default: "ghcr.io/actions/actions-runner:latest" },
        network: { type: "string" },
        "log-level": { type: "string", default: "info" },
        "log-format": { type: "string", default: "text" },
        "delete-scale-set": { type: "boolean", default: false },
        "app-client-id": { type: "string" },
        "app-installation-id": { type: "string" },
        "app-private-key": { type: "string" },
        token: { type: "string" },
      },
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const { values: flags, positionals } = readFlags();
const url = flags.url ?? refuse("--url is missing");
const scaleSetName = flags.name ?? refuse("--name is missing");
const [min, max] = [Number(flags["min-runners"]), Number(flags["max-runners"])];
if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max < 1 || min > max) {
  refuse("--min-runners and --max-runners must be whole numbers with 0 <= min <= max, and max above 0");
}
const levels = ["debug", "info", "warn", "error"];
if (!levels.includes(flags["log-level"])) refuse(`--log-level must be one of ${levels.join(", ")}`);
if (!["text", "json"].includes(flags["log-format"])) refuse("--log-format must be text or json");

function credentials(): Credentials {
  const { GITHUB_TOKEN, APP_CLIENT_ID, APP_INSTALLATION_ID, APP_PRIVATE_KEY } = process.env;
  const clientId = flags["app-client-id"] ?? APP_CLIENT_ID;
  const token = flags.token ?? GITHUB_TOKEN;
  if (clientId === undefined) return personalAccessToken(token ?? refuse("no credentials: --app-client-id or --token"));
  const key = flags["app-private-key"] ?? APP_PRIVATE_KEY ?? refuse("--app-private-key is missing");
  const privateKey = key.includes("-----BEGIN") ? key : readFileSync(key, "utf8");
  return githubApp({ clientId, installationId: flags["app-installation-id"] ?? APP_INSTALLATION_ID, privateKey });
}

function log(level: "debug" | "info" | "warn" | "error", message: string, data: object = {}): void {
  if (levels.indexOf(level) < levels.indexOf(flags["log-level"])) return;
  if (flags["log-format"] === "json") console.log(JSON.stringify({ time: new Date(), level, message, ...data }));
  else
    console.log(
      styleText(level === "warn" || level === "error" ? "yellow" : "dim", level),
      message,
      ...Object.values(data),
    );
}

interface Runner {
  readonly name: string;
  /** Of its registration; unknown for one of an earlier life whose registration is gone. */
  readonly id: number | undefined;
  readonly container: Docker.Container;
  /** `idle` is a guess until the service is asked; `done` had its job, and will not take another one. */
  state: "idle" | "busy" | "done" | "retiring";
}

/**
 * Reads the JIT config from standard input and becomes the runner: so it is never in what `docker inspect` shows, nor in
 * an argument, nor on disk.
 */
const ENTRY = `IFS= read -r jit || exit 78
export ACTIONS_RUNNER_INPUT_JITCONFIG="$jit"
unset jit
exec "$@" </dev/null`;
const SURPLUS_MS = 30_000;
const LOOK_AGAIN_MS = 5_000;
const LABEL = "scaleset-example";

const docker = new Docker();
const client = new ScaleSetClient({
  configUrl: url,
  credentials: credentials(),
  systemInfo: { system: "docker-example" },
});
const runners = new Map<string, Runner>();
let launching = 0;
let target = min;
let surplusSince: number | undefined;
let pausedUntil = 0;
let stopping = false;
let adopted: Promise<void> | undefined;
const clearing: Promise<void>[] = [];

await makeSureOfImage(flags["runner-image"]);
const group = await client.getRunnerGroupByName(flags["runner-group"]);
const labels = flags.labels?.split(",").map((label) => label.trim());
const set = await client.ensureRunnerScaleSet({ name: scaleSetName, runnerGroupId: group.id, labels });
for (const { field, wanted, actual } of set.drift) log("warn", "the service ignored", { field, wanted, actual });
const ours = `${url}#${scaleSetName}`;

async function makeSureOfImage(image: string): Promise<void> {
  const known = await docker
    .getImage(image)
    .inspect()
    .catch((error: unknown) => {
      if (isEngineError(error) && error.statusCode === 404) return undefined;
      throw error;
    });
  if (known !== undefined) return;
  log("info", "pulling", { image });
  const stream = await docker.pull(image);
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
  });
}

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

/** The container first, inert, then its registration: whatever breaks in between, the next start finds it. */
async function launch(): Promise<void> {
  launching += 1;
  // Random, and never used twice: a lost answer must not be asked for again under the same name.
  const name = `${scaleSetName}-${randomUUID().slice(0, 8)}`;
  try {
    const container = await docker.createContainer({
      name,
      Image: flags["runner-image"],
      Entrypoint: ["/bin/sh", "-c", ENTRY, "runner"],
      Cmd: positionals.length > 0 ? positionals : ["/home/runner/run.sh"],
      Labels: { [LABEL]: ours },
      OpenStdin: true,
      StdinOnce: true,
      HostConfig: flags.network === undefined ? {} : { NetworkMode: flags.network },
    });
    const { runner, encodedJitConfig } = await client.generateJitRunnerConfig(set.id, { name });
    const input = await container.attach({ stream: true, stdin: true, hijack: true });
    await container.start();
    input.on("error", () => {});
    input.end(`${encodedJitConfig.reveal()}\n`);
    follow({ name, id: runner.id, container, state: "idle" });
    log("info", "runner started", { name });
  } catch (error) {
    log("warn", "runner not started", { name, error: String(error) });
    pausedUntil = performance.now() + LOOK_AGAIN_MS;
    await clearAway(name);
  } finally {
    launching -= 1;
  }
}

/** Keeps an eye on a container until it ends, also over a restart of the engine. */
function follow(runner: Runner): void {
  runners.set(runner.name, runner);
  void (async () => {
    let how = "its container is gone";
    for (let there = true; there; ) {
      try {
        const { StatusCode } = await runner.container.wait();
        how = `exit code ${StatusCode}`;
        there = false;
      } catch (error) {
        there = !(isEngineError(error) && error.statusCode === 404);
        if (there) log("warn", "the engine gives no answer", { error: String(error) });
        if (there) await client.clock.sleep(LOOK_AGAIN_MS);
      }
    }
    log("info", "runner ended", { name: runner.name, how });
    await clearAway(runner.name);
    runners.delete(runner.name);
    if (runner.state === "idle") pausedUntil = performance.now() + LOOK_AGAIN_MS;
    // After a job the next reading decides: the one we have still counts that job.
    if (runner.state !== "busy") reconcile();
  })();
}

/** The registration first, the container last: as long as that is there, the next start can find what is left. */
async function clearAway(name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const found = await client.getRunnerByName(name);
      if (found !== undefined) await client.removeRunner(found.id);
      await docker.getContainer(name).remove({ v: true, force: true });
      return;
    } catch (error) {
      if (isEngineError(error) && error.statusCode === 404) return;
      if (isScaleSetError(error, "RUNNER_NOT_FOUND")) continue;
      log("warn", "not cleared away yet", { name, error: String(error) });
      await client.clock.sleep(Math.min(60_000, 1_000 * attempt));
      if (stopping && attempt >= 5) return;
    }
  }
}

/** The service is asked first: whoever has just got a job stays. */
async function retire(runner: Runner): Promise<void> {
  if (runner.id === undefined) return;
  runner.state = "retiring";
  try {
    await client.removeRunner(runner.id);
    log("info", "runner not needed", { name: runner.name });
    await runner.container.stop();
  } catch (error) {
    if (isScaleSetError(error, "JOB_STILL_RUNNING")) runner.state = "busy";
    // Not found: its job is just over, or it ends by itself. Either way there is nothing to take away.
    else if (!isScaleSetError(error, "RUNNER_NOT_FOUND") && !isEngineError(error)) runner.state = "idle";
  }
}

/** Goes on with what an earlier life left: what runs is followed, what never ran or has ended is cleared away. */
async function adopt(): Promise<void> {
  const filters = { label: [`${LABEL}=${ours}`] };
  for (const { Id, Names, State } of await docker.listContainers({ all: true, filters })) {
    const name = (Names[0] ?? "").slice(1);
    if (State !== "running" && State !== "paused") {
      clearing.push(clearAway(name));
      continue;
    }
    const found = await client.getRunnerByName(name);
    log("info", "runner of an earlier start", { name });
    follow({ name, id: found?.id, container: docker.getContainer(Id), state: found === undefined ? "done" : "idle" });
  }
}

/** A message can come twice, late, or name a runner that we don't know: none of that is an error. */
function mark(name: string, state: Runner["state"]): void {
  const runner = runners.get(name);
  if (runner === undefined) log("debug", "a job of a runner that is not here", { name });
  else if (runner.state !== "done") runner.state = state;
}

function isEngineError(error: unknown): error is Error & { readonly statusCode?: number } {
  return error instanceof Error && ("statusCode" in error || ("syscall" in error && error.syscall === "connect"));
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
    onStatistics: async ({ totalAssignedJobs }) => {
      // Only whoever holds the session may touch what is there.
      adopted ??= adopt();
      await adopted;
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
      log("warn", "leaving what still runs to the next start", { runners: runners.size });
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
await Promise.all(clearing);
if (flags["delete-scale-set"]) await client.deleteRunnerScaleSet(set.id);
await client.close();
