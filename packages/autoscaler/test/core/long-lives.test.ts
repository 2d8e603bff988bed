import { describe, expect, test } from "vitest";
import { announcedCapacity } from "../../src/core/capacity.js";
import { decide } from "../../src/core/decide.js";
import { canLetGo } from "../../src/core/drain.js";
import { Driver, noJobs, seen } from "./driver.js";

describe("the end of a runner that nobody saw", () => {
  test("a started runner is looked up every quarter of an hour from its boot deadline on, at moments of its own", () => {
    const driver = new Driver({ min: 2 }).hold({ idle: 2 }).launchAll().reading({ idle: 2 });
    driver.lookUps = undefined;
    const first = driver.untilAction(17 * 60_000);
    expect(first.actions).toHaveLength(1);
    expect(first.afterMs).toBeGreaterThanOrEqual(114_000);
    const second = driver.untilAction(17 * 60_000);
    expect(second.actions).toHaveLength(1);
    const name = first.actions[0]?.replace("look-up ", "") ?? "";
    driver.tell({ type: "look-up.done", name, answer: "present" });
    const again = driver.untilAction(900_000);
    expect(again).toMatchObject({ actions: first.actions, afterMs: 900_000 });
  });

  test("a working one that the service does not know works on: one 404 is a rumor, and so are two", () => {
    const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1").reading({ assigned: 1, running: 1 });
    driver.lookUps = "absent";
    expect(driver.untilAction(3_600_000).actions).toEqual([]);
    expect(driver.phase("r1")).toBe("started");
  });

  test("known again in between: it works on", () => {
    const driver = new Driver({ min: 1 }).hold({ idle: 1 }).launchAll().reading({ idle: 1 });
    driver.lookUps = undefined;
    driver.untilAction(1_100_000);
    driver.tell({ type: "look-up.done", name: "r1", answer: "absent" }).untilAction(70_000);
    driver.tell({ type: "look-up.done", name: "r1", answer: "present" });
    driver.untilAction(1_100_000);
    driver.tell({ type: "look-up.done", name: "r1", answer: "absent" });
    expect(driver.phase("r1")).toBe("started");
  });

  test("no answer says nothing", () => {
    const driver = new Driver({ min: 1 }).hold({ idle: 1 }).launchAll();
    driver.lookUps = undefined;
    driver.untilAction(1_100_000);
    driver.tell({ type: "look-up.failed", name: "r1", message: "reset" });
    expect(driver.phase("r1")).toBe("started");
    expect(driver.untilAction(70_000).actions).toEqual(["look-up r1"]);
  });

  test("where exits can't be seen, each runner is asked about every five minutes from its boot deadline on", () => {
    const driver = new Driver({ min: 1 }, {}, { observesExit: false }).hold({ idle: 1 }).launchAll();
    driver.lookUps = undefined;
    driver.reading({ registered: 1, idle: 1 });
    expect(driver.untilAction(300_000)).toMatchObject({ actions: ["look-up r1"], afterMs: 114_000 });
    driver.tell({ type: "look-up.done", name: "r1", answer: "present" });
    expect(driver.untilAction(600_000)).toMatchObject({ actions: ["look-up r1"], afterMs: 300_000 });
    driver.tell({ type: "look-up.done", name: "r1", answer: "absent" }).untilAction(70_000);
    driver.tell({ type: "look-up.done", name: "r1", answer: "absent" });
    expect(driver.phase("r1")).toBe("detached");
    expect(driver.untilAction(100_000).actions).toContain("create r2");
  });

  test("and one that was adopted within a minute: whoever heard that its job is over is gone (seed 20, clouds)", () => {
    const driver = new Driver({}, {}, { observesExit: false, bootDeadlineMs: 600_000 });
    driver.lookUps = undefined;
    driver.hold({ assigned: 1, idle: 1 }, [seen("r1", "started", { ageMs: 60_000 })]);
    expect(driver.untilAction(61_000).actions).toEqual(["look-up r1"]);
    driver.tell({ type: "look-up.done", name: "r1", answer: "absent" }).untilAction(61_000);
    driver.tell({ type: "look-up.done", name: "r1", answer: "absent" });
    expect(driver.phase("r1")).toBe("detached");
  });

  test("never about one whose scale set went away: the new one knows nothing of it", () => {
    const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1");
    driver.tell({ type: "session.opened", scaleSetId: 2, statistics: driver.fleet.reading(driver.now) ?? never() });
    driver.inventory([seen("r1", "started")]).pass(3_600_000);
    expect(driver.actions().filter((action) => action.startsWith("look-up"))).toEqual([]);
  });
});

