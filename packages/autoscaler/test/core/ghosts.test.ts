import { describe, expect, test } from "vitest";
import { Driver } from "./driver.js";

/** So many started runners that nobody named a job of, past their time to come online. */
function grown(count: number, options: { registered: number; min?: number; assigned?: number }): Driver {
  const { registered, min = 0, assigned = count } = options;
  const driver = new Driver({ min, max: 20 }).hold({ assigned }).launchAll();
  return driver.pass(125_000).reading({ assigned, registered, idle: registered });
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

  test("where no message comes, a reading is asked for; it is believed only once it was seen to count", () => {
    const driver = new Driver({ min: 1 }).hold().launchAll();
    driver.pass(110_000).act();
    expect(driver.asked).toBe(0);
    driver.pass(20_000).act();
    expect(driver.asked).toBe(1);
    const none = { assigned: 0, running: 0, registered: 0, busy: 0, idle: 0 };
    driver.tell({ type: "statistics", statistics: none }).pass(60_000).act();
    expect(driver.asked).toBe(2);
    expect(driver.phase("r1")).toBe("started");
    driver.tell({ type: "statistics", statistics: { ...none, registered: 1, idle: 1 } }).act();
    expect(driver.pass(600_000).actions()).toEqual([]);
    expect(driver.asked, "a runner that was seen online is asked about no more").toBe(2);
  });

  test("an asked reading that shows it missing is confirmed by another one, and the runner is replaced", () => {
    const driver = new Driver({ min: 2 }).hold().launchAll().pass(130_000);
    const one = { assigned: 0, running: 0, registered: 1, busy: 0, idle: 1 };
    driver.act();
    driver.tell({ type: "statistics", statistics: one }).pass(60_000).act();
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

  test("after three ghosts and no job that waits, it is asked once an hour", () => {
    const driver = new Driver({ min: 3, max: 3 }).hold().launchAll().pass(130_000);
    const fewer = { assigned: 0, running: 0, registered: 1, busy: 0, idle: 1 };
    driver.act();
    driver.tell({ type: "statistics", statistics: { ...fewer, registered: 3, idle: 3 } }).pass(60_000);
    // Three are lost one after the other.
    driver
      .reading({ ...fewer, registered: 0, idle: 0 })
      .pass(56_000)
      .reading({ ...fewer, registered: 0, idle: 0 });
    expect(driver.actions().filter((action) => action.startsWith("deregister"))).toHaveLength(3);
    for (const name of ["r1", "r2", "r3"]) {
      driver.tell({ type: "deregister.done", name, answer: "removed" }).tell({ type: "destroy.done", name });
    }
    driver.pass(20_000).launchAll().pass(130_000).act();
    const before = driver.asked;
    driver.tell({ type: "statistics", statistics: undefined }).pass(1_800_000).act();
    expect(driver.asked).toBe(before);
    driver.pass(1_800_000).act();
    expect(driver.asked).toBe(before + 1);
  });
});
