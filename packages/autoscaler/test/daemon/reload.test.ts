import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { stage, until } from "./stage.js";

const running = (here: { readonly simulator: { jobs(): readonly { readonly state: string }[] } }): number =>
  here.simulator.jobs().filter(({ state }) => state === "running").length;

test("a changed file takes effect at once: more runners for jobs that wait, and no running job is touched", async () => {
  const here = await stage({ maxRunners: 1 });
  const { simulator } = here;
  simulator.queueJobs(Array.from({ length: 3 }, () => ({ runsOn: ["linux-x64"], script: here.lasting })));
  const daemon = here.startDaemon();
  await until("the first job runs", () => running(here) === 1);
  here.configure(({ scaleSets }) => ({ scaleSets: scaleSets.map((set) => ({ ...set, maxRunners: 3 })) }));
  await until("the others run beside it", () => running(here) === 3);
  expect(simulator.summary()).toMatchObject({ succeeded: 0, lost: 0 });
  here.letJobsEnd();
  await until("every job has ended", () => simulator.summary().open === 0);
  expect(simulator.summary()).toMatchObject({ succeeded: 3, lost: 0, twice: 0 });
  expect(daemon.output()).toMatch(/"adjusted":\["linux-x64"\]/);
}, 60_000);

test("SIGHUP adds and removes scale sets: a removed one lets its busy runner end, keeps nothing else, and closes its session", async () => {
  const here = await stage({ maxRunners: 2 });
  const { simulator } = here;
  const job = simulator.queueJob({ runsOn: ["linux-x64"], script: here.lasting });
  const daemon = here.startDaemon();
  await until("the job runs", () => simulator.job(job.id)?.state === "running");
  here.configure(({ scaleSets }) => ({ scaleSets: scaleSets.map((set) => ({ ...set, name: "other" })) }));
  daemon.kill("SIGHUP");
  await until("the old set drains", () => /it drains/.test(daemon.output()));
  const next = simulator.queueJob({ runsOn: ["other"], script: "true" });
  await until("the new set works", () => simulator.job(next.id)?.result === "succeeded");
  here.letJobsEnd();
  await until("the old set is drained", () => /is drained/.test(daemon.output()));
  expect(simulator.job(job.id)).toMatchObject({ result: "succeeded", attempt: 1 });
  const sessions = simulator.state().scaleSets.filter(({ session }) => session !== undefined);
  expect(sessions.map(({ name }) => name)).toEqual(["other"]);
  await until("no instance is left", () => here.instances().length === 0);
  daemon.kill("SIGTERM");
  expect(await daemon.ended).toBe(0);
}, 60_000);

test("SIGHUP has a refused launch tried again at once, when what it lacked is there and the file is the same", async () => {
  const here = await stage({ maxRunners: 1 });
  const { simulator } = here;
  const [node, runner] = here.document().scaleSets[0]?.provisioner.process.command ?? [];
  const folder = join(dirname(here.config), "runner");
  writeFileSync(here.config, here.configText().replace(/"command":\[[^\]]*\]/, '"runner":{"folder":"./runner"}'));
  const daemon = here.startDaemon();
  const job = simulator.queueJob({ runsOn: ["linux-x64"], script: "true" });
  await until("the launch is refused", () => /create failed: /.test(daemon.output()));
  mkdirSync(folder);
  writeFileSync(join(folder, "run.sh"), `#!/bin/sh\nexec "${node}" "${runner}"\n`, { mode: 0o755 });
  daemon.kill("SIGHUP");
  await until("the job has run", () => simulator.job(job.id)?.result === "succeeded");
}, 60_000);

test("a bad file, and one that vanishes, leave the old config working and say so loudly, until it is mended", async () => {
  const here = await stage({ maxRunners: 1 });
  const { simulator } = here;
  const daemon = here.startDaemon();
  const works = async (): Promise<void> => {
    const { id } = simulator.queueJob({ runsOn: ["linux-x64"], script: "true" });
    await until("a job runs", () => simulator.job(id)?.result === "succeeded");
  };
  await works();

  const good = here.configText();
  writeFileSync(here.config, good.replace("maxRunners", "maxRuners"));
  await until("the slip is told", () => /unknown key .*maxRuners.*did you mean .*maxRunners/.test(daemon.output()));
  await until("it is said that the old one stays", () => /NOT taken/.test(daemon.output()));
  const told = await here.problems();
  expect(told).toContainEqual(expect.objectContaining({ code: "config-refused", level: "error" }));
  await works();

  rmSync(here.config);
  await until("it is said that there is none", () => /the config file does not exist/.test(daemon.output()));
  await works();

  // As an editor does: a new file takes the name.
  writeFileSync(`${here.config}.new`, good.replace('"maxRunners":1', '"maxRunners":2'));
  renameSync(`${here.config}.new`, here.config);
  await until("it is taken", () => /"adjusted":\["linux-x64"\]/.test(daemon.output()));
  expect(await here.problems()).toEqual([]);
  await works();
}, 90_000);

test("a changed token takes over the session without touching the running job", async () => {
  const here = await stage({ maxRunners: 1, sessionTimeoutMs: 60_000 });
  const { simulator } = here;
  const job = simulator.queueJob({ runsOn: ["linux-x64"], script: here.lasting });
  const daemon = here.startDaemon();
  await until("the job runs", () => simulator.job(job.id)?.state === "running");
  const { github } = here.document();
  writeFileSync(`${here.config}.token`, github.token ?? "", { mode: 0o600 });
  here.configure(() => ({ github: { url: github.url, tokenFile: `${here.config}.token` } }));
  await until("the set is held anew", () => /"restarted":\["linux-x64"\]/.test(daemon.output()));
  const next = simulator.queueJob({ runsOn: ["linux-x64"], script: "true" });
  here.letJobsEnd();
  await until("both jobs have ended", () => simulator.job(next.id)?.result === "succeeded");
  expect(simulator.job(job.id)).toMatchObject({ result: "succeeded", attempt: 1 });
  expect(simulator.summary()).toMatchObject({ lost: 0, twice: 0, lapsed: 0 });
}, 60_000);

test("a changed runner spec replaces idle runners one by one, and leaves the busy one", async () => {
  const here = await stage({ maxRunners: 3 });
  const { simulator } = here;
  here.configure(({ scaleSets }) => ({ scaleSets: scaleSets.map((set) => ({ ...set, minRunners: 2 })) }));
  const daemon = here.startDaemon();
  await until(
    "two runners are idle",
    () => simulator.state().runners.filter(({ state }) => state === "idle").length === 2,
  );
  const job = simulator.queueJob({ runsOn: ["linux-x64"], script: here.lasting });
  await until("the job runs", () => simulator.job(job.id)?.state === "running");
  const before = new Set(here.instances());
  const busy = simulator.job(job.id)?.runnerName ?? "";
  here.configure(({ scaleSets }) => ({
    scaleSets: scaleSets.map((set) => ({
      ...set,
      provisioner: { process: { ...set.provisioner.process, env: { GENERATION: "2" } } },
    })),
  }));
  await until("all but the busy one are new", () => {
    const old = here.instances().filter((name) => before.has(name));
    return old.length === 1 && old[0] === busy && here.instances().length >= 3;
  });
  expect(simulator.job(job.id)).toMatchObject({ state: "running", attempt: 1 });
  here.letJobsEnd();
  await until("the job has ended", () => simulator.job(job.id)?.result === "succeeded");
  daemon.kill("SIGTERM");
  expect(await daemon.ended).toBe(0);
}, 60_000);
