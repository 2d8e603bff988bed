import { describe, expect, test } from "vitest";
import { announcedCapacity } from "../../src/core/capacity.js";
import { Driver, seen } from "./driver.js";

/** Its instance ends, and everything of it is cleared away. */
function exits(driver: Driver, name: string, exitCode = 0, answer: "removed" | "absent" = "removed"): void {
  driver.tell({ type: "instance.changed", instance: seen(name, "exited", { exitCode }) });
  driver.act();
  driver.tell({ type: "deregister.done", name, answer });
  driver.act();
  driver.tell({ type: "destroy.done", name });
}

/** The next runner is launched, and exits within a second; the service's next poll is answered. */
function failsAtOnce(driver: Driver): string {
  driver.untilAction(700_000);
  driver.launchAll();
  const name = [...driver.fleet.roster.all()].find(({ phase }) => phase === "started")?.name ?? "none";
  driver.pass(1_000);
  exits(driver, name);
  driver.pass(1_000);
  return name;
}

describe("runners that exit at once, again and again (F20)", () => {
  test("after three running, launches pause, longer each time, and one at a time may try", () => {
    const driver = new Driver({ max: 1 }).hold({ assigned: 1 });
    for (let failure = 0; failure < 3; failure++) failsAtOnce(driver);
    const pauses: number[] = [];
    for (let trip = 0; trip < 8; trip++) {
      expect(driver.why()).toContain("exited at once, one after the other");
      pauses.push(Math.round((driver.fleet.breaker.probesFrom - driver.now) / 1_000));
      failsAtOnce(driver);
    }
    expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 600, 600]);
  });

  test("half open, one launch tries though many are wanted", () => {
    const driver = new Driver({ max: 10 }).hold({ assigned: 5 }).launchAll().pass(1_000);
    for (const name of ["r1", "r2", "r3", "r4", "r5"]) exits(driver, name);
    driver.pass(5_000);
    expect(driver.actions()).toEqual([]);
    driver.pass(10_000);
    expect(driver.actions()).toEqual(["create r6"]);
    expect(driver.pass(60_000).actions()).toEqual([]);
  });

  test("a job on one launched since closes it: everything wanted is launched again", () => {
    const driver = new Driver({ max: 1 }).hold({ assigned: 1 });
    for (let failure = 0; failure < 3; failure++) failsAtOnce(driver);
    driver.untilAction(20_000);
    driver.launchAll().started("r4");
    driver.limit(4, 10);
    expect(driver.actions()).toHaveLength(4);
  });

  test("so does one that lives for half a minute", () => {
    const driver = new Driver({ max: 1 }).hold({ assigned: 1 });
    for (let failure = 0; failure < 3; failure++) failsAtOnce(driver);
    driver.untilAction(20_000);
    driver.launchAll().limit(4, 10).pass(20_000);
    expect(driver.actions()).toEqual([]);
    driver.pass(20_000);
    expect(driver.actions()).toHaveLength(4);
  });

  test("the news of a job that comes after the exit clears it: short jobs trip nothing", () => {
    const driver = new Driver({ max: 3 }).hold({ assigned: 3 }).launchAll().pass(2_000);
    for (const name of ["r1", "r2", "r3"]) exits(driver, name);
    // The poll that was open then is answered with the message that names them.
    driver.tell({ type: "session.answered", heldMs: 40_000 });
    for (const name of ["r1", "r2", "r3"]) driver.completed(name, `job-of-${name}`);
    driver.tell({ type: "poll.began" }).pass(1_000);
    expect(driver.fleet.breaker.running).toBe(0);
    expect(driver.fleet.totals.fastExits).toBe(0);
  });

  test("runners that never came online count too, and that others live is no proof against it", () => {
    const driver = new Driver({ max: 3 }).hold({ assigned: 3 }).launchAll().pass(125_000);
    driver.reading({ assigned: 3, registered: 0 }).lookUp().pass(56_000).reading({ assigned: 3, registered: 0 });
    driver.act();
    for (const name of ["r1", "r2", "r3"]) {
      driver.tell({ type: "deregister.done", name, answer: "removed" });
      driver.act();
      driver.tell({ type: "destroy.done", name });
    }
    expect(driver.why()).toContain("3 runners never came online, one after the other");
    driver.untilAction(20_000);
    driver.launchAll().pass(40_000);
    expect(driver.actions()).toEqual([]);
  });

  test("one that the service counts closes it, also where no job comes", () => {
    const driver = new Driver({ min: 3, max: 3 }).hold({ idle: 1 }).launchAll().pass(125_000);
    driver.reading({ registered: 0 }).lookUp().pass(56_000).reading({ registered: 0 });
    driver.act();
    for (const name of ["r1", "r2", "r3"]) driver.tell({ type: "deregister.done", name, answer: "removed" });
    driver.act();
    for (const name of ["r1", "r2", "r3"]) driver.tell({ type: "destroy.done", name });
    expect(driver.fleet.breaker.tripped).toBe(true);
    driver.untilAction(20_000);
    driver.launchAll().pass(60_000).reading({ registered: 1, idle: 1 });
    expect(driver.fleet.breaker.tripped, "it may be another's").toBe(true);
    driver.pass(70_000).reading({ registered: 1, idle: 1 });
    expect(driver.actions()).toEqual(["create r5", "create r6"]);
  });

  test("a runner that started is no proof: room is announced once it has lived for half a minute", () => {
    const driver = new Driver({ max: 8 }).hold({ assigned: 1 });
    for (let failure = 0; failure < 3; failure++) failsAtOnce(driver);
    driver.untilAction(20_000);
    driver.launchAll().pass(20_000);
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(1);
    driver.pass(20_000);
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(8);
  });

  test("while it is tripped, only what is live is announced; a new runner spec ends it", () => {
    const driver = new Driver({ max: 8 }).hold({ assigned: 1 });
    for (let failure = 0; failure < 3; failure++) failsAtOnce(driver);
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(1);
    driver.tell({ type: "traits.changed", traits: { ...driver.fleet.traits, spec: "spec-2" } });
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(8);
    driver.pass(10_000);
    expect(driver.actions()).toHaveLength(1);
  });
});

