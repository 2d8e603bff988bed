import { describe, expect, test } from "vitest";
import { announcedCapacity } from "../../src/core/capacity.js";
import type { Statistics } from "../../src/core/model.js";
import { Driver, noJobs, seen } from "./driver.js";

function message(driver: Driver, statistics: Statistics | undefined, jobIds: readonly string[]): Driver {
  const jobs = jobIds.map((jobId) => ({ kind: "assigned" as const, jobId, runnerName: "" }));
  return driver.tell({ type: "message", redelivered: false, statistics, jobs });
}

describe("statistics that know nothing of the jobs beside them (F10)", () => {
  test.each([
    ["missing", undefined],
    ["all zero", noJobs],
  ])("%s: each job counts as demand, and the last reading stands", (_how, statistics) => {
    const driver = new Driver().hold({ assigned: 1 }).launchAll().pass(6_000);
    message(driver, statistics, ["a", "b"]);
    expect(driver.actions()).toEqual(["create r2", "create r3"]);
    expect(driver.why()).toContain("2 of them known from messages alone");
  });

  test("until it starts, ends, the statistics count again, or a quarter of an hour has passed", () => {
    const start = () => message(new Driver().hold().pass(6_000), undefined, ["a"]);
    const wanted = (driver: Driver) => driver.actions().length;
    expect(wanted(start())).toBe(1);
    expect(wanted(start().started("stranger", "a"))).toBe(0);
    expect(wanted(start().completed("", "a"))).toBe(0);
    expect(wanted(start().reading({ assigned: 3 }))).toBe(3);
    expect(wanted(start().pass(890_000))).toBe(1);
    expect(wanted(start().pass(900_000))).toBe(0);
  });

  test("a redelivered message adds nothing, nor does a job that has ended", () => {
    const driver = new Driver().hold().pass(6_000).completed("stranger", "a");
    message(driver, undefined, ["a"]);
    const jobs = [{ kind: "assigned" as const, jobId: "b", runnerName: "" }];
    driver.tell({ type: "message", redelivered: true, statistics: undefined, jobs });
    expect(driver.actions()).toEqual([]);
  });

  test("messages are never counted where the statistics do", () => {
    const driver = new Driver().hold().pass(6_000);
    message(driver, { ...noJobs, assigned: 1 }, ["a", "b", "c"]);
    expect(driver.actions()).toEqual(["create r1"]);
  });
});

describe("jobs that wait, as the service says, beside idle runners (F11)", () => {
  const stuck = { assigned: 6, running: 0, registered: 2, busy: 0, idle: 2 };

  function waiting(): Driver {
    const driver = new Driver({ max: 2 }).hold({ assigned: 6 }).launchAll().reading(stuck);
    return driver.limit(0, 10);
  }

  test("for ten minutes: nothing is added for them, and the reason says so", () => {
    const driver = waiting();
    expect(driver.actions()).toHaveLength(4);
    const held = waiting().pass(600_000);
    expect(held.actions().filter((action) => action.startsWith("create"))).toEqual([]);
    expect(held.why()).toContain("phantom demand: the service says 6 jobs wait");
  });

  test("without any message the service is asked, and idle runners are kept no longer than it says so", () => {
    const driver = waiting().pass(600_000);
    driver.act();
    expect(driver.asked).toBe(1);
    driver.tell({ type: "statistics", statistics: { ...noJobs, registered: 2, idle: 2 } }).pass(60_000);
    expect(driver.actions().filter((action) => action.startsWith("deregister"))).toHaveLength(2);
  });

  test("a claim ends it, and so does a new job", () => {
    const claimed = waiting().pass(600_000).started("r1");
    expect(claimed.actions().filter((action) => action.startsWith("create"))).not.toEqual([]);
    const assigned = waiting().pass(600_000).job("assigned", "", "new");
    expect(assigned.actions().filter((action) => action.startsWith("create"))).not.toEqual([]);
  });
});

