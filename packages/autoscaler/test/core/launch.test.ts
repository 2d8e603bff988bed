import { describe, expect, test } from "vitest";
import { announcedCapacity, surelyMade } from "../../src/core/capacity.js";
import { stuckPlaces } from "../../src/core/demand.js";
import { Driver, noJobs, seen } from "./driver.js";

describe("launching", () => {
  test("as many runners are launched as jobs are assigned, and the reason says the sum", () => {
    const driver = new Driver({ min: 1, max: 10 }).hold({ assigned: 5 });
    expect(driver.look().commands).toEqual([
      {
        command: { type: "launch", count: 6 },
        rule: "launch",
        reason: "launch 6: 5 assigned + 1 min − 0 live, max 10",
      },
    ]);
  });

  test("a runner that just ended stands for its job in the sum under its own name: it is not said to live", () => {
    const driver = new Driver().hold({ assigned: 2 }).launchAll().started("r1");
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited", { exitCode: 1 }) });
    expect(driver.why()).toContain("enough: 2 assigned + 0 min − 1 live − 1 that just ended, max 10");
  });

  test("never more than the maximum", () => {
    const driver = new Driver({ max: 3 }).hold({ assigned: 50 });
    expect(driver.actions()).toEqual(["create r1", "create r2", "create r3"]);
    expect(driver.actions()).toEqual([]);
  });

  test("an instance that can't be destroyed keeps its place under the maximum", () => {
    const driver = new Driver({ max: 1 }).hold({ assigned: 1 }).launchAll().started("r1");
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
    expect(driver.actions()).toEqual(["deregister r1"]);
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.actions()).toEqual(["destroy r1"]);
    driver.tell({ type: "destroy.failed", name: "r1", message: "stuck" }).reading({ assigned: 1 }).pass(20_000);
    expect(driver.actions()).toEqual(["destroy r1"]);
  });

  test("the instance comes first, then its JIT config, then the start", () => {
    const driver = new Driver().hold({ assigned: 1 });
    expect(driver.actions()).toEqual(["create r1"]);
    driver.tell({ type: "create.done", name: "r1" });
    expect(driver.actions()).toEqual(["request-jit r1"]);
    driver.tell({ type: "jit.done", name: "r1", runnerId: 7 });
    expect(driver.actions()).toEqual(["start r1"]);
    driver.tell({ type: "start.done", name: "r1" });
    expect(driver.actions()).toEqual([]);
    expect(driver.phase("r1")).toBe("started");
  });

  test("nothing is launched before what runs was seen, nor before the session is held", () => {
    const driver = new Driver();
    driver.inventory([]);
    expect(driver.actions()).toEqual([]);
    driver.now += 10;
    driver.tell({ type: "session.opened", scaleSetId: 1, statistics: { ...noJobs, assigned: 2 } });
    driver.tell({ type: "inventory", place: "here", begunAt: driver.now - 1, instances: [] });
    expect(driver.actions()).toEqual([]);
    driver.inventory([seen("old", "started")]);
    expect(driver.actions()).toEqual(["create r1"]);
  });

  test("after a command was dropped for lack of the lease, nothing is decided until the service has answered", () => {
    const driver = new Driver().hold({ assigned: 2 });
    expect(driver.actions()).toEqual(["create r1", "create r2"]);
    for (const name of ["r1", "r2"]) driver.tell({ type: "command.dropped", name, command: "create", why: "lease" });
    driver.now += 3_600_000;
    driver.tell({ type: "woke" });
    expect(driver.actions()).toEqual([]);
    expect(driver.why()).toContain("the service has not answered lately");
    driver.tell({ type: "session.answered", heldMs: 50_000 });
    expect(driver.actions()).toEqual(["create r3", "create r4"]);
  });

  test("a session's own statistics stand while a backlog of old messages is read", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.tell({ type: "poll.began" });
    driver.tell({ type: "message", redelivered: false, statistics: { ...noJobs, assigned: 9 }, jobs: [] });
    expect(driver.actions()).toEqual(["create r1"]);
    const { wakeAt } = driver.look();
    expect(wakeAt).toBe(driver.now + 1_000);
    driver.now = wakeAt;
    expect(driver.actions()).toHaveLength(8);
  });

  test("a redelivered message brings no reading", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.pass(10_000).act();
    driver.tell({ type: "message", redelivered: true, statistics: { ...noJobs, assigned: 9 }, jobs: [] });
    expect(driver.actions()).toEqual([]);
  });

  test("an exit that was seen before its reading launches nothing for a while", () => {
    const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1");
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited", { exitCode: 0 }) });
    expect(driver.actions()).toEqual(["deregister r1"]);
    expect(driver.look().wakeAt).toBe(driver.now + 10_000);
    driver.now += 10_000;
    expect(driver.actions()).toEqual(["create r2"]);
  });

  test("a reading that knows of the exit ends that at once", () => {
    const driver = new Driver().hold({ assigned: 1 }).pass(10_000).launchAll().started("r1");
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
    driver.now += 1;
    driver.tell({ type: "message", redelivered: false, statistics: { ...noJobs, assigned: 1 }, jobs: [] });
    expect(driver.actions()).toContain("create r2");
  });

  test("a completion that the believed reading does not know of launches nothing either", () => {
    const driver = new Driver().hold({ assigned: 1 }, [seen("a", "started")]);
    const jobs = [{ kind: "completed" as const, jobId: "1", runnerName: "a" }];
    driver.now += 100;
    // The session has just been opened: its own statistics, with this job in them, still stand.
    driver.tell({ type: "message", redelivered: false, statistics: noJobs, jobs });
    expect(driver.actions()).toEqual([]);
    driver.now += 5_000;
    expect(driver.actions()).toEqual([]);
    driver.reading({ assigned: 1 });
    expect(driver.actions()).toEqual(["create r1"]);
  });

  test("a backend without room is a ceiling: what it holds is used, and nothing above it is launched or announced", () => {
    const driver = new Driver({ max: 5 }).hold({ assigned: 3 });
    driver.act();
    driver.tell({ type: "create.done", name: "r1" });
    driver.tell({ type: "create.failed", name: "r2", kind: "capacity", message: "disk full" });
    expect(driver.phase("r2")).toBe("gone");
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(2);
    driver.tell({ type: "create.failed", name: "r3", kind: "capacity", message: "disk full" });
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(1);
    expect(driver.actions()).toEqual(["request-jit r1"]);
    expect(driver.why()).toContain("the backend has room for 1");
    driver.launchAll().pass(3_600_000).reading({ assigned: 3, running: 1, registered: 1, busy: 1 });
    expect(driver.fleet.roster.size).toBe(1);
  });

  test("there is no other pause for want of room: a freed place under the ceiling is filled at once", () => {
    const driver = new Driver({ max: 5 }).hold({ assigned: 2 });
    driver.act();
    driver.tell({ type: "create.done", name: "r1" });
    driver.tell({ type: "create.failed", name: "r2", kind: "capacity", message: "full" }).launchAll();
    driver
      .started("r1")
      .completed("r1")
      .tell({ type: "instance.changed", instance: seen("r1", "exited") })
      .act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" }).act();
    driver.reading({ assigned: 1 }).tell({ type: "destroy.done", name: "r1" });
    expect(driver.actions()).toEqual(["create r3"]);
  });

  test("a launch above the ceiling is able only once its instance is made, and nothing is announced for it before", () => {
    const driver = new Driver({ max: 5 }).hold({ assigned: 1 });
    driver.act();
    driver.tell({ type: "create.failed", name: "r1", kind: "capacity", message: "full" });
    expect(driver.actions()).toEqual([]);
    driver.tell({ type: "ceiling.changed", most: 0, trials: 1 });
    expect(driver.actions()).toEqual(["create r2"]);
    expect(driver.fleet.able(driver.now)).toBe(0);
    expect(announcedCapacity(driver.fleet, driver.now)).toBe(1);
    expect(driver.actions(), "one, however often it is looked at").toEqual([]);
    driver.tell({ type: "create.done", name: "r2" }).tell({ type: "ceiling.changed", most: 1, trials: 2 });
    expect(driver.fleet.able(driver.now)).toBe(1);
    expect(driver.actions()).toEqual(["request-jit r2", "create r3", "create r4"]);
    expect(driver.fleet.able(driver.now)).toBe(1);
  });

  test("a launch begun before a refusal does not end the pause, though it succeeds", () => {
    const driver = new Driver().hold({ assigned: 1 }).pass(6_000);
    driver.act();
    driver.tell({ type: "create.done", name: "r1" }).act();
    driver.tell({ type: "jit.done", name: "r1", runnerId: 1 }).act();
    driver.reading({ assigned: 2 }).act();
    driver.tell({ type: "create.failed", name: "r2", kind: "rejected", message: "no such image" });
    driver.tell({ type: "start.done", name: "r1" });
    expect(driver.actions()).toEqual([]);
  });

  test("a refused JIT request holds back those of the other instances", () => {
    const driver = new Driver().hold({ assigned: 3 });
    driver.act();
    driver.tell({ type: "create.done", name: "r1" }).act();
    driver.tell({ type: "jit.failed", name: "r1", answered: true, message: "403" });
    driver.tell({ type: "create.done", name: "r2" }).tell({ type: "create.done", name: "r3" });
    expect(driver.actions()).toEqual(["deregister r1"]);
    driver.pass(5_000);
    expect(driver.actions()).toEqual(expect.arrayContaining(["request-jit r2", "request-jit r3"]));
  });

  test("a spec that the backend rejects is not tried again for ten minutes", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.act();
    driver.tell({ type: "create.failed", name: "r1", kind: "rejected", message: "no such image" });
    driver.pass(9 * 60_000);
    expect(driver.actions()).toEqual([]);
    driver.pass(60_000);
    expect(driver.actions()).toEqual(["create r2"]);
  });

  test("a refused launch is tried again at once when a person says so; a backend that is full is left in peace", () => {
    const refused = new Driver().hold({ assigned: 1 });
    refused.act();
    refused.tell({ type: "create.failed", name: "r1", kind: "denied", message: "no right to the folder" });
    expect(refused.actions()).toEqual([]);
    refused.tell({ type: "launches.retry" });
    expect(refused.actions()).toEqual(["create r2"]);

    const full = new Driver().hold({ assigned: 1 });
    full.act();
    full.tell({ type: "create.failed", name: "r1", kind: "capacity", message: "full" });
    full.tell({ type: "launches.retry" });
    expect(full.actions()).toEqual([]);
  });

  test("a lowered maximum drops launches that are not registered yet, and kills nobody", () => {
    const driver = new Driver({ max: 3 }).hold({ assigned: 3 }).launchAll();
    driver.fleet.limits = { minRunners: 0, maxRunners: 4 };
    driver.reading({ assigned: 4 });
    expect(driver.actions()).toEqual(["create r4"]);
    driver.limit(0, 2);
    driver.tell({ type: "create.done", name: "r4" });
    expect(driver.actions()).toEqual(["destroy r4"]);
  });

  test("while stopping, launches under way come to their end and none is begun", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.act();
    driver.tell({ type: "stopping" }).tell({ type: "create.done", name: "r1" });
    expect(driver.actions()).toEqual(["request-jit r1"]);
    driver.reading({ assigned: 5 });
    expect(driver.actions()).toEqual([]);
  });

  test("a command that was dropped is decided anew", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.act();
    driver.tell({ type: "command.dropped", name: "r1", command: "create", why: "rights" });
    expect(driver.actions()).toEqual(["create r2"]);
    driver.tell({ type: "create.done", name: "r2" });
    driver.act();
    driver.tell({ type: "command.dropped", name: "r2", command: "request-jit", why: "rights" });
    expect(driver.actions()).toEqual(["request-jit r2"]);
  });
});

