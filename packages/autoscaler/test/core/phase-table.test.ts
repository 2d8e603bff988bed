import { describe, expect, test } from "vitest";
import { demandOf } from "../../src/core/demand.js";
import type { Phase } from "../../src/core/model.js";
import { Driver, noJobs, seen } from "./driver.js";

/** A runner in a phase, by the shortest way there, beside nothing else. */
function inPhase(phase: Phase): Driver {
  const driver = new Driver({ max: 4 }).hold({ assigned: 1 });
  driver.lookUps = "absent";
  driver.act();
  if (phase === "creating") return driver;
  driver.tell({ type: "create.done", name: "r1" });
  driver.act();
  if (phase === "created") return driver;
  if (phase === "abandoned")
    return driver.tell({ type: "jit.failed", name: "r1", answered: false, message: "timeout" });
  driver.tell({ type: "jit.done", name: "r1", runnerId: 1 });
  driver.act();
  if (phase === "registered") return driver;
  driver.tell({ type: "start.done", name: "r1" });
  if (phase === "finishing") return driver.completed("r1");
  if (phase === "exited") return driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
  if (phase === "started") return driver;
  driver.tell({ type: "command.issued", name: "r1", command: "deregister", rule: "surplus" });
  if (phase === "retiring") return driver;
  return driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
}

function afterStart(kind: "gone" | "transient"): Driver {
  return inPhase("registered").tell({ type: "start.failed", name: "r1", kind, message: "cut" });
}

describe("each row of the phase table", () => {
  test.each([
    ["created", "jit.failed", "abandoned"],
    ["registered", "start.failed", "abandoned"],
  ] as const)("%s, %s: %s", (phase, type, next) => {
    const driver = inPhase(phase);
    if (type === "jit.failed") driver.tell({ type, name: "r1", answered: true, message: "no" });
    else driver.tell({ type, name: "r1", kind: "gone", message: "no" });
    expect(driver.phase("r1")).toBe(next);
    expect(driver.actions()).toContain("deregister r1");
  });

  test("registered, start unanswered: it may run, so it is retiring, and never taken for idle again", () => {
    const driver = afterStart("transient");
    expect(driver.phase("r1")).toBe("retiring");
    expect(driver.actions()).toContain("deregister r1");
    driver.tell({ type: "command.dropped", name: "r1", command: "deregister", why: "rights" });
    expect(driver.phase("r1")).toBe("retiring");
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.phase("r1"), "a 404 ends no runner that may work").toBe("detached");
    expect(driver.untilAction(600_000).actions).not.toContain("destroy r1");
  });

  test("registered, start unanswered, 204: nothing uses it", () => {
    const driver = afterStart("transient");
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "removed" });
    expect(driver.phase("r1")).toBe("abandoned");
    expect(driver.actions()).toContain("destroy r1");
  });

  test("registered, start failed for certain, and a 400: it works", () => {
    const driver = afterStart("gone");
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "busy" });
    expect([driver.phase("r1"), driver.runner("r1").belief.kind]).toEqual(["started", "unknown"]);
  });

  test.each(["registered", "started", "retiring"] as const)("%s, JobStarted names it: started, job", (phase) => {
    const driver = inPhase(phase).started("r1");
    expect([driver.phase("r1"), driver.runner("r1").belief.kind]).toEqual(["started", "job"]);
  });

  test.each(["detached", "abandoned"] as const)("%s, JobStarted names it: able, so no other is launched", (phase) => {
    const driver = inPhase(phase).reading({ assigned: 1 }).started("r1");
    expect(driver.phase("r1")).toBe(phase);
    expect(demandOf(driver.fleet, driver.now).able).toBe(1);
    driver.completed("r1").pass(11_000);
    expect(demandOf(driver.fleet, driver.now).able).toBe(0);
  });

  test("abandoned, and a message names its job: a 404 ends nothing that may run", () => {
    const driver = inPhase("abandoned").started("r1");
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.phase("r1")).toBe("detached");
  });

  test.each(["registered", "started", "finishing", "retiring", "detached"] as const)(
    "%s, exited: its registration goes first, whatever was answered before",
    (phase) => {
      const driver = inPhase(phase);
      driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
      expect(driver.phase("r1")).toBe("exited");
      if (phase === "registered") driver.tell({ type: "start.done", name: "r1" });
      if (phase === "retiring") driver.tell({ type: "deregister.failed", name: "r1", message: "502" }).pass(5_000);
      expect(driver.actions()).toContain("deregister r1");
    },
  );

  test.each([
    ["removed", "abandoned", "none"],
    ["busy", "started", "unknown"],
    ["absent", "detached", "none"],
  ] as const)("finishing, after five minutes %s: %s, %s", (answer, next, belief) => {
    const driver = inPhase("finishing").reading({ registered: 1 }).pass(300_000);
    expect(driver.actions()).toEqual(["deregister r1"]);
    driver.tell({ type: "deregister.done", name: "r1", answer });
    expect([driver.phase("r1"), driver.runner("r1").belief.kind]).toEqual([next, belief]);
  });

  test.each([
    ["removed", "abandoned"],
    ["busy", "started"],
    ["absent", "detached"],
  ] as const)("retiring, %s: %s", (answer, next) => {
    const driver = inPhase("retiring").tell({ type: "deregister.done", name: "r1", answer });
    expect(driver.phase("r1")).toBe(next);
  });

  test("retiring, no answer: asked again, never idle again", () => {
    const driver = inPhase("retiring").tell({ type: "deregister.failed", name: "r1", message: "502" });
    expect(driver.phase("r1")).toBe("retiring");
    expect(driver.pass(5_000).actions()).toContain("deregister r1");
  });

  test("exited, a 400: it stays exited, and is asked again", () => {
    const driver = inPhase("exited");
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "busy" });
    expect(driver.phase("r1")).toBe("exited");
    expect(driver.pass(5_000).actions()).toContain("deregister r1");
  });

  test.each(["created", "registered", "started", "finishing", "retiring", "detached"] as const)(
    "%s, missing from two lists 30 s apart: lost, and its registration goes",
    (phase) => {
      const driver = inPhase(phase).pass(1_000).inventory([]).pass(30_000).inventory([]);
      expect(driver.phase("r1")).toBe("exited");
    },
  );

  test("found created, and started later by a request of its dead maker: the service is asked before anything ends", () => {
    const driver = new Driver().hold({}, [seen("a", "created")]);
    driver.act();
    driver.tell({ type: "deregister.done", name: "a", answer: "absent" });
    driver.inventory([seen("a", "started")]);
    expect(driver.phase("a")).toBe("retiring");
    expect(driver.actions()).toContain("deregister a");
    driver.tell({ type: "deregister.done", name: "a", answer: "absent" });
    expect(driver.phase("a")).toBe("detached");
  });

  test("another owner's, found created for over two minutes: looked up twice, 30 s apart", () => {
    const driver = new Driver().hold({}, [seen("a", "created", { own: false, ageMs: 130_000 })]);
    expect(driver.actions()).toEqual(["deregister a"]);
    driver.tell({ type: "deregister.done", name: "a", answer: "absent" });
    expect(driver.untilAction(60_000)).toEqual({ actions: ["deregister a"], afterMs: 30_000 });
  });
});

