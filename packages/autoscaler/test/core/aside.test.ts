import { describe, expect, test } from "vitest";
import { defaultTimings } from "../../src/core/settings.js";
import { waitsForBackend } from "../../src/core/stepping-aside.js";
import { Driver, noJobs, seen } from "./driver.js";

const MINUTE = 60_000;

function able(limits = {}): Driver {
  return new Driver(limits, { asideMs: defaultTimings.asideMs });
}

/** Time passes with lists that work, and every create fails. */
function failing(driver: Driver, ms: number, stopAt?: () => boolean): Driver {
  for (let left = ms; left > 0 && stopAt?.() !== true; left -= 1_000) {
    step(driver);
    for (const { type, name } of driver.act()) {
      if (type === "create") driver.tell({ type: "create.failed", name, kind: "transient", message: "no engine" });
      if (type === "deregister") driver.tell({ type: "deregister.done", name, answer: "absent" });
      if (type === "destroy") driver.tell({ type: "destroy.done", name });
    }
  }
  return driver;
}

function step(driver: Driver): void {
  driver.now += 1_000;
  driver.fleet.surveyed("here", driver.now);
  const polled = driver.fleet.aside.serving === "polling";
  if (driver.fleet.session.state === "held") {
    driver.tell({ type: "session.answered", heldMs: polled ? 1_000 : undefined });
  } else driver.tell({ type: "woke" });
}

function aside(scope: "host" | "shared" = "shared"): Driver {
  const driver = new Driver({}, { asideMs: defaultTimings.asideMs }, { scope }).hold({ assigned: 2 });
  failing(driver, 5 * MINUTE, () => kind(driver) === "aside");
  expect(driver.fleet.aside.state.kind).toBe("aside");
  return driver.tell({ type: "statistics", statistics: undefined }).tell({ type: "session.ended" });
}

function kind(driver: Driver): string {
  return driver.fleet.aside.state.kind;
}

function opened(driver: Driver): Driver {
  driver.tell({
    type: "session.opened",
    scaleSetId: 1,
    statistics: { assigned: 0, running: 0, registered: 1, busy: 0, idle: 0 },
  });
  return driver.inventory([]);
}

describe("a set that can run nothing", () => {
  test("steps aside after three minutes of unmet demand without a runner", () => {
    const driver = able().hold({ assigned: 2 });
    const begun = driver.now;
    failing(driver, 10 * MINUTE, () => driver.fleet.aside.serving !== "polling");
    expect(driver.now - begun).toBeGreaterThanOrEqual(3 * MINUTE);
    expect(driver.now - begun).toBeLessThan(5 * MINUTE);
    expect(driver.fleet.aside.state).toMatchObject({ kind: "aside", reason: "no engine" });
  });

  test("keeps its session while a runner can take a job, and while no job waits", () => {
    const busy = able().hold({ assigned: 1 }).launchAll().reading({ assigned: 3, running: 1, busy: 1, registered: 1 });
    expect(failing(busy, 20 * MINUTE).fleet.aside.serving).toBe("polling");
    const idle = able().hold({ assigned: 0 });
    expect(failing(idle, 20 * MINUTE).fleet.aside.serving).toBe("polling");
  });

  test("keeps its session when a launch between lived for 30 s or had a job", () => {
    const driver = able().hold({ assigned: 1 });
    for (let round = 0; round < 5; round++) {
      failing(driver, 2 * MINUTE);
      driver.fleet.aside.worked();
    }
    expect(driver.fleet.aside.serving).toBe("polling");
  });

  test("keeps its session when the service said of a launch between that its job is still running", () => {
    const driver = able().hold({ assigned: 2 }).limit(0, 1);
    for (const { name } of driver.act()) driver.tell({ type: "create.done", name });
    for (const { name } of driver.act()) driver.tell({ type: "jit.done", name, runnerId: 1 });
    for (const { name } of driver.act()) driver.tell({ type: "start.failed", name, kind: "transient", message: "cut" });
    expect(driver.actions()).toEqual(["deregister r1"]);
    for (let second = 0; second < 120; second++) step(driver);
    driver.tell({ type: "deregister.done", name: "r1", answer: "busy" });
    expect(driver.phase("r1")).toBe("started");
    for (let second = 0; second < 10; second++) step(driver);
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
    failing(driver, 2 * MINUTE);
    expect(driver.fleet.aside.serving).toBe("polling");
    failing(driver, 2 * MINUTE);
    expect(driver.fleet.aside.serving).not.toBe("polling");
  });

  test("keeps its session while the service does not answer: what waits is not known then", () => {
    const driver = able().hold({ assigned: 2 });
    failing(driver, MINUTE);
    for (let minute = 0; minute < 20; minute++) {
      driver.now += MINUTE;
      driver.tell({ type: "woke" });
    }
    expect(driver.fleet.aside.serving).toBe("polling");
  });

  test("steps aside when lists fail for over three minutes, a deadline and an interval, also without demand", () => {
    const driver = able().hold();
    driver.pass(5 * MINUTE - 1_000);
    expect(driver.fleet.aside.serving).toBe("polling");
    driver.pass(2_000);
    expect(driver.fleet.aside.state).toMatchObject({ kind: "aside", reason: "the list of instances fails" });
    driver.tell({ type: "session.ended" }).inventory([]);
    expect(driver.fleet.aside.state.kind, "a list that works again is tried at once").toBe("trial");
  });

  test("stays open without polls while a removal that it asked for is open", () => {
    const driver = able({ min: 1 }).hold().launchAll();
    driver.pass(121_000).reading({ registered: 1, idle: 1 });
    driver.fleet.aside.leave("a test", false, driver.now);
    expect(driver.actions()).toEqual(["deregister r1"]);
    driver.tell({ type: "woke" });
    expect(driver.fleet.aside.serving).toBe("unpolled");
    driver.tell({ type: "deregister.done", name: "r1", answer: "removed" });
    expect(driver.fleet.aside.serving).toBe("aside");
  });
});

