import { expect, test } from "vitest";
import type { ProblemCode } from "../../src/engine/problem.js";
import type { WorkerFacts } from "../../src/engine/worker-facts.js";
import type { TroubleKind } from "../../src/ports/service.js";
import { Driver, seen } from "../core/driver.js";
import { daemonStatus, setStatus } from "./snapshots.js";

function codes(driver: Driver, facts: Partial<WorkerFacts> = {}): ProblemCode[] {
  return setStatus(driver, facts).problems.map(({ code }) => code);
}

function exits(driver: Driver, name: string, exitCode: number): void {
  driver.tell({ type: "instance.changed", instance: seen(name, "exited", { exitCode }) });
}

/** The service removes the registrations of runners that exited. */
function removed(driver: Driver, ...names: readonly string[]): void {
  driver.act();
  for (const name of names) driver.tell({ type: "deregister.done", name, answer: "removed" });
}

test("a scale set whose jobs run has no problem", () => {
  const driver = new Driver().hold({ assigned: 2 }).launchAll().started("r1", "a").started("r2", "b");
  expect(setStatus(driver)).toMatchObject({ state: "holding", assigned: 2, live: 2, problems: [] });
});

test("a standby is no problem: it says who holds the session", () => {
  const driver = new Driver().tell({ type: "session.refused", holder: "host-2" });
  expect(setStatus(driver)).toMatchObject({
    state: "standby",
    session: { state: "standby", holder: "host-2" },
    problems: [],
  });
});

test("each thing that stops jobs is a problem with what to do, and goes with its cause", () => {
  const outdated = new Driver().hold({ assigned: 3 }).launchAll();
  exits(outdated, "r1", 7);
  expect(codes(outdated)).toEqual(["runner-outdated"]);
  outdated.tell({ type: "traits.changed", traits: { ...outdated.fleet.traits, spec: "spec-2" } });
  expect(codes(outdated)).toEqual([]);

  const failing = new Driver().hold({ assigned: 3 }).launchAll();
  for (const name of ["r1", "r2", "r3"]) exits(failing, name, 1);
  removed(failing, "r1", "r2", "r3");
  failing.pass(10_000).act();
  const output = "starting\nlibicu is missing\n";
  const failedRunners = [{ name: "r3", at: 0, exitCode: 1, reason: undefined, output }];
  const [problem] = setStatus(failing, { failedRunners }).problems;
  expect(problem).toMatchObject({ code: "runners-fail", level: "error" });
  expect(problem?.remedy).toContain("the last line of r3: libicu is missing");

  const refused = new Driver().hold({ assigned: 1 });
  const [create] = refused.act();
  refused.tell({ type: "create.failed", name: create?.name ?? "", kind: "rejected", message: "no such image" });
  expect(setStatus(refused).problems).toMatchObject([
    { code: "launch-refused", level: "error", message: expect.stringContaining("no such image") },
  ]);

  const full = new Driver().hold({ assigned: 1 });
  const [second] = full.act();
  full.tell({ type: "create.failed", name: second?.name ?? "", kind: "capacity", message: "no room" });
  expect(setStatus(full).problems).toMatchObject([{ code: "at-ceiling", level: "warning" }]);
});

test("from the first runner that fails on, until one comes up or five minutes have gone, it is said with what it printed", () => {
  const driver = new Driver().hold({ assigned: 1 }).launchAll();
  exits(driver, "r1", 127);
  const output = "starting\nrun.sh: not found\n";
  const facts = { failedRunners: [{ name: "r1", at: 0, exitCode: 127, reason: undefined, output }] };
  expect(setStatus(driver, facts).problems).toEqual([
    {
      code: "runner-failed",
      level: "warning",
      message: "r1 exited at once (exit code 127), and no runner has come up since",
      remedy: expect.stringContaining("the last line of r1: run.sh: not found"),
    },
  ]);
  removed(driver, "r1");
  driver.pass(10_000);
  expect(codes(driver)).toEqual(["runner-failed"]);
  expect(codes(driver.pass(280_000))).toEqual(["runner-failed"]);
  expect(codes(driver.pass(20_000))).toEqual([]);

  const mended = new Driver().hold({ assigned: 2 }).launchAll();
  exits(mended, "r1", 1);
  removed(mended, "r1");
  mended.pass(10_000);
  expect(codes(mended)).toEqual(["runner-failed"]);
  expect(codes(mended.started("r2"))).toEqual([]);
});

