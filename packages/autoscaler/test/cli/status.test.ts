import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSimulator, type Simulator, simulatedRunnerPath } from "@scaleset/simulator";
import { expect, onTestFinished, test } from "vitest";
import { run, type Started, start, testFolder } from "./program.js";

/** Built, since it runs as a program of its own. */
const runner = simulatedRunnerPath.replace("/src/", "/dist/").replace(/\.ts$/, ".js");

/** A simulator, and a folder with a config file for it whose token is in the environment of the daemon alone. */
async function stage(): Promise<{ readonly cwd: string; readonly simulator: Simulator; daemon(): Started }> {
  const cwd = testFolder();
  const simulator = createSimulator({ sessionTimeoutMs: 2_000 });
  await simulator.listen();
  onTestFinished(() => simulator.close());
  const provisioner = { process: { command: [process.execPath, runner] } };
  writeFileSync(
    join(cwd, "scaleset.yaml"),
    JSON.stringify({
      github: { url: simulator.configUrl("my-org"), token: `\${STATUS_TEST_TOKEN}` },
      owner: "host-1",
      stateFolder: "state",
      scaleSets: [{ name: "linux-x64", maxRunners: 1, provisioner }],
    }),
  );
  const env = { STATUS_TEST_TOKEN: simulator.token };
  return { cwd, simulator, daemon: () => start(["run", "--config", "scaleset.yaml"], { cwd, env }) };
}

const status = (cwd: string, ...flags: string[]) => run(["status", "--config", "scaleset.yaml", ...flags], { cwd });

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await holds()); turn++) if (turn > 60) throw new Error(`it took too long until ${what}`);
}

test("asked without the daemon's secrets, it shows jobs against runners; a killed daemon is said to be gone, and the next one answers", async () => {
  const { cwd, simulator, daemon } = await stage();
  const none = await status(cwd);
  expect(none).toMatchObject({ code: 6, stdout: "" });
  expect(none.stderr).toContain(`no daemon runs: there is no socket ${join(cwd, "state/run/status.sock")}`);

  const first = daemon();
  const queued = { runsOn: ["linux-x64"], script: "sleep 60" };
  await until("the session is held", async () => /linux-x64 +holding/.test((await status(cwd)).stdout));
  simulator.queueJobs([queued, queued, queued]);
  await until("a job runs", async () => (await status(cwd, "--runners")).stdout.includes("busy"));
  const busy = await status(cwd, "--runners");
  expect(busy.code).toBe(0);
  expect(busy.stdout).toMatch(/linux-x64 +holding +0 +1 +1\/1 +1 +0 +0 +0/);
  expect(busy.stdout).toContain("as many runners are wanted as there may be (1)");
  expect(busy.stdout).toMatch(/linux-x64-\w+ +busy +started +\d+ s {2}job /);

  const json = JSON.parse((await status(cwd, "--json")).stdout);
  expect(json).toMatchObject({ schema: 1, owner: "host-1", state: "running", totals: { assigned: 1, busy: 1 } });
  expect(JSON.stringify(json)).not.toContain(simulator.token);

  first.process.kill("SIGKILL");
  await first.ended;
  const gone = await status(cwd);
  expect(gone.code).toBe(6);
  expect(gone.stderr).toMatch(/no daemon runs: the one that made .* has ended without removing it/);

  const second = daemon();
  await until("the next one has adopted it", async () => (await status(cwd)).stdout.includes("1/1"));
  second.process.kill("SIGTERM");
  await second.ended;
  expect(await status(cwd)).toMatchObject({ code: 6, stdout: "" });
}, 60_000);

test("a daemon whose service can't be reached says what is wrong and what to do, and the exit code says so", async () => {
  const { cwd, simulator, daemon } = await stage();
  await simulator.close();
  daemon();
  await until("the trouble is told", async () => (await status(cwd)).code === 5);
  const { stdout } = await status(cwd);
  expect(stdout).toMatch(/ERROR {3}linux-x64: the service: .*ECONNREFUSED/);
  expect(stdout).toMatch(/do: it tries again by itself/);
  expect(await status(cwd, "--json")).toMatchObject({ code: 5 });
});

test("watched, it goes on while daemons come and go, and ends with 0 when it is told to", async () => {
  const { cwd, daemon } = await stage();
  const watch = start(["status", "--socket", "state/run/status.sock", "--watch", "--interval", "1"], { cwd });
  await watch.says(/no daemon runs/);
  daemon();
  await watch.says(/linux-x64 +holding/);
  watch.process.kill("SIGINT");
  expect(await watch.ended).toBe(0);
});

test("watched, it ends once nobody reads it any more", async () => {
  const { cwd, daemon } = await stage();
  const watch = start(["status", "--socket", "state/run/status.sock", "--watch", "--interval", "1"], { cwd });
  daemon();
  await watch.says(/SCALE SET/);
  watch.process.stdout?.destroy();
  expect(await watch.ended).toBe(0);
});

test("where the status socket can't be opened, the daemon says so and works all the same", async () => {
  const { cwd, simulator, daemon } = await stage();
  const first = daemon();
  await until("the folder is there", async () => (await status(cwd)).code !== 6);
  first.process.kill("SIGTERM");
  await first.ended;
  rmSync(join(cwd, "state/run"), { recursive: true });
  writeFileSync(join(cwd, "state/run"), "mine");
  const second = daemon();
  await second.says(/scaleset status can't ask this daemon/);
  const { id } = simulator.queueJob({ runsOn: ["linux-x64"], script: "true" });
  await expect.poll(() => simulator.job(id)?.result, { timeout: 15_000 }).toBe("succeeded");
});

test("a config file that can't be read is said with what to do", async () => {
  const { code, stderr } = await run(["status", "--config", "nowhere.yaml"], { cwd: testFolder() });
  expect(code).toBe(2);
  expect(stderr).toContain("the config file does not exist");
});
