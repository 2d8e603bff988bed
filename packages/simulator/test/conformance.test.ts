import { type CheckName, checks, readScenario } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { LittleAutoscaler, type Wrong } from "./kit/little-autoscaler.js";
import { world } from "./raw-client.js";

/** Half an hour of a little autoscaler: a burst, then a job now and then. */
async function halfAnHour(wrong?: Wrong) {
  const it = await world();
  using checker = it.simulator.check();
  const stop = new AbortController();
  const running = new LittleAutoscaler(it, { wrong }).run(stop.signal);
  await it.clock.runFor(wrong === "acknowledges what it has not seen" ? 0 : 5_000);
  it.simulator.queueJobs(Array.from({ length: 60 }, () => ({ runsOn: "linux", durationMs: 20_000 })));
  for (let minute = 0; minute < 30; minute++) {
    await it.clock.runFor(60_000);
    const [id] = it.simulator.jobs().flatMap((job) => (job.state === "assigned" ? [job.id] : []));
    // A job that is cancelled before it runs leaves a runner idle.
    if (id !== undefined && wrong !== "never launches") it.simulator.cancelJob(id);
  }
  stop.abort(new Error("the half hour is over"));
  await it.clock.runUntilSettled(running.catch(() => undefined));
  await it.clock.runFor(180_000);
  checker.finish(it.clock.now(), { jobsLeft: it.simulator.summary().open });
  await it.simulator.close();
  return checker;
}

test("a little autoscaler that does nothing wrong breaks no check", async () => {
  const { violations, seen } = await halfAnHour();
  expect(violations).toEqual([]);
  expect(seen).toBeGreaterThan(1_000);
});

const wrongs: Record<Exclude<CheckName, "jobs-left">, Wrong> = {
  "busy-runner-killed": "kills busy runners",
  "destroyed-before-deregistered": "destroys before it deregisters",
  "over-capacity": "launches more than it announced",
  "demand-unserved": "never launches",
  "registration-leaked": "asks for configs and starts nothing",
  "jit-config-reused": "starts each config twice",
  "name-reused": "asks for the same name again",
  "acknowledged-unseen": "acknowledges what it has not seen",
  "never-acknowledged": "never acknowledges",
  "session-abandoned": "walks away",
  "never-came-back": "closes its session and stays away",
  "request-storm": "hammers at a conflict",
  "capacity-not-announced": "announces its free slots",
  "acted-without-session": "launches without a session",
  "malformed-request": "sends nonsense",
  "launch-loop": "starts outdated runners again and again",
};

test.each(Object.entries(wrongs))("%s bites one that %s", async (check, wrong) => {
  const { violations, counts } = await halfAnHour(wrong);
  expect([...counts.keys()]).toContain(check);
  const [violation] = violations.filter((found) => found.check === check);
  expect(violation?.message).not.toContain("undefined");
  expect(violation?.events.length).toBeGreaterThan(0);
});

test("jobs-left bites a run that ends before its jobs do", async () => {
  const { violations } = await halfAnHour("never launches");
  expect(violations.map(({ check }) => check)).toContain("jobs-left");
});

test("each check has a meaning, and a wrong autoscaler of its own", () => {
  expect(Object.keys({ ...wrongs, "jobs-left": "" }).sort()).toEqual(Object.keys(checks).sort());
});

test("a check that is allowed to fail is not made", async () => {
  const it = await world();
  using checker = it.simulator.check({ allow: ["acted-without-session"] });
  await it.client.jit(await it.client.createSet(), "r-1");
  expect(checker.violations).toEqual([]);
});

test("a scenario without a client shows nothing, and does not pass", async () => {
  const it = await world();
  const scenario = readScenario("{ name: x, about: nothing, lasts: 1m, jobs: [{ shape: burst, count: 1 }] }");
  const stop = new AbortController();
  const report = it.simulator.play(scenario, { signal: stop.signal });
  await it.clock.runFor(600_000);
  stop.abort(new Error("nobody came"));
  expect(await it.clock.runUntilSettled(report)).toMatchObject({ begun: false, passed: false });
});
