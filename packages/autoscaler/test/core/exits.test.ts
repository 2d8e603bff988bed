import { describe, expect, test } from "vitest";
import type { Statistics } from "../../src/core/model.js";
import { Driver, noJobs, seen } from "./driver.js";

function exits(driver: Driver, name: string): Driver {
  return driver.tell({ type: "instance.changed", instance: seen(name, "exited", { exitCode: 0 }) });
}

/** A started runner; a message that names no runner brings these counts. */
function one(counts?: Partial<Statistics>): Driver {
  const driver = new Driver({ max: 4 }).hold({ assigned: 1 }).launchAll();
  return counts === undefined ? driver.pass(6_000) : driver.reading(counts);
}

const running = { assigned: 1, running: 1, registered: 1, busy: 1 };

describe("an exit is explained", () => {
  test("by a reading since its launch that counts more running jobs than runners known to work", () => {
    const driver = exits(one(running), "r1");
    expect(driver.fleet.verdicts.has("r1")).toBe(false);
    expect(driver.fleet.totals.fastExits).toBe(0);
    expect(driver.reading({ assigned: 1 }).actions()).toContain("create r2");
  });

  test("by such a reading that comes after the exit", () => {
    const driver = exits(one(), "r1");
    expect(driver.fleet.verdicts.has("r1")).toBe(true);
    driver.tell({ type: "message", redelivered: false, statistics: { ...noJobs, ...running }, jobs: [] });
    expect(driver.fleet.verdicts.has("r1")).toBe(false);
  });

  test("not by a job of a runner known to work, and one job explains one exit", () => {
    const driver = new Driver({ max: 4 }).hold({ assigned: 3 }).launchAll().started("r1");
    driver.reading({ assigned: 3, running: 2, busy: 2, registered: 3 });
    exits(exits(driver, "r2"), "r3");
    expect([driver.fleet.verdicts.has("r2"), driver.fleet.verdicts.has("r3")]).toEqual([false, true]);
  });

  test("by the answer that its job still runs", () => {
    const driver = exits(one(), "r1");
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "busy" });
    expect(driver.fleet.verdicts.has("r1")).toBe(false);
  });

  test("not by a message without a name", () => {
    const driver = exits(one(), "r1").completed("", "job-1").started("", "job-1");
    expect(driver.fleet.verdicts.has("r1")).toBe(true);
  });
});

describe("a fast exit that nothing explains", () => {
  test("holds its place until its verdict, also after its instance is gone", () => {
    const driver = exits(one(), "r1");
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "removed" });
    expect(driver.actions()).toEqual(["destroy r1"]);
    driver.tell({ type: "destroy.done", name: "r1" });
    driver.now += 15_000;
    expect(driver.actions()).toEqual([]);
    driver.tell({ type: "session.answered", heldMs: 15_000 }).tell({ type: "poll.began" });
    expect(driver.fleet.totals.fastExits).toBe(1);
    expect(driver.actions()).toEqual(["create r2"]);
  });

  test("404: its removal is asked for once more, half a minute later, and it is neutral then", () => {
    const driver = exits(one(), "r1");
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.untilAction(60_000)).toEqual({ actions: ["deregister r1"], afterMs: 30_000 });
    expect(driver.fleet.occupying).toBe(1);
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.actions()).toContain("create r2");
    expect(driver.fleet.totals.fastExits).toBe(0);
    expect(driver.fleet.breaker.running).toBe(0);
  });

  test("a message that names it meanwhile frees the place at once", () => {
    const driver = exits(one(), "r1");
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    driver.pass(1_000).completed("r1");
    expect(driver.actions()).toContain("deregister r1");
  });

  test("204 at the second removal: a failed boot", () => {
    const driver = exits(one(), "r1");
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" }).pass(30_000).act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "removed" });
    expect(driver.fleet.totals.fastExits).toBe(1);
  });

  test("a removal without an answer holds the place for 75 s at most", () => {
    const driver = exits(one(), "r1");
    driver.act();
    driver.tell({ type: "deregister.failed", name: "r1", message: "502" });
    for (let second = 0; second < 74; second++) {
      driver.pass(1_000);
      for (const { command } of driver.look().commands) expect(command.type).not.toBe("launch");
    }
    driver.pass(1_000);
    expect(driver.look().commands.map(({ command }) => command.type)).toContain("launch");
  });

  /** The image crashes while the agents API answers 404 about everything: how many JIT configs in this time? */
  function crashing(hours: number, between: (driver: Driver, launched: number) => void = () => {}) {
    const driver = new Driver({ max: 1 }).hold({ assigned: 1 });
    let launched = 0;
    const until = driver.now + hours * 3_600_000;
    while (driver.now < until) {
      for (const { type, name } of driver.act()) {
        if (type === "create") driver.tell({ type: "create.done", name });
        if (type === "request-jit") {
          launched += 1;
          driver.tell({ type: "jit.done", name, runnerId: launched });
        }
        if (type === "start") {
          driver.tell({ type: "start.done", name });
          exits(driver.pass(1_000), name);
          between(driver, launched);
        }
        if (type === "deregister") driver.tell({ type: "deregister.done", name, answer: "absent" });
        if (type === "destroy") driver.tell({ type: "destroy.done", name });
      }
      driver.pass(1_000);
    }
    return { launched, failed: driver.fleet.totals.fastExits };
  }

  test("a crashing image while the agents API lies stays bounded: from the tenth in a row on each is a failure", () => {
    expect(crashing(3).launched).toBeLessThanOrEqual(40);
  });

  test("an explained exit ends the row", () => {
    const explained = crashing(1, (driver, launched) => {
      if (launched % 5 === 0) driver.completed(`r${launched}`, `job-${launched}`);
    });
    expect(explained.launched).toBeGreaterThan(80);
    expect(explained.failed).toBe(0);
  });
});