test("places that no job can use, and that stay taken, are wanted beyond what jobs ask for", () => {
  const driver = new Driver({ max: 3 }).hold({ assigned: 1 }).launchAll();
  const stuck = (): number => stuckPlaces(driver.fleet);
  expect(stuck()).toBe(0);
  driver.tell({ type: "look-up.done", name: "r1", answer: "absent" }).pass(60_000);
  driver.tell({ type: "look-up.done", name: "r1", answer: "absent" });
  expect(driver.fleet.roster.get("r1")?.phase).toBe("detached");
  expect(stuck()).toBe(1);
  driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
  expect(stuck(), "it comes free within seconds").toBe(0);
  driver.pass(11_000);
  expect(stuck()).toBe(1);
});

describe("what is announced", () => {
  const announced = (driver: Driver): number => announcedCapacity(driver.fleet, driver.now);

  test("is a total of what can be done now, and never 0", () => {
    const driver = new Driver({ max: 3 }).hold({ assigned: 3 }).launchAll();
    expect(announced(driver)).toBe(3);
    driver.limit(0, 1);
    expect(announced(driver)).toBe(3);
    expect(announced(new Driver({ max: 0 }).hold())).toBe(1);
  });

  test("is 1 without an open session, before what lives was listed, and while stopping", () => {
    const driver = new Driver({ max: 8 });
    expect(announced(driver)).toBe(1);
    driver.tell({ type: "session.opened", scaleSetId: 1, statistics: noJobs });
    expect(announced(driver)).toBe(1);
    driver.inventory([]);
    expect(announced(driver)).toBe(8);
    driver.tell({ type: "stopping" });
    expect(announced(driver)).toBe(1);
  });

  test("stays when a job ends: the place that is given back counts, and the exit does not count beside it", () => {
    const driver = new Driver({ max: 3 })
      .hold({ assigned: 3 })
      .launchAll()
      .reading({ assigned: 3, running: 3, busy: 3 });
    driver.started("r1", "j1").completed("r1", "j1");
    expect(announced(driver)).toBe(3);
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") }).act();
    expect(announced(driver)).toBe(3);
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" }).act();
    driver.tell({ type: "destroy.done", name: "r1" });
    expect(announced(driver)).toBe(3);
  });

  test("falls when a place is not given back within 10 s", () => {
    const driver = new Driver({ max: 3 }).hold({ assigned: 3 }).launchAll();
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
    expect(announced(driver)).toBe(3);
    expect(driver.look().wakeAt).toBeLessThanOrEqual(driver.now + 10_000);
    driver.pass(10_000).tell({ type: "woke" });
    expect(announced(driver)).toBe(2);
  });

  test("is at most the maximum, however many runners a count says there are elsewhere (seeds 4 and 13, twoLiars)", () => {
    const driver = new Driver({ max: 2 }, {}, { scope: "host" });
    driver.tell({ type: "session.refused", holder: "another" });
    driver.hold({ assigned: 2, running: 2, busy: 2, idle: 2 }, [seen("a", "started"), seen("b", "started")]);
    driver.reading({ assigned: 2, running: 2, busy: 2, idle: 2 });
    expect(driver.fleet.foreign.count).toBe(2);
    expect(announced(driver)).toBe(2);
  });

  test("stays when one ends whose completion was false before: its place is given back only now (seed 18, twoLiars)", () => {
    const driver = new Driver({ max: 3 })
      .hold({ assigned: 3 })
      .launchAll()
      .reading({ assigned: 3, running: 3, busy: 3 });
    driver.started("r1", "j1").completed("r1", "j1").pass(300_000).act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "busy" });
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
    expect(announced(driver)).toBe(3);
  });

  test("is what lives from the third failed JIT request in a row on, until a launch begun since has started", () => {
    const driver = new Driver({ max: 8 }).hold({ assigned: 3 });
    for (const { name } of driver.act()) driver.tell({ type: "create.done", name });
    driver.act();
    const fail = (name: string): void => void driver.tell({ type: "jit.failed", name, answered: true, message: "503" });
    fail("r1");
    fail("r2");
    expect(announced(driver)).toBeGreaterThan(1);
    fail("r3");
    expect(announced(driver)).toBe(1);
    for (const name of ["r1", "r2", "r3"]) {
      driver.act();
      driver.tell({ type: "deregister.done", name, answer: "absent" }).act();
      driver.tell({ type: "destroy.done", name });
    }
    driver.pass(400_000).tell({ type: "woke" });
    expect(announced(driver), "the end of a pause proves nothing").toBe(1);
    const [create] = driver.act();
    expect(create?.type).toBe("create");
    const { name } = create ?? { name: "" };
    driver.tell({ type: "create.done", name }).act();
    driver.tell({ type: "jit.done", name, runnerId: 9 }).act();
    driver.tell({ type: "start.done", name });
    expect(announced(driver)).toBe(8);
  });

  test("is not raised by a launch that began before the failures", () => {
    const driver = new Driver({ max: 8 }).hold({ assigned: 4 });
    for (const { name } of driver.act()) driver.tell({ type: "create.done", name });
    driver.act();
    driver.now += 100;
    for (const name of ["r1", "r2", "r3"]) driver.tell({ type: "jit.failed", name, answered: true, message: "503" });
    driver.tell({ type: "jit.done", name: "r4", runnerId: 4 }).act();
    driver.tell({ type: "start.done", name: "r4" });
    expect(announced(driver)).toBe(1);
  });

  test("does not count launches under way while launches fail: they only try", () => {
    const driver = new Driver({ max: 8 }).hold({ assigned: 2 }).launchAll();
    driver.reading({ assigned: 4, idle: 2 });
    let failures = 0;
    for (let second = 0; failures < 3 && second < 900; second++) {
      for (const { type, name } of driver.act()) {
        if (type === "create") {
          driver.tell({ type: "create.failed", name, kind: "transient", message: "no engine" });
          failures += 1;
        } else if (type === "deregister") driver.tell({ type: "deregister.done", name, answer: "absent" });
        else if (type === "destroy") driver.tell({ type: "destroy.done", name });
      }
      driver.now += 1_000;
    }
    expect(failures).toBeGreaterThanOrEqual(3);
    expect(announced(driver)).toBe(2);
    for (let second = 0; second < 900 && driver.fleet.roster.count("creating") === 0; second++) {
      for (const { type, name } of driver.act()) {
        if (type === "deregister") driver.tell({ type: "deregister.done", name, answer: "absent" });
        if (type === "destroy") driver.tell({ type: "destroy.done", name });
      }
      driver.now += 1_000;
    }
    const name = [...driver.fleet.roster.all()].find(({ phase }) => phase === "creating")?.name ?? "";
    expect(driver.fleet.roster.get(name)?.phase).toBe("creating");
    expect(announced(driver)).toBe(2);
    driver.tell({ type: "create.done", name }).act();
    expect(announced(driver)).toBe(2);
    driver.tell({ type: "jit.done", name, runnerId: 9 }).act();
    expect(announced(driver)).toBe(2);
    driver.tell({ type: "start.done", name });
    expect(announced(driver)).toBe(8);
  });

  test("counts once what is ended by force while an open job names it", () => {
    const driver = new Driver({ max: 2 }, { maxJobDurationMs: 500_000 }).hold({ assigned: 2 }).launchAll();
    driver.started("r1").pass(510_000);
    expect(driver.actions()).toContain("destroy r1");
    expect(driver.fleet.roster.get("r1")?.phase).toBe("abandoned");
    expect(announced(driver)).toBe(2);
  });

  test("does not count the place of a completed job where no exit is seen: its runner keeps it for minutes", () => {
    const driver = new Driver({ max: 2 }, {}, { observesExit: false }).hold({ assigned: 2 }).launchAll();
    driver.started("r1").reading({ assigned: 2, running: 1, busy: 1, idle: 1 }).completed("r1");
    expect(driver.fleet.roster.get("r1")?.phase).toBe("finishing");
    expect(announced(driver)).toBe(1);
  });

  test("does not count an instance that waits for a pause of JIT requests to end", () => {
    const driver = new Driver({ max: 2 }).hold({ assigned: 2 });
    driver.act();
    driver.tell({ type: "create.done", name: "r1" }).act();
    driver.tell({ type: "jit.failed", name: "r1", answered: true, message: "503" });
    driver.tell({ type: "create.done", name: "r2" });
    expect(driver.fleet.able(driver.now)).toBe(0);
    driver.pass(5_000);
    expect(driver.fleet.able(driver.now)).toBe(1);
  });

  test("is what is able while a set drains", () => {
    const driver = new Driver({ max: 8 }).hold({ assigned: 2 }).launchAll().tell({ type: "drain" });
    expect(announced(driver)).toBe(2);
  });

  test("does not count runners on another machine while a set drains: their jobs are not ours to accept", () => {
    const driver = new Driver({ max: 8 }, {}, { scope: "host" }).hold({ registered: 2, idle: 2 });
    expect(driver.fleet.foreign.count).toBe(2);
    expect(announced(driver.tell({ type: "drain" }))).toBe(1);
  });
});

test("an instance whose destruction is under way does not raise the ceiling of its backend: it may have made the room", () => {
  const driver = new Driver({ max: 5 }).hold({ assigned: 2 }).launchAll();
  expect(surelyMade(driver.fleet, "here")).toBe(2);
  driver
    .started("r1")
    .completed("r1")
    .tell({ type: "instance.changed", instance: seen("r1", "exited") });
  expect(surelyMade(driver.fleet, "here")).toBe(1);
  driver.reading({ assigned: 5, running: 1 }).act();
  expect(surelyMade(driver.fleet, "here"), "nor does a launch under way").toBe(1);
});