describe("runners whose scale set may have gone away before this daemon started (F4)", () => {
  function restarted(setAgeMs: number): Driver {
    const driver = new Driver();
    driver.tell({ type: "session.opened", scaleSetId: 2, statistics: noJobs, scaleSetAgeMs: setAgeMs });
    driver.inventory([seen("r1", "started", { ageMs: 20 * 60_000 })]);
    expect(driver.untilAction(70_000).actions).toEqual(["deregister r1"]);
    return driver.tell({ type: "deregister.done", name: "r1", answer: "absent" }).pass(600_000);
  }

  test("are left until they exit when they are older than the set: that it knows them not means nothing", () => {
    const driver = restarted(10 * 60_000);
    expect(driver.actions()).toEqual([]);
    expect(driver.phase("r1")).toBe("started");
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
    expect(driver.actions()).toEqual(["deregister r1"]);
  });

  test("are not taken for older than the set by as little as two clocks may be apart", () => {
    const driver = restarted(20 * 60_000 - 10_000);
    driver.lookUps = "absent";
    driver.act();
    expect(driver.phase("r1")).toBe("detached");
  });

  test("and for six hours at most", () => {
    const driver = restarted(10 * 60_000).pass(6 * 60 * 60_000);
    expect(driver.actions()).toEqual(["deregister r1"]);
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.phase("r1")).toBe("detached");
  });

  test("are detached as ever when the set is there for much longer", () => {
    const driver = restarted(24 * 60 * 60_000);
    driver.lookUps = "absent";
    driver.act();
    expect(driver.phase("r1")).toBe("detached");
  });
});

describe("runners whose scale set went away under them (F4)", () => {
  function orphaned(): Driver {
    const driver = new Driver({ max: 4 }).hold({ assigned: 1 }).launchAll().started("r1");
    driver.tell({
      type: "session.opened",
      scaleSetId: 2,
      statistics: { assigned: 0, running: 0, registered: 0, busy: 0, idle: 0 },
    });
    return driver.inventory([seen("r1", "started")]);
  }

  test("take up places that the new one can't use", () => {
    const driver = orphaned();
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(3);
  });

  test("are left also where nobody is known to have a job, and some jobs ran: the news of them was lost (world 8275)", () => {
    for (const running of [1, 0]) {
      const driver = new Driver({ max: 4 }).hold({ assigned: 1 }).launchAll().pass(20_000);
      driver.reading({ assigned: 1, running, registered: 1, busy: running }).pass(60_000);
      driver.tell({ type: "session.opened", scaleSetId: 2, statistics: noJobs }).inventory([seen("r1", "started")]);
      expect(driver.untilAction(300_000).actions).toEqual(running === 1 ? [] : ["deregister r1"]);
    }
  });

  test("are taken down where every job that ran is known by its runner, though one has ended since", () => {
    const driver = new Driver({ min: 1, max: 4 }).hold({ assigned: 1 }).launchAll().pass(20_000).started("r1");
    driver.reading({ assigned: 1, running: 1, registered: 2, busy: 1, idle: 1 }).pass(10_000);
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") }).act();
    driver.tell({ type: "session.opened", scaleSetId: 2, statistics: noJobs }).inventory([seen("r2", "started")]);
    expect(driver.fleet.roster.orphans).toBe(0);
  });

  test("are left for six hours, then asked for like any whose registration is gone", () => {
    const driver = orphaned().pass(21_000_000);
    expect(driver.actions()).toEqual([]);
    driver.pass(700_000);
    expect(driver.actions()).toEqual(["deregister r1"]);
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.phase("r1")).toBe("detached");
  });
});

