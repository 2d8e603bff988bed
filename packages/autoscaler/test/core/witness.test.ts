import { describe, expect, test } from "vitest";
import type { Statistics } from "../../src/core/model.js";
import { may } from "../../src/core/rights.js";
import { Driver, noJobs, seen } from "./driver.js";

const MINUTE = 60_000;

/** Answers every question for statistics with these counts, and look-ups as the driver does, for some minutes. */
function live(driver: Driver, minutes: number, counts: Partial<Statistics>): readonly string[] {
  const done: string[] = [];
  for (let second = 0; second < minutes * 60; second += 5) {
    for (let asked = -1; asked < driver.asked; ) {
      asked = driver.asked;
      done.push(...driver.actions());
      if (driver.asked > asked) driver.tell({ type: "statistics", statistics: { ...noJobs, ...counts } });
    }
    driver.pass(5_000);
  }
  return done;
}

/** One idle runner of which the service says 404, beside a busy one that a job names. */
function unknown(counts: Partial<Statistics> = { assigned: 1, running: 1, busy: 1, idle: 1 }): Driver {
  const driver = new Driver({ min: 1, max: 4 }).hold({ assigned: 1 }).launchAll().started("r2");
  driver.reading(counts).pass(130_000);
  return driver.lookUp().tell({ type: "look-up.done", name: "r1", answer: "absent" });
}

/** The service answers 404 about r1 alone. */
function hide(driver: Driver, ...hidden: readonly string[]): Driver {
  driver.lookUps = (name) => (hidden.includes(name) ? "absent" : "present");
  return driver;
}

