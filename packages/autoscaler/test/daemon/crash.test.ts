import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Stage, stage, until } from "./stage.js";

async function allGone({ simulator, instances }: Stage): Promise<void> {
  await until("every job has ended", () => simulator.summary().open === 0);
  await until("no registration is left", () => simulator.state().runners.length === 0);
  await until("no instance is left", () => instances().length === 0);
}

test("killed in the middle, a daemon leaves its runners working, and the next one brings everything to its end", async () => {
  const here = await stage({ maxRunners: 4 });
  const { simulator } = here;
  const scripts = Array.from({ length: 12 }, (_, index) => (index % 4 === 3 ? here.lasting : "true"));
  simulator.queueJobs(scripts.map((script) => ({ runsOn: ["linux-x64"], script })));
  const first = here.startDaemon();
  await until("some jobs have run and others run", () => {
    const { succeeded } = simulator.summary();
    return succeeded >= 3 && simulator.state().jobs.running >= 2;
  });
  const atWork = simulator.jobs().filter(({ state }) => state === "running");
  first.kill("SIGKILL");
  expect(await first.ended).toBe("SIGKILL");

  const second = here.startDaemon();
  here.letJobsEnd();
  await allGone(here);
  const { succeeded, lost, twice, leaked, lapsed } = simulator.summary();
  expect({ succeeded, lost, twice, leaked, lapsed }).toEqual({
    succeeded: 12,
    lost: 0,
    twice: 0,
    leaked: 0,
    lapsed: 0,
  });
  for (const job of atWork) {
    expect(simulator.job(job.id)).toMatchObject({
      attempt: job.attempt,
      runnerName: job.runnerName,
      result: "succeeded",
    });
  }
  second.kill("SIGTERM");
  expect(await second.ended).toBe(0);
}, 90_000);

test("stopped by SIGTERM, it closes its session, keeps the scale set, and lets the busy runner work on", async () => {
  const here = await stage({ maxRunners: 2, sessionTimeoutMs: 60_000 });
  const { simulator } = here;
  const { id } = simulator.queueJob({ runsOn: ["linux-x64"], script: here.lasting });
  const first = here.startDaemon();
  await until("the job runs", () => simulator.job(id)?.state === "running");
  first.kill("SIGTERM");
  expect(await first.ended).toBe(0);
  expect(simulator.job(id)?.state).toBe("running");
  expect(simulator.state().scaleSets).toMatchObject([{ name: "linux-x64", session: undefined }]);
  here.letJobsEnd();
  await until("the job has ended", () => simulator.job(id)?.result === "succeeded");

  const second = here.startDaemon();
  await allGone(here);
  expect(simulator.summary()).toMatchObject({ succeeded: 1, lost: 0, twice: 0, leaked: 0 });
  second.kill("SIGTERM");
  expect(await second.ended).toBe(0);
}, 60_000);

test("a second daemon on the same state folder is refused, and the first works on", async () => {
  const here = await stage({ maxRunners: 1 });
  const first = here.startDaemon();
  await until("the first holds the session", () => here.simulator.state().scaleSets[0]?.session !== undefined);
  const second = here.startDaemon();
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain("another daemon");
  first.kill("SIGTERM");
  expect(await first.ended).toBe(0);
}, 30_000);

test("killed and started again, it serves within seconds, however long the service keeps a session", async () => {
  const here = await stage({ maxRunners: 2, sessionTimeoutMs: 600_000 });
  const { simulator } = here;
  const session = () => simulator.state().scaleSets[0]?.session?.sessionId;
  const first = here.startDaemon();
  await until("the first works with the session", () => session() !== undefined && here.records().length > 0);
  const old = session();
  first.kill("SIGKILL");
  await first.ended;
  const { id } = simulator.queueJob({ runsOn: ["linux-x64"], script: "true" });
  const startedAt = performance.now();
  const second = here.startDaemon();
  await until("the second holds a session", () => session() !== undefined && session() !== old);
  // On an idle machine; one that is busy with other tests is slower. `npm run two-daemons` measures.
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  await until("the job has run", () => simulator.job(id)?.result === "succeeded");
  second.kill("SIGTERM");
  expect(await second.ended).toBe(0);
  expect(here.records()).toEqual([]);
}, 30_000);

test.each([
  ["a record that is damaged", (text: string) => text.slice(0, 40), /the session record is ignored: it is damaged/],
  [
    "a record of another owner",
    (text: string) => text.replace('"test-daemon"', '"another"'),
    /the session record is ignored: it is of another owner/,
  ],
  [
    "a record from before a reboot",
    (text: string) => text.replace(/"bootId":"[^"]*"/, '"bootId":"earlier"'),
    /the session record is ignored: it is from before a restart/,
  ],
])(
  "with %s it starts, closes nothing, and waits for the session to end",
  async (_, damage, words) => {
    const here = await stage({ maxRunners: 1, sessionTimeoutMs: 6_000 });
    const { simulator } = here;
    const session = () => simulator.state().scaleSets[0]?.session?.sessionId;
    const first = here.startDaemon();
    await until("the first works with the session", () => session() !== undefined && here.records().length > 0);
    const old = session();
    first.kill("SIGKILL");
    await first.ended;
    const [record = ""] = here.records();
    writeFileSync(record, damage(readFileSync(record, "utf8")));
    const second = here.startDaemon();
    await until("the record is ignored", () => words.test(second.output()));
    await until("the second holds a session", () => session() !== undefined && session() !== old);
    const ends = simulator.journal.entries({ subject: "session" }).filter((entry) => entry.sessionId === old);
    expect(ends.map(({ event }) => event)).toContain("expired");
    expect(second.output().match(/the session record is ignored/g)).toHaveLength(1);
  },
  40_000,
);