describe("a runner spec that changed", () => {
  test("idle runners of the old one are replaced one by one, busy ones never", () => {
    const driver = new Driver({ min: 3, max: 10 }).hold({ assigned: 1 }).launchAll().started("r1").pass(20_000);
    driver.tell({ type: "traits.changed", traits: { ...driver.fleet.traits, spec: "spec-2" } });
    expect(driver.actions()).toEqual(["deregister r2"]);
    expect(driver.actions()).toEqual(["create r5"]);
    expect(driver.pass(10_000).actions()).toEqual([]);
    driver.tell({ type: "deregister.done", name: "r2", answer: "removed" });
    expect(driver.actions()).toEqual(["destroy r2"]);
    driver.tell({ type: "destroy.done", name: "r2" });
    expect(driver.actions()).toContain("deregister r3");
  });

  test("idle runners are kept while launches of the new one fail", () => {
    const driver = new Driver({ min: 2, max: 10 }).hold().launchAll().pass(20_000);
    driver.tell({ type: "traits.changed", traits: { ...driver.fleet.traits, spec: "spec-2" } });
    expect(driver.actions()).toEqual(["deregister r1"]);
    const [create] = driver.actions();
    driver.tell({
      type: "create.failed",
      name: create?.replace("create ", "") ?? "",
      kind: "rejected",
      message: "no image",
    });
    driver.tell({ type: "deregister.done", name: "r1", answer: "removed" }).act();
    driver.tell({ type: "destroy.done", name: "r1" });
    expect(driver.pass(60_000).actions()).toEqual([]);
    expect(driver.why()).toContain("runners of the old spec are kept");
  });

  test("how runners of the old one fail says nothing of the new one", () => {
    const driver = new Driver({ min: 0, max: 10 }).hold({ assigned: 4 }).launchAll();
    driver.tell({ type: "traits.changed", traits: { ...driver.fleet.traits, spec: "spec-2" } });
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited", { exitCode: 7 }) });
    for (const name of ["r2", "r3", "r4"])
      driver.tell({ type: "instance.changed", instance: seen(name, "exited", { exitCode: 1 }) });
    driver.pass(100_000);
    expect(driver.fleet.outdated.shutAt).toBeUndefined();
    expect(driver.fleet.breaker.tripped).toBe(false);
    expect(driver.actions().filter((action) => action.startsWith("create"))).toHaveLength(4);
  });

  test("a place that is gone stops no launches elsewhere, though runners are known there", () => {
    const driver = new Driver().hold().launchAll();
    driver.tell({ type: "inventory", place: "here", begunAt: driver.now, instances: [seen("old", "started")] });
    driver.tell({ type: "traits.changed", traits: { ...driver.fleet.traits, place: "there" } });
    driver.tell({ type: "inventory", place: "there", begunAt: driver.now, instances: [] }).pass(1_000);
    driver.tell({ type: "session.ended" });
    driver.tell({ type: "session.opened", scaleSetId: 1, statistics: { ...noJobs, assigned: 3 } });
    driver.tell({ type: "inventory", place: "there", begunAt: driver.now, instances: [] });
    expect(driver.actions()).toEqual([]);
    expect(decide(driver.fleet, driver.now).wakeAt).toBeLessThanOrEqual(driver.now + 120_000);
    const waited = driver.untilAction(121_000);
    expect(waited.afterMs).toBeGreaterThan(100_000);
    expect(waited.actions.filter((action) => action.startsWith("create"))).toHaveLength(2);
  });

  test("also what an earlier version of this program left behind", () => {
    const driver = new Driver({ min: 1 }).hold({ registered: 1 }, [seen("old", "started", { spec: "spec-0" })]);
    expect(driver.actions()).toContain("deregister old");
  });

  test("runners live on in the place they were made in, and a list of another place says nothing about them", () => {
    const driver = new Driver({ min: 1 }).hold().launchAll().started("r1");
    driver.tell({ type: "traits.changed", traits: { ...driver.fleet.traits, spec: "spec-2", place: "there" } });
    for (let turn = 0; turn < 3; turn++) {
      driver.pass(31_000).tell({ type: "inventory", place: "there", begunAt: driver.now, instances: [] });
    }
    expect(driver.phase("r1")).toBe("started");
    expect(driver.fleet.emptyPlaces()).toEqual([]);
  });
});