describe("a live runner that the service does not know (witness rule)", () => {
  const one = { assigned: 1, running: 1, busy: 1, idle: 1 };

  test("two 404s a minute apart: it is detached, another is launched in its place, and nothing is ended", () => {
    const done = live(hide(unknown(), "r1"), 29, one);
    expect(done).toEqual(["create r3"]);
  });

  test("after 30 min of 404s and two readings that leave no job for it, it is ended", () => {
    const driver = hide(unknown(), "r1");
    live(driver, 29, one);
    expect(live(driver, 5, one)).toContain("destroy r1");
  });

  test("any other answer in that time starts it again", () => {
    const driver = hide(unknown(), "r1");
    live(driver, 20, one);
    expect(driver.phase("r1")).toBe("detached");
    driver.lookUps = "present";
    live(driver, 6, one);
    expect(driver.phase("r1")).toBe("started");
    expect(driver.runner("r1").belief.kind).toBe("unknown");
    expect(live(hide(driver, "r1"), 25, one)).not.toContain("destroy r1");
  });

  test("readings that count one more running job than others work on keep it", () => {
    const two = { assigned: 2, running: 2, busy: 2 };
    expect(live(hide(unknown(), "r1"), 120, two)).not.toContain("destroy r1");
  });

  test("another runner that answered 400 in that time may have that job", () => {
    const two = { assigned: 2, running: 2, busy: 2 };
    const driver = new Driver({ min: 0, max: 4 }).hold({ assigned: 3 }).launchAll().started("r2").pass(130_000);
    driver.reading({ assigned: 3, running: 2, busy: 2, idle: 1 });
    hide(driver, "r1");
    live(driver, 20, two);
    driver.tell({ type: "command.issued", name: "r3", command: "deregister", rule: "surplus" });
    driver.tell({ type: "deregister.done", name: "r3", answer: "busy" });
    expect(live(driver, 40, two)).toContain("destroy r1");
  });

  test("one that answered 400 longer ago may be idle by now: it has not", () => {
    const two = { assigned: 2, running: 2, busy: 2 };
    const driver = new Driver({ min: 1, max: 4 }).hold({ assigned: 2 }).launchAll().started("r2").pass(130_000);
    driver.reading({ ...two, idle: 1 });
    driver.tell({ type: "command.issued", name: "r3", command: "deregister", rule: "surplus" });
    driver.tell({ type: "deregister.done", name: "r3", answer: "busy" });
    live(driver, 20, { ...two, idle: 1 });
    expect(live(hide(driver, "r1"), 60, two)).not.toContain("destroy r1");
  });

  test("a runner with an open job is nobody's witness for itself, and two of them keep each other", () => {
    const driver = new Driver({ max: 4 }).hold({ assigned: 2 }).launchAll().started("r1", "a").started("r2", "b");
    hide(driver, "r1", "r2");
    const two = { assigned: 2, running: 2, busy: 2 };
    expect(live(driver, 7 * 60, two)).not.toContain("destroy r1");
  });

  test("a job names it: hands off for six hours of 404s, and it counts as able", () => {
    const driver = hide(new Driver({ max: 4 }).hold({ assigned: 1 }).launchAll().started("r1"), "r1");
    const none = { registered: 1 };
    expect(live(driver, 6 * 60 - 5, none)).toEqual([]);
    expect(driver.phase("r1")).toBe("started");
    expect(live(driver, 30, none)).toContain("destroy r1");
  });

  test("no answer counts neither way, but few answers in half an hour are no row", () => {
    const driver = unknown();
    driver.lookUps = undefined;
    driver.pass(60_000).act();
    driver.tell({ type: "look-up.done", name: "r1", answer: "absent" });
    driver.tell({ type: "statistics", statistics: undefined });
    for (let minute = 0; minute < 40; minute++) {
      const { asked } = driver;
      for (const { type, name } of driver.pass(MINUTE).act()) {
        if (type === "look-up") driver.tell({ type: "look-up.failed", name, message: "502" });
      }
      if (driver.asked > asked) driver.tell({ type: "statistics", statistics: { ...noJobs, ...one } });
    }
    hide(driver, "r1");
    expect(live(driver, 20, one)).not.toContain("destroy r1");
  });

  test("readings of messages do not count as asked ones", () => {
    const driver = hide(unknown(), "r1");
    for (let turn = 0; turn < 60; turn++) {
      expect(driver.actions()).not.toContain("destroy r1");
      driver.pass(MINUTE).reading(one);
    }
  });

  test("two readings are needed, a minute apart, both asked for after the 30 min", () => {
    const driver = hide(unknown(), "r1");
    live(driver, 29, one);
    const asked: number[] = [];
    for (let second = 0; second < 300; second++) {
      const before = driver.asked;
      if (driver.actions().includes("destroy r1")) break;
      if (driver.asked > before) {
        asked.push(driver.now);
        driver.tell({ type: "statistics", statistics: { ...noJobs, ...one } });
      }
      driver.pass(1_000);
    }
    const first = (driver.runner("r1").absentSince ?? 0) + 30 * MINUTE;
    expect(asked.filter((at) => at >= first).length).toBeGreaterThanOrEqual(2);
    expect(driver.now - first).toBeGreaterThanOrEqual(MINUTE);
  });

  test("a reading from before a job named it is none of the two that end its six hours", () => {
    const driver = hide(unknown(), "r1");
    const { absentSince = 0 } = driver.runner("r1");
    while (driver.runner("r1").agreedAt === undefined) live(driver, 1 / 12, one);
    driver.started("r1", "job-2");
    const sixHours = absentSince + 360 * MINUTE;
    while (driver.now < sixHours + 55_000) expect(live(driver, 1 / 12, one)).not.toContain("destroy r1");
    expect(live(driver, 5, one)).toContain("destroy r1");
  });

  test("readings asked for before the 30 min were over do not count", () => {
    const driver = hide(unknown(), "r1");
    live(driver, 29, one);
    for (let minute = 0; minute < 20; minute++) expect(driver.pass(MINUTE).actions()).not.toContain("destroy r1");
  });

  test("the newest 404 must be fresh: late readings end nothing", () => {
    const driver = hide(unknown(), "r1");
    live(driver, 29, one);
    driver.lookUps = undefined;
    let answered = 0;
    for (let second = 0; second < 1_200; second += 5) {
      const { asked } = driver;
      for (const { type, name } of driver.act()) {
        expect(type).not.toBe("destroy");
        if (type !== "look-up") continue;
        // One more 404 completes the row; then there is no answer.
        if (name === "r1" && answered++ > 0) driver.tell({ type: "look-up.failed", name, message: "502" });
        else driver.tell({ type: "look-up.done", name, answer: name === "r1" ? "absent" : "present" });
      }
      const fresh = driver.now - driver.runner("r1").absentAt < 2 * MINUTE;
      if (driver.asked > asked && !(answered > 0 && fresh)) {
        driver.tell({ type: "statistics", statistics: { ...noJobs, ...one } });
      } else if (driver.asked > asked) driver.tell({ type: "statistics", statistics: undefined });
      driver.pass(5_000);
    }
    expect(driver.fleet.witness.proved.size).toBe(1);
  });

  test("a completion and 404s end no runner at once where exits are seen", () => {
    const driver = new Driver({ max: 4 }).hold({ assigned: 1 }).launchAll().started("r1").completed("r1");
    driver.reading({ registered: 1 }).pass(300_000);
    expect(driver.actions()).toEqual(["deregister r1"]);
    hide(driver, "r1").tell({ type: "deregister.done", name: "r1", answer: "absent" });
    driver.tell({ type: "statistics", statistics: undefined });
    expect(live(driver, 29, { registered: 1 })).toEqual([]);
    expect(live(driver, 5, { registered: 1 })).toContain("destroy r1");
  });

  test("without a session it ends nobody", () => {
    const driver = hide(unknown(), "r1");
    live(driver, 29, one);
    driver.tell({ type: "session.ended" });
    expect(live(driver, 60, one)).not.toContain("destroy r1");
  });

  test("a job that is named at the last moment keeps it", () => {
    const driver = hide(unknown(), "r1");
    let proved = false;
    for (let second = 0; second < 40 * 60 && !proved; second += 5) {
      const { asked } = driver;
      driver.pass(5_000);
      driver.lookUp();
      for (const { command } of driver.look().commands) {
        if (command.type === "read-statistics") driver.act();
      }
      if (driver.asked > asked) driver.tell({ type: "statistics", statistics: { ...noJobs, ...one } });
      proved = driver.fleet.witness.proved.size > 0;
    }
    expect(proved).toBe(true);
    driver.started("r1", "late");
    expect(driver.actions()).not.toContain("destroy r1");
  });

  test("a destroy that waits is off when a message names its job, and when it exits", () => {
    const wait = (): Driver => {
      const driver = hide(unknown(), "r1");
      live(driver, 29, one);
      for (let second = 0; second < 300; second += 5) if (live(driver, 1 / 12, one).includes("destroy r1")) break;
      expect(mayDestroy(driver)).toBe(true);
      return driver;
    };
    const mayDestroy = (driver: Driver): boolean => may(driver.fleet, "destroy", driver.runner("r1"), driver.now);
    expect(mayDestroy(wait().started("r1", "late"))).toBe(false);
    const exited = wait().tell({ type: "instance.changed", instance: seen("r1", "exited", { exitCode: 0 }) });
    expect(mayDestroy(exited), "its registration would stay").toBe(false);
  });

  test("a destroy that was dropped leaves it as it was; one that failed is tried again once it is proved again", () => {
    const driver = hide(unknown(), "r1");
    live(driver, 29, one);
    expect(live(driver, 5, one)).toContain("destroy r1");
    driver.tell({ type: "command.dropped", name: "r1", command: "destroy", why: "rights" });
    expect(driver.phase("r1")).toBe("detached");
    expect(driver.runner("r1").mayBeRegistered).toBe(true);
    expect(live(driver, 10, one)).toContain("destroy r1");
    driver.tell({ type: "destroy.failed", name: "r1", message: "engine down" });
    expect(driver.phase("r1")).toBe("detached");
    expect(live(driver, 1, one)).not.toContain("destroy r1");
    expect(live(driver, 6, one)).toContain("destroy r1");
  });

  test("its name is kept: its removal is asked for once more after an hour", () => {
    const driver = hide(unknown(), "r1");
    live(driver, 29, one);
    live(driver, 5, one);
    driver.tell({ type: "destroy.done", name: "r1" });
    expect(live(driver, 59, one)).not.toContain("deregister r1");
    expect(live(driver, 10, one).filter((action) => action === "deregister r1")).toHaveLength(1);
    driver.tell({ type: "deregister.failed", name: "r1", message: "502" });
    expect(live(driver, 6, one)).toContain("deregister r1");
    driver.tell({ type: "deregister.done", name: "r1", answer: "removed" });
    expect(live(driver, 90, one)).not.toContain("deregister r1");
  });
});