test("keeps its session while a runner whose exit nobody sees has its job done", () => {
  const driver = new Driver({ max: 1 }, { asideMs: defaultTimings.asideMs }, { observesExit: false });
  driver.hold({ assigned: 1 }).launchAll().started("r1").completed("r1");
  driver.fleet.aside.leave("a test", false, driver.now);
  driver.pass(1_000);
  expect(driver.fleet.aside.serving).toBe("unpolled");
});

test("while a question about a runner keeps the session open, launching is tried all the same", () => {
  const driver = able({ min: 1, max: 3 }).hold().launchAll();
  driver.pass(121_000).reading({ registered: 1, idle: 1 });
  driver.fleet.aside.leave("a test", false, driver.now);
  expect(driver.actions()).toEqual(["deregister r1"]);
  for (let second = 0; second < 59; second++) step(driver);
  expect(driver.actions().filter((action) => action.startsWith("create"))).toEqual([]);
  step(driver);
  expect(driver.actions()).toEqual(["create r2"]);
  expect(driver.fleet.aside.serving).toBe("unpolled");
});

test("has its three minutes from when its last runner elsewhere ended, not from before it knew of that one", () => {
  const driver = new Driver({ min: 1 }, { asideMs: defaultTimings.asideMs }, { scope: "host" });
  driver.hold({ assigned: 2, running: 1, busy: 1, registered: 1 });
  failing(driver, 10 * MINUTE);
  expect(driver.fleet.foreign.count).toBe(1);
  driver.reading({ assigned: 1 });
  expect(driver.fleet.foreign.count).toBe(0);
  failing(driver, 2 * MINUTE);
  expect(driver.fleet.aside.serving).toBe("polling");
  failing(driver, 2 * MINUTE);
  expect(driver.fleet.aside.serving).not.toBe("polling");
});

describe("SIGHUP while a set finishes what needs its session", () => {
  function leaving(): Driver {
    const driver = able({ min: 1, max: 3 }).hold().launchAll();
    driver.pass(121_000).reading({ registered: 1, idle: 1 });
    driver.fleet.aside.leave("a test", false, driver.now);
    expect(driver.actions()).toEqual(["deregister r1"]);
    return driver;
  }

  test("has launching tried at once", () => {
    const driver = leaving().tell({ type: "launches.retry" });
    expect(driver.actions()).toEqual(["create r2"]);
    expect(driver.fleet.aside.serving).toBe("unpolled");
  });

  test("does not do so where its maximum is 0", () => {
    const driver = leaving().limit(0, 0);
    expect(kind(driver)).toBe("leaving");
  });

  test("has it tried right after the closing where a launch is still under way", () => {
    const driver = able({ min: 1, max: 3 }).hold();
    const [launch] = driver.act();
    driver.fleet.aside.leave("a test", false, driver.now);
    driver.tell({ type: "launches.retry" });
    expect(kind(driver)).toBe("leaving");
    driver.tell({ type: "create.failed", name: launch?.name ?? "", kind: "capacity", message: "full" });
    expect(kind(driver)).toBe("aside");
    expect(kind(driver.tell({ type: "session.ended" }))).toBe("trial");
  });
});

