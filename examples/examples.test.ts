import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSimulator, simulatedRunnerPath } from "@scaleset/simulator";
import { afterEach, expect, test } from "vitest";

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const started: ChildProcess[] = [];
const folders: string[] = [];

/** An example as a process; what it prints is kept for when it goes wrong. */
function run(file: string, args: readonly string[], env: Record<string, string> = {}) {
  const { PATH = "", HOME = "" } = process.env;
  // The official runner and ours work below the folder they are started in.
  const cwd = mkdtempSync(join(tmpdir(), "example-"));
  const child = spawn(process.execPath, [path(file), ...args], { cwd, env: { PATH, HOME, ...env } });
  started.push(child);
  folders.push(cwd);
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => printed.push(String(chunk)));
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { child, exit, text: () => printed.join("") };
}

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const within = (): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(15_000) });

test("the polling loop runs jobs that waited and jobs that come, and ends with its session closed", async () => {
  await using simulator = createSimulator();
  await simulator.listen();
  const env = { CONFIG_URL: simulator.configUrl(), GITHUB_TOKEN: simulator.token };
  simulator.queueJobs(Array.from({ length: 3 }, () => ({ scaleSet: "polling-loop", durationMs: 50 })));
  const example = run("polling-loop/dist/main.js", [process.execPath, simulatedRunnerPath], env);
  await simulator.when(() => simulator.summary().succeeded === 3, within()).catch(() => expect.fail(example.text()));
  simulator.queueJob({ scaleSet: "polling-loop", script: "echo hello" });
  await simulator.when(() => simulator.summary().succeeded === 4, within()).catch(() => expect.fail(example.text()));
  example.child.kill("SIGTERM");
  expect(await example.exit, example.text()).toBe(0);
  expect(simulator.state().scaleSets[0]?.session).toBeUndefined();
  expect(simulator.summary()).toMatchObject({ lost: 0, twice: 0, leaked: 0, registrations: 4 });
});

test("the small autoscaler keeps runners ready, runs jobs beside them, and lets a busy one finish when it is told to end", async () => {
  await using simulator = createSimulator();
  await simulator.listen();
  const args = ["--url", simulator.configUrl(), "--name", "linux", "--min", "2", "--max", "5", "--log-format", "json"];
  const example = run("small-autoscaler/dist/main.js", [...args, "--", process.execPath, simulatedRunnerPath], {
    GITHUB_TOKEN: simulator.token,
  });
  const idle = (): number => simulator.state().runners.filter(({ state }) => state === "idle").length;
  await simulator.when(() => idle() === 2, within()).catch(() => expect.fail(example.text()));
  simulator.queueJobs(Array.from({ length: 12 }, () => ({ scaleSet: "linux", durationMs: 100 })));
  let most = 0;
  const unsubscribe = simulator.onChange(() => {
    most = Math.max(most, simulator.state().runners.length);
  });
  await simulator.when(() => simulator.summary().succeeded === 12, within()).catch(() => expect.fail(example.text()));
  unsubscribe();
  expect(most).toBeLessThanOrEqual(5);
  await simulator.when(() => idle() === 2, within()).catch(() => expect.fail(example.text()));

  const long = simulator.queueJob({ scaleSet: "linux", durationMs: 1_500 });
  await simulator.when(() => simulator.job(long.id)?.state === "running", within());
  example.child.kill("SIGTERM");
  expect(await example.exit, example.text()).toBe(0);
  expect(simulator.job(long.id)).toMatchObject({ result: "succeeded", attempt: 1 });
  expect(simulator.summary()).toMatchObject({ succeeded: 13, lost: 0, twice: 0, leaked: 0 });
  expect(simulator.state()).toMatchObject({ scaleSets: [{ name: "linux", session: undefined }], runners: [] });
});

test("the small autoscaler removes the registration of a runner that can't be started, and does not storm", async () => {
  await using simulator = createSimulator();
  await simulator.listen();
  const args = ["--url", simulator.configUrl(), "--name", "linux", "--max", "3"];
  const example = run("small-autoscaler/dist/main.js", [...args, "--", "/no/such/runner"], {
    GITHUB_TOKEN: simulator.token,
  });
  simulator.queueJob({ scaleSet: "linux" });
  const count = (): number => simulator.summary().registrations;
  await simulator.when(() => count() > 0 && simulator.state().runners.length === 0, within());
  example.child.kill("SIGTERM");
  expect(await example.exit, example.text()).toBe(0);
  expect(count()).toBeLessThanOrEqual(2);
});

test("the small autoscaler says in a line what can't work, without a stack", async () => {
  const args = ["--url", "https://github.com/a/b/c", "--name", "y", "--", "true"];
  const example = run("small-autoscaler/dist/main.js", args, { GITHUB_TOKEN: "x" });
  expect(await example.exit).toBe(1);
  expect(example.text()).toMatch(/^error: the config URL can't be used[^\n]*\n$/);
});

test.each([
  [[], "--url is missing"],
  [["--nope"], "Unknown option '--nope'"],
  [["--url", "https://github.com/x", "--name", "y", "--min", "5", "--max", "2"], "--min and --max"],
  [["--url", "https://github.com/x", "--name", "y"], "say what to run"],
  [["--url", "https://github.com/x", "--name", "y", "--", "true"], "no credentials"],
])("the small autoscaler refuses %j and says why", async (args, why) => {
  const example = run("small-autoscaler/dist/main.js", args);
  expect(await example.exit).toBe(2);
  expect(example.text()).toContain(why);
});