describe("an adopted runner", () => {
  test("has an age from its instance, and its job once it is known", () => {
    const driver = new Driver().hold({ assigned: 1, running: 1 }, [seen("a", "started", { ageMs: 3_600_000 })]);
    expect(driver.now - driver.runner("a").launchedAt).toBe(3_600_000);
    driver.started("a", "job-7");
    expect(driver.runner("a").belief).toEqual({ kind: "job", jobId: "job-7" });
  });
});

describe("an unfit instance", () => {
  const reason = "its inner engine died";

  test("an idle one is retired through the service, and replaced", () => {
    const driver = new Driver({ min: 1 }).hold({ idle: 1 }).launchAll().pass(20_000);
    driver.inventory([seen("r1", "started", { unfit: reason })]);
    expect(driver.why()).toContain(reason);
    expect(driver.actions()).toContain("deregister r1");
    expect(driver.phase("r1")).toBe("retiring");
  });

  test("a busy one is left to end its job", () => {
    const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1").pass(20_000);
    driver.inventory([seen("r1", "started", { unfit: reason })]);
    expect(driver.untilAction(1_200_000).actions).toEqual([]);
    expect(driver.runner("r1").unfit).toBe(reason);
  });

  test("one that the service calls busy is asked about again later, and one that is well again is kept", () => {
    const driver = new Driver({ min: 1 }).hold({ idle: 1 }, [seen("a", "started", { unfit: reason })]);
    driver.reading({ registered: 1, idle: 1 });
    expect(driver.actions()).toContain("deregister a");
    driver.tell({ type: "deregister.done", name: "a", answer: "busy" });
    expect(driver.pass(590_000).actions()).not.toContain("deregister a");
    driver.inventory([seen("a", "started")]).pass(60_000);
    expect(driver.actions()).not.toContain("deregister a");
    expect(driver.fleet.unfit.size).toBe(0);
  });
});

test("counts of nothing at an opening, beside a runner, are no reading", () => {
  const driver = new Driver({ min: 1 }).hold().launchAll().pass(1_000);
  driver.tell({ type: "session.ended" }).tell({ type: "session.opened", scaleSetId: 1, statistics: noJobs });
  expect(driver.fleet.distrustedAt).toBe(driver.now);
});

test("nor are they where only an earlier scale set of that name has shown counts", () => {
  const driver = new Driver({ min: 1 }).hold({ registered: 1, idle: 1 });
  expect(driver.fleet.countsShown).toBe(true);
  driver.tell({ type: "session.opened", scaleSetId: 2, statistics: noJobs }).inventory([]).launchAll().pass(1_000);
  driver.tell({ type: "session.ended" }).tell({ type: "session.opened", scaleSetId: 2, statistics: noJobs });
  expect(driver.fleet.distrustedAt).toBe(driver.now);
});