describe("where exits can't be seen", () => {
  function done(): Driver {
    const driver = new Driver({ max: 4 }, {}, { observesExit: false }).hold({ assigned: 1 }).launchAll();
    return driver.started("r1").completed("r1").reading({ idle: 0, registered: 1 }).pass(60_000);
  }

  test("its completion, a minute, a 404 and one reading end a runner", () => {
    const driver = done();
    expect(driver.actions()).toEqual(["deregister r1"]);
    driver.lookUps = "absent";
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.actions()).toEqual([]);
    expect(driver.asked).toBeGreaterThan(0);
    driver.tell({ type: "statistics", statistics: { ...noJobs, registered: 1 } });
    expect(driver.actions()).toEqual(["destroy r1"]);
  });

  test("not where the reading counts a job that may be its", () => {
    const driver = done();
    driver.act();
    driver.lookUps = "absent";
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" }).act();
    driver.tell({ type: "statistics", statistics: { ...noJobs, assigned: 1, running: 1, busy: 1 } });
    expect(driver.actions()).not.toContain("destroy r1");
  });

  test("a 404 from before its completion takes nothing from its five minutes", () => {
    const driver = new Driver({ max: 4 }, {}, { observesExit: false }).hold({ assigned: 1 }).launchAll();
    driver.pass(110_000).started("r1").pass(10_000);
    driver.lookUps = "absent";
    driver.act();
    expect(driver.runner("r1").absences).toBe(1);
    driver.completed("r1").pass(10_000).tell({ type: "statistics.asked" });
    driver.tell({ type: "statistics", statistics: { ...noJobs, registered: 1 } });
    expect(driver.actions()).not.toContain("destroy r1");
  });

  test("any other answer starts the 30 min again, however soon the next 404 follows", () => {
    const driver = new Driver({ min: 1 }, {}, { observesExit: false }).hold({ idle: 1 }).launchAll().pass(120_000);
    driver.lookUps = "absent";
    live(driver, 20, { registered: 1 });
    driver.lookUps = "present";
    live(driver, 5, { registered: 1 });
    driver.lookUps = "absent";
    expect(live(driver, 25, { registered: 1 })).not.toContain("destroy r1");
  });

  test("nor without a completion", () => {
    const driver = new Driver({ min: 1 }, {}, { observesExit: false }).hold({ idle: 1 }).launchAll().pass(120_000);
    driver.lookUps = "absent";
    expect(live(driver, 29, { registered: 1 })).not.toContain("destroy r1");
    expect(live(driver, 6, { registered: 1 })).toContain("destroy r1");
  });
});

test("idle runners of a scale set that went away end after two 404s: every job of that set had its runner", () => {
  const driver = new Driver({ max: 4 })
    .hold({ assigned: 1 })
    .launchAll()
    .pass(20_000)
    .reading({ assigned: 1, idle: 1 });
  driver.lookUps = "absent";
  driver.tell({ type: "session.opened", scaleSetId: 2, statistics: noJobs }).inventory([seen("r1", "started")]);
  const { actions, afterMs } = driver.untilAction(200_000);
  expect(actions).toEqual(["destroy r1"]);
  expect(afterMs).toBeLessThan(62_000);
});