describe("limits that somebody set", () => {
  test("an idle runner older than maxIdleAgeMs is replaced", () => {
    const driver = new Driver({ min: 1 }, { maxIdleAgeMs: 3_600_000 }).hold().launchAll();
    driver.reading({ registered: 1, idle: 1 }).pass(3_580_000);
    expect(driver.actions()).toEqual([]);
    driver.pass(20_000);
    expect(driver.actions()).toContain("deregister r1");
  });

  test("a job that works longer than maxJobDurationMs is ended by force, its registration after it", () => {
    const driver = new Driver({}, { maxJobDurationMs: 500_000 }).hold({ assigned: 1 }).launchAll().started("r1");
    driver.reading({ assigned: 1, running: 1, registered: 1 }).pass(490_000);
    expect(driver.actions()).toEqual([]);
    driver.pass(10_000);
    expect(driver.why()).toContain("maxJobDurationMs");
    expect(driver.actions()).toEqual(["destroy r1"]);
    driver.tell({ type: "destroy.failed", name: "r1", message: "engine down" }).pass(5_000);
    expect(driver.actions()).toContain("destroy r1");
    driver.tell({ type: "destroy.done", name: "r1" });
    expect(driver.actions()).toContain("deregister r1");
  });

  test("a runner ended by force stays that when a list shows it between two attempts, and its registration goes at once", () => {
    const driver = new Driver({}, { maxJobDurationMs: 500_000 }).hold({ assigned: 1 }).launchAll().started("r1");
    driver.reading({ assigned: 1, running: 1, registered: 1 }).pass(500_000);
    expect(driver.actions()).toEqual(["destroy r1"]);
    driver.tell({ type: "destroy.failed", name: "r1", message: "engine down" });
    driver.inventory([seen("r1", "started")]);
    expect(driver.phase("r1")).toBe("abandoned");
    driver.pass(5_000);
    expect(driver.actions()).toContain("destroy r1");
    driver.tell({ type: "destroy.failed", name: "r1", message: "engine down" }).inventory([seen("r1", "started")]);
    driver.pass(20_000);
    expect(driver.actions()).toContain("destroy r1");
    driver.tell({ type: "destroy.done", name: "r1" });
    expect(driver.actions()).toContain("deregister r1");
  });

  test("news of its job that come again give it no more time", () => {
    const driver = new Driver({}, { maxJobDurationMs: 500_000 }).hold({ assigned: 1 }).launchAll().started("r1");
    driver.reading({ assigned: 1, running: 1, registered: 1 }).pass(490_000).started("r1").pass(10_000);
    expect(driver.actions()).toContain("destroy r1");
  });

  test("an adopted runner of whose job nobody told is asked to go; the job's time counts from the answer that it works", () => {
    const timings = { maxJobDurationMs: 900_000, unknownRecheckMs: 100_000 };
    const old = seen("old", "started", { ageMs: 600_000 });
    const driver = new Driver({}, timings).hold({ assigned: 1, running: 1, registered: 1, busy: 1 }, [old]);
    driver.reading({ assigned: 1, running: 1, registered: 1, busy: 1 }).pass(290_000);
    expect(driver.actions()).toEqual([]);
    driver.pass(10_000);
    expect(driver.why()).toContain("whether it works is not known");
    expect(driver.actions()).toEqual(["deregister old"]);
    driver.tell({ type: "deregister.done", name: "old", answer: "busy" }).pass(890_000);
    expect(driver.actions()).toEqual([]);
    driver.pass(10_000);
    expect(driver.actions()).toEqual(["destroy old"]);
  });

  test("as many of them are asked as there are jobs that nobody told of: the idle ones of a warm pool stay", () => {
    const pool = ["a", "b", "c"].map((name, at) => seen(name, "started", { ageMs: 1_000_000 - at }));
    const driver = new Driver({ min: 3, max: 4 }, { maxJobDurationMs: 900_000 });
    driver.hold({ registered: 3, idle: 3 }, pool);
    expect(driver.actions()).toEqual([]);
    driver.reading({ assigned: 1, running: 1, registered: 3, busy: 1, idle: 2 });
    expect(driver.actions()).toEqual(["deregister a", "create r1"]);
    expect(driver.pass(10_000).actions()).toEqual([]);
    driver.tell({ type: "deregister.done", name: "a", answer: "removed" });
    expect(driver.actions()).toContain("deregister b");
    driver.tell({ type: "deregister.done", name: "b", answer: "busy" });
    expect(driver.actions()).not.toContain("deregister c");
  });

  test("without such limits a job may work for ever", () => {
    const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1");
    driver.reading({ assigned: 1, running: 1, registered: 1 });
    for (let hour = 0; hour < 120; hour++) expect(driver.pass(3_600_000).actions()).toEqual([]);
  });
});