describe("a set that stepped aside", () => {
  test("tries after 1, 2, 4, 8 and 10 minutes, and each trial launches one", () => {
    const driver = aside();
    const pauses: number[] = [];
    for (let trial = 0; trial < 6; trial++) {
      const closed = driver.now;
      while (kind(driver) === "aside") step(driver);
      pauses.push(Math.round((driver.now - closed) / MINUTE));
      opened(driver);
      expect(driver.fleet.aside.serving).toBe("unpolled");
      const launched = driver.fleet.totals.launched;
      failing(driver, 5 * MINUTE, () => kind(driver) === "aside");
      expect(driver.fleet.totals.launched - launched).toBe(1);
      driver.tell({ type: "session.ended" });
    }
    expect(pauses).toEqual([1, 2, 4, 8, 10, 10]);
  });

  test("polls again once a refresh counts the runner of its trial, and not before", () => {
    const driver = aside();
    while (kind(driver) === "aside") step(driver);
    opened(driver).launchAll();
    expect(driver.fleet.aside.serving).toBe("unpolled");
    for (let left = 29; left > 0; left--) step(driver);
    driver.act();
    driver.tell({ type: "statistics", statistics: { assigned: 0, running: 0, registered: 1, busy: 0, idle: 0 } });
    expect(driver.fleet.aside.serving).toBe("unpolled");
    driver.tell({ type: "statistics.asked" });
    driver.tell({ type: "statistics", statistics: { assigned: 0, running: 0, registered: 1, busy: 0, idle: 1 } });
    expect(driver.fleet.aside.serving).toBe("polling");
  });

  test("polls again once the runner has lived for 30 s where refreshes bring no statistics", () => {
    const driver = aside();
    while (kind(driver) === "aside") step(driver);
    opened(driver).launchAll();
    for (let left = 29; left > 0; left--) step(driver);
    driver.tell({ type: "statistics", statistics: undefined });
    expect(driver.fleet.aside.serving).toBe("unpolled");
    step(driver);
    expect(driver.fleet.aside.serving).toBe("polling");
  });

  test("retires the runner of a trial that never came online before it closes the session", () => {
    const driver = aside();
    while (kind(driver) === "aside") step(driver);
    opened(driver).launchAll();
    const [runner] = driver.fleet.roster.all();
    for (let second = 0; second < 200 && kind(driver) === "trial"; second++) step(driver);
    expect(kind(driver)).toBe("leaving");
    expect(driver.actions()).toEqual([`deregister ${runner?.name}`]);
    driver.tell({ type: "deregister.done", name: runner?.name ?? "", answer: "removed" });
    expect(kind(driver)).toBe("aside");
  });

  test.each([
    ["create", []],
    ["request-jit", ["create.done"]],
    ["start", ["create.done", "jit.done"]],
    ["nothing: it never comes online and never exits", ["create.done", "jit.done", "start.done"]],
  ] as const)("ends a trial within ten minutes whose runner never gets an answer to %s", (_step, answers) => {
    const driver = aside();
    while (kind(driver) === "aside") step(driver);
    opened(driver);
    const openedAt = driver.now;
    const [launched] = driver.act();
    const name = launched?.name ?? "";
    for (const type of answers) {
      if (type === "jit.done") driver.tell({ type, name, runnerId: 1 });
      else driver.tell({ type, name });
      driver.act();
    }
    while (kind(driver) === "trial" && driver.now - openedAt < 60 * MINUTE) {
      step(driver);
      driver.act();
      // It counts what is registered, and nothing that is online.
      driver.tell({ type: "statistics", statistics: { ...noJobs, registered: 1 } });
    }
    expect(kind(driver)).toBe("leaving");
    expect(driver.now - openedAt).toBeLessThanOrEqual(10 * MINUTE);
  });

  test("tries at once when a check of its backend works again, and says which backend that must be", () => {
    const driver = aside().tell({ type: "backend.works-again", place: "elsewhere" });
    expect(kind(driver)).toBe("aside");
    expect(kind(driver.tell({ type: "backend.works-again", place: "here" }))).toBe("trial");
  });

  test("is not tried by a check where its runners are what fails", () => {
    const driver = aside();
    driver.fleet.outdated.found(driver.now, driver.now);
    expect(waitsForBackend(driver.fleet)).toBe(false);
    expect(kind(driver.tell({ type: "backend.works-again", place: "here" }))).toBe("aside");
  });

  test("refreshes its session every 30 s while it does not poll, also where the right to act has lapsed", () => {
    const driver = aside();
    while (kind(driver) === "aside") step(driver);
    opened(driver).act();
    driver.asked = 0;
    driver.now += 29_000;
    driver.act();
    expect(driver.asked).toBe(0);
    driver.now += 1_000;
    driver.act();
    expect(driver.asked).toBe(1);
    driver.tell({ type: "statistics", statistics: undefined });
    driver.now += 100_000;
    driver.act();
    expect(driver.asked).toBe(2);
  });

  test("tries at once on SIGHUP, other limits, or another runner spec", () => {
    for (const event of [
      { type: "launches.retry" },
      { type: "limits.changed", minRunners: 0, maxRunners: 3 },
      { type: "traits.changed", traits: { ...aside().fleet.traits, spec: "spec-2" } },
    ] as const) {
      expect(aside().tell(event).fleet.aside.state.kind, event.type).toBe("trial");
    }
  });

  test("stays aside where its maximum is 0", () => {
    const driver = aside().limit(0, 0);
    expect(kind(driver)).toBe("aside");
    expect(kind(driver.limit(0, 2))).toBe("trial");
  });

  test("polls only once what lives was listed since it opened its session again: others' runners are known by then", () => {
    const driver = aside("host").inventory([seen("x1", "started")]);
    while (kind(driver) === "aside") step(driver);
    const statistics = { ...noJobs, registered: 1, idle: 1 };
    driver.now += 1_000;
    driver.tell({ type: "session.opened", scaleSetId: 1, statistics }).pass(10_000);
    expect(kind(driver)).toBe("trial");
    expect(kind(driver.inventory([seen("x1", "started")]))).toBe("working");
  });

  test("counts what another machine launched meanwhile", () => {
    const driver = aside("host");
    while (kind(driver) === "aside") step(driver);
    const statistics = { assigned: 0, running: 0, registered: 3, busy: 0, idle: 3 };
    driver.tell({ type: "session.opened", scaleSetId: 1, statistics }).inventory([]);
    expect(driver.fleet.foreign.count).toBe(3);
  });

  test("is not brought back by a count from before its runner exited", () => {
    const driver = aside();
    while (kind(driver) === "aside") step(driver);
    opened(driver).launchAll();
    const [runner] = driver.fleet.roster.all();
    step(driver);
    driver.tell({ type: "statistics.asked" });
    driver.tell({ type: "instance.changed", instance: seen(runner?.name ?? "", "exited", { exitCode: 1 }) });
    driver.tell({ type: "statistics", statistics: { assigned: 0, running: 0, registered: 1, busy: 0, idle: 1 } });
    expect(driver.fleet.aside.serving).not.toBe("polling");
  });

  test("starts with the shortest pause again only after a job was done", () => {
    const driver = aside();
    while (kind(driver) === "aside") step(driver);
    opened(driver);
    failing(driver, 5 * MINUTE, () => kind(driver) === "aside");
    driver.fleet.aside.jobDone();
    driver.tell({ type: "session.ended" });
    driver.tell({ type: "launches.retry" });
    opened(driver);
    failing(driver, 5 * MINUTE, () => kind(driver) === "aside");
    const closed = driver.now;
    while (kind(driver) === "aside") step(driver);
    expect(driver.now - closed).toBe(MINUTE);
  });
});

