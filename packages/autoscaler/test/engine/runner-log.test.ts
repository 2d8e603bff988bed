import { expect, test } from "vitest";
import { noJobs } from "../core/driver.js";
import { quiet, type StageOptions, stage, started } from "./stage.js";

/** A worker with one started runner, and what it logs from there on. */
async function working(options: StageOptions = {}) {
  const lines: string[] = [];
  const note = (level: string) => (data: object, message: string) => {
    if ("runner" in data) lines.push(`${level}: ${message.replaceAll(String(data.runner), "NAME")}`);
  };
  const logger = { ...quiet, info: note("info"), warn: note("warn"), error: note("error") };
  const played = stage({ onStart: () => new Promise(() => {}), ...options });
  const { clock, service, host, make, stop } = played;
  const running = make({ logger }).run({ signal: stop.signal });
  await clock.drain();
  service.open(1);
  await clock.runUntil(() => started(host) === 1);
  const [{ name } = { name: "" }] = host.instances();
  await clock.runFor(10_000);
  return {
    ...played,
    lines,
    name,
    hearStarted: () =>
      service.handler?.message({
        redelivered: false,
        statistics: { ...noJobs, assigned: 1, running: 1 },
        jobs: [{ kind: "started", jobId: "job-1", runnerName: name }],
      }),
    end: async () => {
      stop.abort();
      await clock.runUntilSettled(running, { limitMs: 60_000 });
    },
  };
}

test("why an idle runner went stands in the log with its name, since somebody may look for it", async () => {
  const { clock, service, lines, end } = await working({ timings: { surplusMs: 20_000 } });
  service.handler?.message({ redelivered: false, statistics: { ...noJobs, registered: 1, idle: 1 }, jobs: [] });
  await clock.runFor(22_000);
  expect(lines[0]).toBe("info: retire NAME: 1 live − 0 assigned − 0 min = 1 too many");
  await end();
});

test("a job that a limit ends by force is a warning", async () => {
  const { clock, hearStarted, lines, end } = await working({
    timings: { maxJobDurationMs: 20_000 },
  });
  hearStarted();
  await clock.runFor(21_000);
  expect(lines).toEqual(["warn: end NAME by force: its job worked longer than maxJobDurationMs allows"]);
  await end();
});

test("a removal that the service refuses is told: the runner stays, and somebody may wonder", async () => {
  const { clock, service, lines, end } = await working({ timings: { surplusMs: 20_000 } });
  service.deregister = async () => "busy";
  service.handler?.message({ redelivered: false, statistics: { ...noJobs, registered: 1, idle: 1 }, jobs: [] });
  await clock.runFor(22_000);
  expect(lines.slice(1)).toEqual(["info: it is not removed: the service says that it has a job"]);
  await end();
});

test("a runner that died under its job is a warning, once, with its exit code and its job", async () => {
  const { clock, service, host, hearStarted, name, lines, end } = await working();
  service.deregister = async () => "busy";
  hearStarted();
  await clock.runFor(5_000);
  host.exit(name, 137);
  await clock.runFor(40_000);
  expect(lines).toEqual([
    "warn: NAME ended with exit code 137 before its job did: the job fails once the service gives it up",
  ]);
  await end();
});

test("one that ended well while the news of its job is on the way is none, unless the service still says so when asked again", async () => {
  const { clock, service, host, hearStarted, name, lines, end } = await working();
  service.deregister = async () => "busy";
  hearStarted();
  host.exit(name, 0);
  await clock.runFor(3_000);
  expect(lines).toEqual([]);
  await clock.runFor(37_000);
  expect(lines).toEqual([
    "warn: NAME ended with exit code 0 before its job did: the job fails once the service gives it up",
  ]);
  await end();
});

test("of what a runner printed that did not come up the log has the end, and status all of it", async () => {
  const printed = Array.from({ length: 2_000 }, (_, line) => `line ${line}`).join("\n");
  const records: object[] = [];
  const { clock, service, host, make, stop } = stage({
    onStart: async (_name, _jitConfig, run) => {
      run.print(`${printed}\n`);
      return 1;
    },
  });
  service.knows = "present";
  const warn = (data: object): number => records.push(data);
  const worker = make({ logger: { ...quiet, warn } });
  const running = worker.run({ signal: stop.signal });
  await clock.drain();
  service.open(1);
  await clock.runUntil(() => records.length > 0, { limitMs: 20_000 });
  expect(records[0]).toMatchObject({ exitCode: 1, output: printed.split("\n").slice(-20).join("\n") });
  expect(worker.status().failedRunners[0]?.output).toContain("line 1700\n");
  stop.abort();
  await clock.runUntilSettled(running, { limitMs: 60_000 });
  expect(host.instances()).toEqual([]);
});