describe("runners on another machine, left behind by whoever held the session before", () => {
  function takenOver(registered: number, assigned: number): Driver {
    const driver = new Driver({ max: 10 }, {}, { scope: "host" });
    driver.tell({ type: "session.refused", holder: "other" });
    return driver.hold({ assigned, running: registered, registered, busy: registered });
  }

  test("have their part of the jobs and of the maximum", () => {
    const driver = takenOver(4, 20);
    expect(driver.actions()).toHaveLength(6);
    expect(driver.why()).toContain("4 more run on another machine");
  });

  test("their number only falls: what we launch is never taken for theirs", () => {
    const driver = takenOver(2, 5).launchAll();
    driver.reading({ assigned: 5, running: 5, registered: 5, busy: 5 });
    expect(driver.actions()).toEqual([]);
    for (const name of ["r1", "r2", "r3"]) driver.started(name, `job-of-${name}`);
    driver.reading({ assigned: 3, running: 3, registered: 3, busy: 3 });
    expect(driver.fleet.foreign.count).toBe(0);
  });

  test("registrations that are offline are none of them: a machine that died leaves its own for a day (world 9063)", () => {
    const driver = new Driver({ max: 3 }, {}, { scope: "host" });
    expect(driver.hold({ assigned: 3, registered: 3 }).actions()).toHaveLength(3);
  });

  test("nothing is launched before what runs here was seen", () => {
    const driver = new Driver({ max: 10 }, {}, { scope: "host" });
    driver.tell({
      type: "session.opened",
      scaleSetId: 1,
      statistics: { ...noJobs, assigned: 3, registered: 3, idle: 3 },
    });
    expect(driver.actions()).toEqual([]);
    driver.inventory([seen("a", "started"), seen("b", "started"), seen("c", "started")]);
    expect(driver.fleet.foreign.count).toBe(0);
    expect(driver.actions()).toEqual([]);
  });

  test("what waits is never taken off: their number may be old news", () => {
    const driver = takenOver(4, 4);
    driver.reading({ assigned: 5, running: 0, registered: 4, idle: 4 });
    expect(driver.actions()).toHaveLength(5);
  });

  test("idle ones keep their part of the minimum, busy ones do not, and it is filled as they end", () => {
    const taken = (idle: number, busy: number): Driver => {
      const driver = new Driver({ min: 3, max: 10 }, {}, { scope: "host" });
      driver.tell({ type: "session.refused", holder: "other" });
      return driver.hold({ assigned: busy, running: busy, registered: idle + busy, idle, busy });
    };
    expect(taken(0, 3).actions()).toHaveLength(3);
    expect(taken(1, 2).actions()).toHaveLength(2);
    const driver = taken(3, 0);
    expect(driver.actions()).toEqual([]);
    driver.reading({ registered: 1, idle: 1 });
    expect(driver.actions()).toHaveLength(2);
  });

  test("no message tells of their end, so it is asked for once a minute", () => {
    const driver = takenOver(4, 4).pass(59_000);
    driver.act();
    expect(driver.asked).toBe(0);
    driver.pass(1_000).act();
    expect(driver.asked).toBe(1);
    driver.tell({ type: "statistics", statistics: { ...noJobs, registered: 1, busy: 1, assigned: 1, running: 1 } });
    expect(driver.fleet.foreign.count).toBe(1);
  });

  test("where every replica sees the same instances, there are none", () => {
    const driver = new Driver({ max: 10 }).hold({ assigned: 3, registered: 2, idle: 2 });
    expect(driver.actions()).toHaveLength(3);
  });
});

describe("a limit that scale sets share", () => {
  test("what is made keeps its place when the share falls to 0: the job that it was accepted for has its runner", () => {
    const driver = new Driver({ max: 10 }).hold({ assigned: 2 });
    driver.act();
    driver.tell({ type: "create.done", name: "r1" }).share(0);
    driver.tell({ type: "create.done", name: "r2" });
    expect(driver.actions()).toEqual(["request-jit r1", "request-jit r2"]);
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(2);
    driver.tell({ type: "jit.done", name: "r1", runnerId: 1 }).act();
    driver.tell({ type: "start.done", name: "r1" }).reading({ assigned: 2, idle: 1 });
    driver.pass(90_000);
    expect(driver.actions().filter((action) => action.startsWith("deregister"))).toEqual([]);
  });

  test("idle runners for which jobs were accepted are not retired when the share falls", () => {
    const driver = new Driver({ max: 10 }).hold({ assigned: 2 }).launchAll();
    driver.reading({ assigned: 2, idle: 2, registered: 2 }).share(0);
    expect(driver.untilAction(90_000).actions).toEqual([]);
  });

  test("the minimum gives way to a fallen share, after a minute", () => {
    const driver = new Driver({ min: 2, max: 10 }).hold().launchAll();
    driver.reading({ registered: 2, idle: 2 }).share(1);
    expect(driver.untilAction(90_000).actions).toEqual(["deregister r1"]);
  });

  test("nothing is launched beyond the share, and no more is announced; what is live stays", () => {
    const driver = new Driver({ max: 10 }).hold({ assigned: 8 });
    driver.share(3);
    expect(driver.actions()).toHaveLength(3);
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(3);
    driver.share(0);
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(3);
    const empty = new Driver({ max: 10 }).hold().share(0);
    expect(announcedCapacity(empty.fleet, empty.now)).toBe(1);
  });
});