describe("exits of idle runners", () => {
  test("three in a row while jobs wait: launches for jobs are limited, too, until a job is claimed (ARC#4397)", () => {
    const driver = new Driver({ max: 10 }).hold({ assigned: 3 }).launchAll().pass(40_000);
    const waiting = { assigned: 3, registered: 3, idle: 3 };
    driver.reading(waiting);
    for (const name of ["r1", "r2", "r3"]) {
      exits(driver, name).act();
      driver.tell({ type: "deregister.done", name, answer: "removed" }).act();
      driver.tell({ type: "destroy.done", name });
    }
    driver.pass(11_000);
    expect(driver.actions()).toEqual(["create r4"]);
    expect(driver.pass(50_000).actions()).toEqual([]);
    expect(driver.why()).toContain("exit idle while jobs wait");
    expect(driver.pass(10_000).actions()).toEqual(["create r5"]);
    driver.started("", "some job");
    expect(driver.actions()).toEqual(["create r6"]);
  });
});

describe("a 404 that nothing explains, about a runner that ended", () => {
  test("lets its instance go; its removal is asked for once more after an hour", () => {
    const driver = new Driver({ min: 1 }).hold({ idle: 1 }).launchAll().pass(60_000);
    exits(driver, "r1").act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.actions()).toContain("destroy r1");
    driver.tell({ type: "destroy.done", name: "r1" }).limit(0, 0);
    const { actions, afterMs } = driver.untilAction(2 * 3_600_000);
    expect(actions).toContain("deregister r1");
    expect(afterMs).toBeGreaterThan(3_590_000);
  });

  test("not where a job explains that its registration is gone", () => {
    const driver = exits(one().started("r1"), "r1");
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" }).act();
    driver.tell({ type: "destroy.done", name: "r1" });
    expect(driver.fleet.keptNames.has("r1")).toBe(false);
  });
});

describe("a look-up that waits for its turn", () => {
  const waiting = (): Driver => {
    const driver = new Driver({ min: 1 }).hold({ idle: 1 }).launchAll();
    driver.lookUps = undefined;
    for (let minute = 0; minute < 20 && driver.runner("r1").pending === undefined; minute++) driver.pass(60_000).act();
    expect(driver.runner("r1").pending).toBe("look-up");
    return driver;
  };

  test("keeps nobody's removal waiting", () => {
    expect(exits(waiting(), "r1").actions()).toContain("deregister r1");
  });

  test("and its answer ends no other command", () => {
    const driver = exits(waiting(), "r1");
    driver.act();
    driver.tell({ type: "look-up.done", name: "r1", answer: "absent" });
    expect(driver.runner("r1").pending).toBe("deregister");
    expect(driver.actions()).not.toContain("deregister r1");
    driver.tell({ type: "command.dropped", name: "r1", command: "look-up", why: "rights" });
    expect(driver.runner("r1").pending).toBe("deregister");
  });
});
