import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createSimulator, type Simulator } from "@scaleset/simulator";
import Docker from "dockerode";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(HERE, "../..");
const IMAGE = "scaleset-example-runner:latest";
const docker = new Docker({ socketPath: inject("engineHost").slice("unix://".length) });

/** A whole image in the official one's layout: this Node, a shell, and the simulated runner as run.sh. */
beforeAll(async () => {
  const programs = [process.execPath, "/bin/sh", "/bin/sleep"].map((path) =>
    execFileSync("readlink", ["-f", path], { encoding: "utf8" }).trim(),
  );
  const libraries = execFileSync("ldd", programs, { encoding: "utf8" }).match(/\/\S+\.so\S*/g) ?? [];
  const node = programs[0] ?? "";
  const script = `#!${programs[1]}\\nexec ${node} ${ROOT}/packages/simulator/dist/runner/main.js\\n`;
  const [dash = "", sleep = ""] = programs.slice(1);
  // Libraries are found by the paths they are asked for; links are followed, so that each is a file.
  const command = `
    set -e
    work=$(mktemp -d)
    mkdir -p "$work/home/runner" "$work/bin" "$work/tmp"
    printf '${script}' >"$work/home/runner/run.sh"
    chmod 755 "$work/home/runner/run.sh"
    cp ${dash} "$work/bin/sh"
    cp ${sleep} "$work/bin/sleep"
    tar -chf "$work/all.tar" ${[...new Set([...programs, ...libraries])].join(" ")} ${ROOT}/packages/simulator/dist ${ROOT}/packages/simulator/package.json ${ROOT}/node_modules/zod 2>/dev/null
    tar -rf "$work/all.tar" -C "$work" home bin tmp
    cat "$work/all.tar"
    rm -rf "$work"`;
  const tar = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "inherit"] });
  const stream = await docker.importImage(tar.stdout, {
    repo: IMAGE.split(":")[0],
    tag: "latest",
    changes: ["ENV PATH=/bin", "WORKDIR /home/runner"],
  });
  await new Promise<void>((done, failed) => {
    docker.modem.followProgress(stream, (error) => (error ? failed(error) : done()));
  });
}, 120_000);

const started: ChildProcess[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  for (const { Id } of await docker.listContainers({ all: true }))
    await docker.getContainer(Id).remove({ force: true, v: true });
});

afterAll(async () => {
  await docker.getImage(IMAGE).remove({ force: true });
});

interface Example {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  text(): string;
}

function run(simulator: Simulator, flags: readonly string[]): Example {
  const args = ["--url", simulator.configUrl(), "--name", "linux", "--runner-image", IMAGE, "--network", "host"];
  const child = spawn(process.execPath, [join(HERE, "dist/main.js"), ...args, ...flags], {
    env: { ...process.env, GITHUB_TOKEN: simulator.token, DOCKER_HOST: inject("engineHost") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  const exit = new Promise<number | null>((done) => child.once("exit", done));
  return { child, exit, text: () => printed };
}

async function until(simulator: Simulator, holds: () => boolean, example: Example): Promise<void> {
  await simulator.when(holds, { signal: AbortSignal.timeout(90_000) }).catch(() => {
    expect.fail(`${JSON.stringify(simulator.summary())}\n${example.text()}`);
  });
}

const containers = async (): Promise<number> => (await docker.listContainers({ all: true })).length;

test("it keeps containers ready, runs jobs beside them, and lets a busy one finish when it is told to end", async () => {
  await using simulator = createSimulator({ sessionTimeoutMs: 2_000 });
  await simulator.listen();
  const example = run(simulator, ["--min-runners", "1", "--max-runners", "4", "--log-format", "json"]);
  const idle = (): number => simulator.state().runners.filter(({ state }) => state === "idle").length;
  await until(simulator, () => idle() === 1, example);
  simulator.queueJobs(Array.from({ length: 8 }, () => ({ scaleSet: "linux", script: "sleep 0.2" })));
  let most = 0;
  const unsubscribe = simulator.onChange(() => {
    most = Math.max(most, simulator.state().runners.length);
  });
  await until(simulator, () => simulator.summary().succeeded === 8, example);
  unsubscribe();
  expect(most).toBeLessThanOrEqual(4);
  const long = simulator.queueJob({ scaleSet: "linux", script: "sleep 3" });
  await until(simulator, () => simulator.job(long.id)?.state === "running", example);
  const shown = JSON.stringify(
    await Promise.all((await docker.listContainers()).map(({ Id }) => docker.getContainer(Id).inspect())),
  );
  expect(shown).toContain("/home/runner/run.sh");
  expect(shown).not.toMatch(/eyJ[\w+/=]{50}/); // what every JIT config begins with
  example.child.kill("SIGTERM");
  expect(await example.exit, example.text()).toBe(0);
  expect(simulator.job(long.id)).toMatchObject({ result: "succeeded", attempt: 1 });
  expect(simulator.summary()).toMatchObject({ succeeded: 9, lost: 0, twice: 0, leaked: 0 });
  expect(simulator.state()).toMatchObject({ scaleSets: [{ name: "linux", session: undefined }], runners: [] });
  expect(await containers()).toBe(0);
  for (const line of example.text().trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("message");
}, 200_000);

test("killed in the middle, its containers work on, and the next start takes them over and leaves nothing", async () => {
  await using simulator = createSimulator({ sessionTimeoutMs: 2_000 });
  await simulator.listen();
  simulator.queueJobs(Array.from({ length: 8 }, () => ({ scaleSet: "linux", script: "sleep 2" })));
  const first = run(simulator, ["--max-runners", "3"]);
  await until(simulator, () => simulator.summary().succeeded >= 1 && simulator.state().jobs.running >= 2, first);
  first.child.kill("SIGKILL");
  await first.exit;
  const second = run(simulator, ["--max-runners", "3", "--delete-scale-set"]);
  await until(simulator, () => simulator.summary().open === 0, second);
  second.child.kill("SIGTERM");
  expect(await second.exit, second.text()).toBe(0);
  expect(simulator.summary()).toMatchObject({ succeeded: 8, lost: 0, twice: 0, leaked: 0 });
  expect(simulator.state()).toMatchObject({ scaleSets: [], runners: [] });
  expect(await containers()).toBe(0);
}, 200_000);

test("it says in a line that there is no engine, and makes no scale set", async () => {
  await using simulator = createSimulator();
  await simulator.listen();
  const child = spawn(
    process.execPath,
    [join(HERE, "dist/main.js"), "--url", simulator.configUrl(), "--name", "linux"],
    { env: { ...process.env, GITHUB_TOKEN: simulator.token, DOCKER_HOST: "unix:///no/such.sock" }, stdio: "pipe" },
  );
  started.push(child);
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  expect(await new Promise((done) => child.once("exit", done))).toBe(1);
  expect(printed).toMatch(/^error: connect ENOENT[^\n]*\n$/);
  expect(simulator.state().scaleSets).toEqual([]);
});