test("a service that has been silent for too long is an error, and until then it is not", () => {
  const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1");
  driver.now += 79_000;
  expect(setStatus(driver), "a poll may be held for so long").toMatchObject({ state: "holding", problems: [] });
  driver.now += 1_000;
  expect(setStatus(driver)).toMatchObject({
    state: "recovering",
    problems: [{ code: "service-silent", level: "error" }],
  });
  driver.tell({ type: "session.answered", heldMs: 1_000 });
  expect(codes(driver)).toEqual([]);
});

test("as much demand as the maximum is a notice, not a problem: the service does not say how much more there is", () => {
  const driver = new Driver({ max: 2 }).hold({ assigned: 1 }).launchAll();
  expect(codes(driver)).toEqual([]);
  driver.reading({ assigned: 2 });
  expect(setStatus(driver).problems).toMatchObject([
    {
      code: "at-maximum",
      level: "notice",
      message: "as many runners are wanted as there may be (2): more jobs may wait at the service",
    },
  ]);
});

test("room that is full of ready runners, or of nobody at all, is not told as a lack of room", () => {
  // All that there may be are kept ready: none of them has a job yet.
  expect(codes(new Driver({ min: 2, max: 2 }).hold({}).launchAll())).toEqual([]);
  // A scale set that wants nothing has no share of a limit that others use up.
  const idle = new Driver({ max: 4 }).hold({});
  idle.tell({ type: "share.changed", share: 0 });
  expect(codes(idle)).toEqual([]);
  expect(codes(idle.reading({ assigned: 1 }))).toEqual(["waits-for-place"]);
  expect(codes(idle.tell({ type: "share.changed", share: 1 }).launchAll())).toEqual(["at-maximum"]);
  expect(setStatus(idle).problems[0]?.remedy).toBe("raise the limit that the scale sets share to have more");
});

test("where launches pause, that is what jobs wait for, not a limit", () => {
  const failing = new Driver({ max: 3 }).hold({ assigned: 3 }).launchAll();
  for (const name of ["r1", "r2", "r3"]) exits(failing, name, 1);
  removed(failing, "r1", "r2", "r3");
  failing.pass(10_000).act();
  expect(codes(failing)).toEqual(["runners-fail"]);
});

test("runners that can't be removed are named, with their attempts", () => {
  const driver = new Driver().hold({}, [seen("dead", "exited")]);
  for (let attempt = 0; attempt < 3; attempt++) {
    const [command] = driver.untilAction(600_000).actions;
    expect(command).toBe("deregister dead");
    driver.tell({ type: "deregister.failed", name: "dead", message: "HTTP 500" });
  }
  expect(setStatus(driver).problems).toMatchObject([
    { code: "removal-failing", level: "warning", message: expect.stringContaining("dead (exited, 3 attempts)") },
  ]);
});

test("what stands between a scale set and its service or its instances is said, worst first", () => {
  const driver = new Driver().hold({ assigned: 1 }).launchAll();
  expect(
    codes(driver, {
      trouble: { kind: "other", message: "HTTP 503" },
      drift: "labels",
      inventory: ["the list failed", "the list failed"],
    }),
  ).toEqual(["instances-unlisted", "service-trouble", "scale-set-drift"]);
});