describe("a set that lacks a shared place", () => {
  function ticketed(): Driver {
    const driver = able().hold({ assigned: 1 }).share(0);
    failing(driver, 5 * MINUTE, () => driver.fleet.aside.serving !== "polling");
    expect(driver.fleet.aside.state).toMatchObject({ kind: "aside", ticketFrom: driver.now });
    return driver.tell({ type: "session.ended" });
  }

  test("never comes back by the clock, and at once when a place is its own; the place is kept for 30 s, and for 30 s of polling", () => {
    const driver = ticketed();
    for (let second = 0; second < 3_600; second++) step(driver);
    expect(driver.fleet.aside.serving).toBe("aside");
    expect(driver.fleet.aside.reserves(driver.now)).toBe(true);
    driver.share(1);
    expect(driver.fleet.aside.serving).toBe("polling");
    expect(driver.fleet.aside.reserves(driver.now + 29_000)).toBe(true);
    expect(driver.fleet.aside.reserves(driver.now + 30_000)).toBe(false);
    for (let second = 0; second < 20; second++) step(driver);
    opened(driver);
    expect(driver.fleet.aside.reserves(driver.now + 29_000), "30 s of polling").toBe(true);
    expect(driver.fleet.aside.reserves(driver.now + 30_000)).toBe(false);
    for (let second = 0; second < 60; second++) step(driver);
    expect(driver.fleet.aside.serving, "without a job it stays open").toBe("polling");
  });

  test("is not helped by a check that works again: it waits for its place", () => {
    const driver = ticketed().tell({ type: "backend.works-again", place: "here" });
    expect(driver.fleet.aside.state).toMatchObject({ kind: "aside", ticketFrom: driver.now });
    expect(waitsForBackend(driver.fleet)).toBe(false);
  });

  test("tries from time to time while its places are taken by what it may clear only with the session", () => {
    const driver = ticketed();
    driver.inventory([seen("x1", "exited", { own: false })]);
    for (let second = 0; second < 61; second++) step(driver);
    expect(kind(driver)).toBe("trial");
    opened(driver).inventory([seen("x1", "exited", { own: false })]);
    expect(driver.actions()).toContain("deregister x1");
    for (let second = 0; second < 100 && kind(driver) !== "aside"; second++) step(driver);
    expect(driver.fleet.aside.state, "it keeps its ticket").toMatchObject({ kind: "aside", ticketFrom: driver.now });
  });

  test("works on when a place comes free while a question keeps its session open", () => {
    const driver = able().hold({ assigned: 2 });
    driver.share(0);
    driver.fleet.aside.leave("no place", true, driver.now);
    expect(driver.fleet.aside.reserves(driver.now)).toBe(true);
    driver.share(1);
    expect(driver.fleet.aside.serving).toBe("polling");
  });

  test("gives the place back and keeps its ticket when the session does not open, behind the others", () => {
    const driver = ticketed().share(1);
    for (let second = 0; second < 31; second++) step(driver);
    expect(driver.fleet.aside.state).toMatchObject({ kind: "aside" });
    expect(driver.fleet.aside.reserves(driver.now)).toBe(false);
    expect(driver.fleet.aside.reserves(driver.now + 10_000)).toBe(true);
  });

  test("is an ordinary standby when another daemon holds the session", () => {
    const driver = ticketed().share(1);
    driver.tell({ type: "session.refused", holder: "other" });
    expect(driver.fleet.aside.reserves(driver.now)).toBe(false);
    for (let second = 0; second < 60; second++) step(driver);
    expect(driver.fleet.aside.state.kind).toBe("working");
  });
});