describe("a drain", () => {
  function draining(): Driver {
    const driver = new Driver({ min: 1, max: 10 }).hold({ assigned: 2 }).launchAll().started("r1").pass(6_000);
    return driver.tell({ type: "drain" });
  }

  test("lets idle runners go at once, launches nothing, and announces what can take a job", () => {
    const driver = draining();
    expect(driver.actions()).toEqual(["deregister r2", "deregister r3"]);
    expect(driver.pass(60_000).actions()).toEqual([]);
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(1);
  });

  test("closes the session once nobody is idle, and clears its own ended runners afterwards", () => {
    const driver = draining();
    expect(canLetGo(driver.fleet, driver.now)).toBe(false);
    driver.act();
    expect(canLetGo(driver.fleet, driver.now)).toBe(false);
    for (const name of ["r2", "r3"]) driver.tell({ type: "deregister.done", name, answer: "removed" });
    expect(canLetGo(driver.fleet, driver.now)).toBe(true);
    driver.tell({ type: "session.let-go" }).tell({ type: "session.ended" });
    expect(driver.actions()).toEqual(["destroy r2", "destroy r3"]);
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
    expect(driver.actions()).toEqual(["deregister r1"]);
  });

  test("of a scale set that stands by waits for no session, unless runners of its own are left", () => {
    const driver = new Driver().tell({ type: "session.refused", holder: "other" }).tell({ type: "drain" });
    expect(canLetGo(driver.fleet, driver.now), "nobody looked yet").toBe(false);
    driver.inventory([]);
    expect(canLetGo(driver.fleet, driver.now)).toBe(true);
    driver.inventory([seen("mine", "started")]);
    expect(canLetGo(driver.fleet, driver.now)).toBe(false);
  });

  test("ends jobs by force after its deadline also when the session is closed already, adopted ones, too", () => {
    const driver = new Driver({}, { drainDeadlineMs: 100_000 })
      .hold({ assigned: 2 }, [seen("a", "started")])
      .launchAll();
    driver.started("r1").tell({ type: "drain" });
    expect(driver.actions()).toEqual(["deregister a"]);
    driver.tell({ type: "deregister.done", name: "a", answer: "busy" });
    expect(canLetGo(driver.fleet, driver.now)).toBe(true);
    driver.tell({ type: "session.let-go" }).pass(90_000);
    driver.now += 100_000;
    expect(driver.actions().sort()).toEqual(["destroy a", "destroy r1"]);
  });

  test("looks up a runner that nobody sees end, also when the session is closed, and leaves it until it exits", () => {
    const driver = new Driver({}, {}, { observesExit: false }).hold({ assigned: 1 }).launchAll().started("r1");
    driver.tell({ type: "drain" });
    expect(canLetGo(driver.fleet, driver.now)).toBe(true);
    driver.tell({ type: "session.let-go" });
    driver.lookUps = undefined;
    for (let turn = 0; turn < 10; turn++) {
      driver.now += 600_000;
      expect(driver.actions()).toEqual(["look-up r1"]);
      driver.tell({ type: "look-up.done", name: "r1", answer: "absent" });
    }
  });

  test("closes the session after 40 minutes, also where a removal is never answered", () => {
    const driver = draining();
    driver.act();
    const opensUntil = driver.now + 40 * 60_000;
    while (driver.now < opensUntil) {
      expect(canLetGo(driver.fleet, driver.now)).toBe(false);
      for (const name of ["r2", "r3"]) driver.tell({ type: "deregister.failed", name, message: "no answer" });
      driver.pass(300_000).act();
    }
    expect(canLetGo(driver.fleet, driver.now)).toBe(true);
    driver.tell({ type: "session.let-go" }).tell({ type: "deregister.done", name: "r2", answer: "absent" });
    driver.tell({ type: "deregister.failed", name: "r3", message: "no answer" }).pass(300_000);
    driver.now += 300_000;
    expect(driver.actions(), "r2 is left until it exits, r3 may be removed").toEqual(["deregister r3"]);
  });

  test("waits with the session for one whose job is done, and for the answer about one that may be idle", () => {
    const driver = new Driver().hold({ assigned: 2 }).launchAll().started("r1").started("r2", "job-2").completed("r1");
    driver.tell({ type: "drain" });
    expect(canLetGo(driver.fleet, driver.now)).toBe(false);
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
    expect(canLetGo(driver.fleet, driver.now)).toBe(true);
    const asked = new Driver({}, {}, { observesExit: false }).hold({}, [seen("a", "started")]);
    asked.pass(1_000).tell({ type: "command.issued", name: "a", command: "look-up", rule: "vanished" });
    asked.tell({ type: "drain" });
    expect(canLetGo(asked.fleet, asked.now)).toBe(false);
  });

  test("needs no session where it never had one and nothing lives", () => {
    const driver = new Driver().inventory([]).tell({ type: "drain" });
    expect(canLetGo(driver.fleet, driver.now)).toBe(true);
  });

  test("ends jobs by force only after drainDeadlineMs, where somebody set it", () => {
    const driver = new Driver({}, { drainDeadlineMs: 100_000 }).hold({ assigned: 1 }).launchAll().started("r1");
    driver.tell({ type: "drain" }).pass(90_000);
    expect(driver.actions()).toEqual([]);
    driver.pass(10_000);
    expect(driver.actions()).toEqual(["destroy r1"]);
  });
});

