import { describe, expect, test } from "vitest";
import { Driver, noJobs } from "./driver.js";

/** So many started runners that nobody named a job of, past their time to come online. */
function grown(count: number, options: { registered: number; min?: number; assigned?: number }): Driver {
  const { registered, min = 0, assigned = count } = options;
  const driver = new Driver({ min, max: 20 }).hold({ assigned }).launchAll();
  return driver.pass(125_000).reading({ assigned, registered, idle: registered }).lookUp();
}

describe("runners that never came online (F6)", () => {
  test("the service counts fewer than there must be, twice a minute apart: so many of the oldest are replaced", () => {
    const driver = grown(3, { registered: 1 });
    expect(driver.actions()).toEqual([]);
    driver.pass(56_000).reading({ assigned: 3, registered: 1, idle: 1 });
    expect(driver.actions()).toEqual(["deregister r1", "deregister r2"]);
    expect(driver.actions()).toEqual(["create r4", "create r5"]);
    expect(driver.phase("r3")).toBe("started");
  });

  test("counted in between: nobody is missing", () => {
    const driver = grown(3, { registered: 1 })
      .pass(30_000)
      .reading({ assigned: 3, running: 3, registered: 3, busy: 3 });
    driver.pass(50_000).reading({ assigned: 3, running: 3, registered: 3, busy: 3 });
    expect(driver.actions()).toEqual([]);
  });

  test("a runner that may still be booting is nobody's ghost", () => {
    const driver = new Driver().hold({ assigned: 2 }).launchAll();
    driver.reading({ assigned: 2, registered: 0 }).pass(60_000).reading({ assigned: 2, registered: 0 });
    expect(driver.actions()).toEqual([]);
  });

  test("a busy runner is never one, though the service counts too few", () => {
    const driver = grown(2, { registered: 0 }).started("r1", "a").started("r2", "b");
    driver.pass(56_000).reading({ assigned: 2, running: 2, registered: 0 });
    expect(driver.actions()).toEqual([]);
  });

  test("the service says it is busy: it was no ghost, and stays", () => {
    const driver = grown(1, { registered: 0 }).pass(56_000).reading({ assigned: 1, registered: 0 });
    expect(driver.actions()).toContain("deregister r1");
    driver.tell({ type: "deregister.done", name: "r1", answer: "busy" });
    expect(driver.phase("r1")).toBe("started");
    expect(driver.fleet.totals.ghosts).toBe(0);
  });

  test("where the service counts what is not online, a job that waits for long gives the oldest away", () => {
    const driver = grown(2, { registered: 2 });
    driver.pass(56_000).reading({ assigned: 2, registered: 2, idle: 2 });
    expect(driver.actions()).toEqual(["deregister r1"]);
    expect(driver.actions()).toEqual(["create r3"]);
  });

  test("where no message comes, a reading is asked for once a runner must be online", () => {
    const driver = new Driver({ min: 1 }).hold({ idle: 1 }).launchAll();
    driver.pass(110_000).act();
    expect(driver.asked).toBe(0);
    driver.pass(20_000).act();
    expect(driver.asked).toBe(1);
    driver.tell({ type: "statistics", statistics: { ...noJobs, registered: 1, idle: 1 } }).act();
    expect(driver.pass(200_000).actions()).toEqual([]);
    expect(driver.asked, "a runner that was seen online is not asked about again").toBe(1);
  });

  test("counts of nothing from a scale set that never showed any are reported, and end nobody", () => {
    const driver = new Driver({ min: 2 }).hold().launchAll().pass(130_000);
    driver.act();
    driver.tell({ type: "statistics", statistics: noJobs }).pass(300_000).act();
    driver.tell({ type: "statistics", statistics: noJobs });
    expect(driver.fleet.ghosts.offline).toBe(2);
    expect(driver.untilAction(200_000).actions).toEqual([]);
  });

  test("they are believed where the service does not know any of the runners", () => {
    const driver = new Driver({ min: 1 }).hold().launchAll();
    driver.lookUps = "absent";
    driver.pass(130_000).act();
    driver.tell({ type: "statistics", statistics: noJobs });
    expect(driver.fleet.distrustedAt).toBeGreaterThan(0);
    driver.act();
    expect(driver.runner("r1").absences).toBe(1);
    driver.reading(noJobs);
    expect(driver.fleet.reading(driver.now)?.asOf).toBe(driver.now);
  });

  test("a scale set that counted a running job and no runner is not judged by counts", () => {
    const driver = grown(3, { registered: 3 });
    driver.reading({ assigned: 3, running: 1 }).lookUp();
    expect(driver.fleet.ghosts.countsUnusable).toBe(true);
    driver.reading({ assigned: 3, running: 3 }).pass(70_000).reading({ assigned: 3, running: 3 });
    expect(driver.actions()).toEqual([]);
  });

  test("a look-up chooses which: for one that the service does not know no older one is retired", () => {
    const driver = grown(3, { registered: 3, assigned: 0, min: 3 });
    driver.lookUps = undefined;
    driver.reading({ assigned: 0, idle: 2 });
    for (const { type, name } of driver.act()) {
      expect(type).toBe("look-up");
      driver.tell({ type: "look-up.done", name, answer: name === "r3" ? "absent" : "present" });
    }
    driver.pass(55_000).reading({ assigned: 0, idle: 2 });
    expect(driver.actions()).toEqual(["look-up r3"]);
    driver.tell({ type: "look-up.done", name: "r3", answer: "absent" });
    expect(["r1", "r2", "r3"].map((name) => driver.phase(name))).toEqual(["started", "started", "detached"]);
  });

  test("an asked reading that shows it missing is confirmed by another one, and the runner is replaced", () => {
    const driver = new Driver({ min: 2 }).hold({ idle: 1 }).launchAll().pass(130_000);
    const one = { assigned: 0, running: 0, registered: 1, busy: 0, idle: 1 };
    driver.act();
    driver.tell({ type: "statistics", statistics: one }).lookUp().pass(60_000).act();
    expect(driver.asked).toBe(2);
    driver.tell({ type: "statistics", statistics: one });
    expect(driver.actions()).toEqual(["deregister r1"]);
    expect(driver.actions()).toEqual(["create r3"]);
  });

  test("a question without an answer is asked again a minute later, not at once", () => {
    const driver = new Driver({ min: 1 }).hold().launchAll().pass(130_000);
    driver.act();
    driver.tell({ type: "statistics", statistics: undefined }).act();
    expect(driver.asked).toBe(1);
    driver.pass(60_000).act();
    expect(driver.asked).toBe(2);
  });
});