test("places that can't be given back are no reason to launch, and the set steps aside", () => {
  const driver = able({ max: 1 }).hold({ assigned: 1 }).launchAll().reading({ assigned: 1, running: 1, busy: 1 });
  driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
  for (let second = 0; second < 300 && kind(driver) !== "aside"; second++) {
    step(driver);
    for (const { type, name } of driver.act()) {
      if (type === "deregister") driver.tell({ type: "deregister.done", name, answer: "absent" });
      if (type === "destroy") driver.tell({ type: "destroy.failed", name, message: "stuck" });
    }
  }
  expect(driver.fleet.aside.state).toMatchObject({
    kind: "aside",
    reason: "every place is taken by a runner that can't be removed",
  });
});

test("time in which the service was away does not count: nothing could be launched, and it was not our doing", () => {
  const driver = able().hold({ assigned: 2 });
  failing(driver, MINUTE);
  driver.now += 60 * MINUTE;
  driver.fleet.surveyed("here", driver.now);
  driver.tell({ type: "session.answered", heldMs: 1_000 });
  failing(driver, 2 * MINUTE);
  expect(driver.fleet.aside.serving).toBe("polling");
  failing(driver, 2 * MINUTE);
  expect(driver.fleet.aside.serving).not.toBe("polling");
});