describe("without the session", () => {
  describe.each(["host", "shared"] as const)("(%s)", (scope) => {
    test("what ended is cleared once the session was lost for 30 s, registration first", () => {
      const driver = new Driver({}, {}, { scope }).hold({ assigned: 1 }).launchAll().started("r1").completed("r1");
      driver.tell({ type: "session.ended" }).tell({ type: "instance.changed", instance: seen("r1", "exited") });
      driver.now += 29_999;
      expect(driver.actions()).toEqual([]);
      expect(driver.look().wakeAt).toBe(driver.now + 1);
      driver.now += 1;
      expect(driver.actions()).toEqual(["deregister r1"]);
      driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
      expect(driver.actions()).toEqual(["destroy r1"]);
    });

    test("what is made and not started goes, but for what is under way", () => {
      const driver = new Driver({}, {}, { scope }).hold({ assigned: 3 });
      expect(driver.actions()).toEqual(["create r1", "create r2", "create r3"]);
      for (const name of ["r1", "r2"]) driver.tell({ type: "create.done", name });
      expect(driver.actions()).toEqual(["request-jit r1", "request-jit r2"]);
      driver.tell({ type: "jit.done", name: "r1", runnerId: 1 });
      driver.tell({ type: "command.dropped", name: "r2", command: "request-jit", why: "rights" });
      driver.tell({ type: "session.ended" }).tell({ type: "session.refused", holder: "other" });
      expect(driver.actions()).toEqual(["destroy r2", "deregister r1"]);
      expect(driver.act()).toEqual([]);
      driver.tell({ type: "deregister.done", name: "r1", answer: "removed" });
      expect(driver.actions()).toEqual(["destroy r1"]);
    });

    test("of other owners nothing is touched, nor of a newer version", () => {
      const driver = new Driver({}, {}, { scope }).tell({ type: "session.refused", holder: "other" });
      const others = { own: false };
      driver.inventory([
        seen("a", "exited", others),
        seen("b", "created", { ...others, ageMs: 600_000 }),
        seen("c", "exited", { foreignSchema: true }),
      ]);
      driver.now += 24 * 3_600_000;
      expect(driver.actions()).toEqual([]);
    });
  });

  describe("a standby lets its own idle runners go where only it sees them", () => {
    const standing = (holder: string | undefined, scope: "host" | "shared" = "host"): Driver =>
      new Driver({}, {}, { scope }).tell({ type: "session.refused", holder }).inventory([seen("a", "started")]);
    const minutes = (driver: Driver, count: number): string[] => {
      driver.now += count * 60_000;
      return driver.actions();
    };

    test("after 5 minutes, and one that works is asked again 10 minutes later", () => {
      const driver = standing("other");
      expect(driver.actions()).toEqual([]);
      expect(driver.look().wakeAt).toBeLessThanOrEqual(driver.now + 300_000);
      expect(minutes(driver, 4.99)).toEqual([]);
      expect(minutes(driver, 0.01)).toEqual(["deregister a"]);
      driver.tell({ type: "deregister.done", name: "a", answer: "busy" });
      expect(minutes(driver, 9.99)).toEqual([]);
      expect(minutes(driver, 0.01)).toEqual(["deregister a"]);
      driver.tell({ type: "deregister.done", name: "a", answer: "removed" });
      expect(driver.actions()).toEqual(["destroy a"]);
    });

    test("never on a shared backend, nor while it stops", () => {
      expect(minutes(standing("other", "shared"), 600)).toEqual([]);
      expect(minutes(standing("other").tell({ type: "stopping" }), 600)).toEqual([]);
    });

    test("after 30 minutes where the holder is not named; the wait begins again when naming changes, not with the name", () => {
      expect(minutes(standing(undefined), 29)).toEqual([]);
      expect(minutes(standing(undefined), 30)).toEqual(["deregister a"]);
      const driver = standing("other");
      expect(minutes(driver, 4)).toEqual([]);
      driver.tell({ type: "session.refused", holder: "a third" });
      expect(minutes(driver, 0.5)).toEqual([]);
      driver.tell({ type: "session.refused", holder: undefined });
      expect(minutes(driver, 29)).toEqual([]);
      driver.tell({ type: "session.refused", holder: "other" });
      expect(minutes(driver, 4)).toEqual([]);
      driver.tell({ type: "session.refused", holder: "a third" });
      expect(minutes(driver, 1)).toEqual(["deregister a"]);
    });

    test("never while the session in the way is our own", () => {
      const driver = standing("other");
      driver.now += 240_000;
      driver.tell({ type: "session.ended" });
      for (let hour = 0; hour < 5; hour++) {
        driver.tell({ type: "session.ended" });
        expect(minutes(driver, 60)).toEqual([]);
      }
      driver.tell({ type: "session.refused", holder: "other" });
      expect(minutes(driver, 4)).toEqual([]);
    });

    test("one that the service does not know is left until it exits", () => {
      const driver = standing("other");
      expect(minutes(driver, 5)).toEqual(["deregister a"]);
      driver.tell({ type: "deregister.done", name: "a", answer: "absent" });
      expect(minutes(driver, 600)).toEqual([]);
      driver.tell({ type: "instance.changed", instance: seen("a", "exited") });
      expect(driver.actions()).toEqual(["deregister a"]);
      driver.tell({ type: "deregister.done", name: "a", answer: "absent" });
      expect(driver.actions()).toEqual(["destroy a"]);
    });

    test("a removal without an answer is asked for again", () => {
      const driver = standing("other");
      expect(minutes(driver, 5)).toEqual(["deregister a"]);
      driver.tell({ type: "deregister.failed", name: "a", message: "no answer" });
      expect(minutes(driver, 1)).toEqual(["deregister a"]);
    });
  });

  test("one that has its job done has 5 minutes to exit by itself", () => {
    const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1").completed("r1");
    driver.tell({ type: "session.ended" }).tell({ type: "session.refused", holder: "other" });
    driver.now += 299_000;
    expect(driver.actions()).toEqual([]);
    driver.now += 1_000;
    expect(driver.actions()).toEqual(["deregister r1"]);
  });

  test("who has just opened it launches nothing before it has seen what lives, nor after it was lost and opened again", () => {
    const driver = new Driver();
    const opened = { type: "session.opened", scaleSetId: 1, statistics: { ...noJobs, assigned: 2 } } as const;
    driver.tell(opened);
    expect(driver.actions()).toEqual([]);
    expect(driver.look().reasons).toMatchObject([{ rule: "rights", reason: "taking stock of what runs" }]);
    driver.inventory([seen("a", "started")]);
    expect(driver.actions()).toEqual(["create r1"]);
    driver.tell({ type: "create.done", name: "r1" }).tell({ type: "session.ended" }).pass(1_000).tell(opened);
    expect(driver.actions()).toEqual([]);
    driver.inventory([seen("a", "started"), seen("r1", "created")]);
    expect(driver.actions()).toEqual(["request-jit r1"]);
  });

  test("what another one may have launched in a long silence is counted once the session is opened again", () => {
    const opened = (silentMs: number) =>
      new Driver({}, {}, { scope: "host" })
        .hold({})
        .tell({ type: "session.ended" })
        .tell({ type: "session.opened", scaleSetId: 1, statistics: { ...noJobs, idle: 2, registered: 2 }, silentMs })
        .inventory([]).fleet.foreign.count;
    expect(opened(60_000)).toBe(2);
    expect(opened(10_000)).toBe(0);
  });
});

test("a time that has passed never hides a later one: the next look is always asked for", () => {
  const driver = new Driver({ min: 1 }).hold().launchAll();
  const { wakeAt } = decide(driver.fleet, driver.now);
  expect(wakeAt).toBe(driver.now + 30_000);
});

function never(): never {
  throw new Error("there is no reading");
}