test.each<[TroubleKind, "error" | "warning", RegExp, RegExp]>([
  ["own-session", "warning", /^the session of this daemon's earlier life .* in about a minute$/, /^wait/],
  ["scale-set-missing", "warning", /made anew once look-ups a minute apart/, /^wait/],
  ["scale-set-gone", "error", /not made anew/, /recreate: true/],
  ["runner-group-missing", "error", /^the service: its words$/, /correct runnerGroup/],
  ["no-credentials", "error", /^no credentials: its words$/, /run the command by hand as the daemon's user/],
  ["refused", "error", /^the service: its words$/, /the token or App is valid/],
  ["unreachable", "error", /^the service: its words$/, /DNS, proxy, firewall/],
  ["untrusted", "error", /^the service: its words$/, /NODE_EXTRA_CA_CERTS/],
  ["rate-limited", "error", /^the service: its words$/, /waits as long as the service asks/],
  ["other", "error", /^the service: its words$/, /status page/],
])(
  "without a session, trouble of the kind %s is told as %s with a remedy of its own",
  (kind, level, message, remedy) => {
    expect(setStatus(new Driver(), { trouble: { kind, message: "its words" } }).problems).toEqual([
      {
        code: "service-trouble",
        level,
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      },
    ]);
  },
);

test("each runner is listed with its phase, what we think it does, its job, and its ages", () => {
  const driver = new Driver().hold({ assigned: 2 }).launchAll().pass(30_000).started("r1", "job-9").pass(20_000);
  const { runnerList, activities } = setStatus(driver);
  expect(activities).toEqual({ starting: 1, idle: 0, busy: 1, unknown: 0, ending: 0 });
  expect(runnerList).toMatchObject([
    { name: "r1", activity: "busy", phase: "started", belief: "job", jobId: "job-9", jobAgeMs: 20_000, ageMs: 50_000 },
    { name: "r2", activity: "starting", phase: "started", belief: "none", ageMs: 50_000 },
  ]);
  // Past its boot deadline it is idle, if it is there at all.
  expect(setStatus(driver.pass(80_000)).activities).toMatchObject({ busy: 1, idle: 1 });
});

test("the list of runners is bounded, and says how many it leaves out", () => {
  const instances = Array.from({ length: 1_500 }, (_, at) => seen(`a${at}`, "started"));
  const status = setStatus(new Driver({ max: 2_000 }).hold({}, instances));
  expect(status).toMatchObject({ live: 1_500, runnersOmitted: 500, activities: { unknown: 1_500 } });
  expect(status.runnerList).toHaveLength(1_000);
});

test("a daemon's problems are those of all its scale sets, errors first, each with its name", () => {
  const fine = setStatus(new Driver().hold(), { name: "fine", trouble: { kind: "other", message: "HTTP 503" } });
  const broken = setStatus(new Driver(), { name: "broken", trouble: { kind: "refused", message: "HTTP 401" } });
  expect(daemonStatus([fine, broken]).problems).toMatchObject([
    { scaleSet: "broken", level: "error" },
    { scaleSet: "fine", level: "warning" },
  ]);
});

test("what a standby may not end is reported", () => {
  const driver = new Driver({}, {}, { scope: "host" }).tell({ type: "session.refused", holder: "other" });
  driver.inventory([seen("a", "started")]);
  driver.now += 300_000;
  expect(driver.actions()).toEqual(["deregister a"]);
  driver.tell({ type: "deregister.done", name: "a", answer: "absent" });
  expect(codes(driver)).toEqual(["runners-left"]);
});

test("a runner that the service denies for six hours while a job may be its: it is kept, and reported", () => {
  const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1", "a");
  driver.lookUps = "absent";
  const live = (minutes: number): void => {
    for (let minute = 0; minute < minutes; minute++) {
      const { asked } = driver;
      driver.pass(60_000).act();
      const statistics = { assigned: 1, running: 1, registered: 1, busy: 1, idle: 0 };
      if (driver.asked > asked) driver.tell({ type: "statistics", statistics });
    }
  };
  live(5 * 60);
  expect(codes(driver)).not.toContain("runner-unconfirmed");
  live(2 * 60);
  expect(codes(driver)).toContain("runner-unconfirmed");
  expect(driver.phase("r1")).toBe("started");
});

test("a set whose counts showed a running job and nobody online says that it is not judged by them", () => {
  const driver = new Driver({ min: 1 }).hold({ assigned: 1 }).launchAll();
  driver.reading({ assigned: 1, running: 1, registered: 1 });
  expect(codes(driver)).toContain("counts-unusable");
});

test("a busy runner that is unfit is left to end its job, and reported with its backend's words", () => {
  const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1", "a");
  driver.inventory([seen("r1", "started", { unfit: "its node is going away" })]);
  expect(driver.actions()).toEqual([]);
  expect(setStatus(driver).problems).toMatchObject([
    { code: "runner-unfit", message: "r1 should take no more work: its node is going away" },
  ]);
});