describe("a runner version that is deprecated (exit code 7, F19)", () => {
  function outdated(): Driver {
    const driver = new Driver({ max: 5 }).hold({ assigned: 2 }).launchAll().pass(2_000);
    exits(driver, "r1", 7);
    exits(driver, "r2", 7);
    return driver;
  }

  test("nothing is launched but one probe every half hour, and the reason says what to do", () => {
    const driver = outdated();
    expect(driver.pass(60_000).actions()).toEqual([]);
    expect(driver.why()).toContain("update the runner");
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(1);
    const first = driver.untilAction(3_600_000);
    expect(first.actions).toEqual(["create r3"]);
    expect(first.afterMs).toBeGreaterThan(1_700_000);
    driver.launchAll().pass(2_000);
    exits(driver, "r3", 7);
    expect(driver.untilAction(3_600_000).afterMs).toBeGreaterThan(1_700_000);
  });

  test("a probe that gets a job ends it", () => {
    const driver = outdated();
    driver.untilAction(3_600_000);
    driver.launchAll().started("r3");
    expect(driver.actions()).toEqual(["create r4"]);
  });

  test("a changed runner spec ends it", () => {
    const driver = outdated().pass(60_000);
    driver.tell({ type: "traits.changed", traits: { ...driver.fleet.traits, spec: "spec-2" } });
    expect(driver.actions()).toEqual(["create r3", "create r4"]);
  });
});

describe("idle runners that the service drops", () => {
  test("are replaced one a minute where no job asks for them", () => {
    const driver = new Driver({ min: 3, max: 10 }).hold().launchAll().pass(40_000);
    for (const name of ["r1", "r2", "r3"]) exits(driver, name);
    driver.pass(11_000);
    expect(driver.actions()).toEqual(["create r4"]);
    expect(driver.pass(50_000).actions()).toEqual([]);
    expect(driver.why()).toContain("replaced one at a time");
    expect(driver.pass(10_000).actions()).toEqual(["create r5"]);
    expect(driver.pass(60_000).actions()).toEqual(["create r6"]);
    expect(driver.pass(600_000).actions()).toEqual([]);
  });

  test("and at once where jobs do", () => {
    const driver = new Driver({ min: 1, max: 10 }).hold().launchAll().pass(40_000);
    exits(driver, "r1");
    driver.reading({ assigned: 2 });
    expect(driver.actions().filter((action) => action.startsWith("create")).length).toBeGreaterThanOrEqual(2);
  });
});
