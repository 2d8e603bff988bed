import { describe, expect, test } from "vitest";
import { Driver, noJobs, seen } from "./driver.js";

function withRunners(count: number, limits: { min?: number; max?: number } = {}): Driver {
  return new Driver(limits).hold({ assigned: count }).launchAll();
}

describe("surplus", () => {
  test("runners beyond the target are asked for at the service after a minute, oldest first", () => {
    const driver = withRunners(1).reading({ assigned: 3 });
    driver.launchAll().reading({ assigned: 1 });
    driver.pass(59_000);
    expect(driver.actions()).toEqual([]);
    driver.pass(1_000);
    expect(driver.actions()).toEqual(["deregister r1", "deregister r2"]);
    expect(driver.phase("r1")).toBe("retiring");
  });

  test("a busy runner is never asked for, however many are too many", () => {
    const driver = withRunners(2).started("r1", "a").started("r2", "b").reading({ assigned: 0 }).pass(590_000);
    expect(driver.actions()).toEqual([]);
  });

  test("demand that comes back in time keeps them", () => {
    const driver = withRunners(2).reading({ assigned: 0 }).pass(50_000).reading({ assigned: 2 }).pass(3_000);
    driver.reading({ assigned: 0 }).pass(30_000);
    expect(driver.actions()).toEqual([]);
  });

  test("only those go that were too many all the time: the others begin a window of their own", () => {
    const driver = withRunners(5).reading({ assigned: 4 }).pass(55_000).reading({ assigned: 0 });
    const first = driver.untilAction(60_000);
    expect(first.actions).toEqual(["deregister r1"]);
    driver.tell({ type: "deregister.done", name: "r1", answer: "removed" });
    expect(driver.actions()).toEqual(["destroy r1"]);
    driver.tell({ type: "destroy.done", name: "r1" });
    const second = driver.untilAction(120_000);
    expect(second.actions).toHaveLength(4);
    expect(second.afterMs).toBeGreaterThanOrEqual(59_000);
  });

  test("one that can't be retired takes nobody else's wait away", () => {
    const driver = withRunners(1).started("r1").reading({ assigned: 0 });
    expect(driver.untilAction(300_000).actions).toEqual([]);
    driver.reading({ assigned: 2 }).launchAll().reading({ assigned: 1 });
    const { actions, afterMs } = driver.untilAction(200_000);
    expect(actions).toEqual(["deregister r2"]);
    expect(afterMs).toBeGreaterThanOrEqual(50_000);
  });

  test("the minimum stays", () => {
    const driver = withRunners(1, { min: 2 }).reading({ assigned: 0 }).pass(60_000);
    expect(driver.actions()).toHaveLength(1);
  });

  test("removed: the instance goes too", () => {
    const driver = withRunners(1).reading({ assigned: 0 }).pass(60_000);
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "removed" });
    expect(driver.actions()).toEqual(["destroy r1"]);
    driver.tell({ type: "destroy.done", name: "r1" });
    expect(driver.phase("r1")).toBe("gone");
  });

  test("still running: it is kept, and not asked about again for ten minutes", () => {
    const driver = withRunners(1).reading({ assigned: 0 }).pass(60_000);
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "busy" });
    expect(driver.phase("r1")).toBe("started");
    const { actions, afterMs } = driver.untilAction(12 * 60_000);
    expect(actions).toEqual(["deregister r1"]);
    expect(afterMs).toBeGreaterThanOrEqual(10 * 60_000);
    expect(afterMs).toBeLessThanOrEqual(11 * 60_000);
  });

  test("no answer: it is asked for again with growing pauses, and never thought idle again", () => {
    const driver = withRunners(1).reading({ assigned: 0 }).pass(60_000);
    driver.act();
    driver.tell({ type: "deregister.failed", name: "r1", message: "502" });
    expect(driver.phase("r1")).toBe("retiring");
    expect(driver.actions()).toEqual([]);
    driver.now += 5_000;
    expect(driver.actions()).toEqual(["deregister r1"]);
    driver.tell({ type: "deregister.failed", name: "r1", message: "502" });
    expect(driver.look().wakeAt).toBe(driver.now + 10_000);
  });

  test("a job that starts while it is being removed keeps it", () => {
    const driver = withRunners(1).reading({ assigned: 0 }).pass(60_000);
    driver.act();
    driver.started("r1").tell({ type: "deregister.done", name: "r1", answer: "busy" });
    expect(driver.phase("r1")).toBe("started");
    expect(driver.runner("r1").belief).toEqual({ kind: "job", jobId: "job-1" });
    expect(driver.pass(3_600_000).actions()).toEqual([]);
  });

  test("a removal without an answer is not repeated once a job is known", () => {
    const driver = withRunners(1).reading({ assigned: 0 }).pass(60_000);
    driver.act();
    driver.started("r1").tell({ type: "deregister.failed", name: "r1", message: "reset" });
    expect(driver.pass(3_600_000).actions()).toEqual([]);
  });

  test("unknown at the service: it is detached, and one 404 ends nothing", () => {
    const driver = withRunners(1).reading({ assigned: 0 }).pass(60_000);
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.phase("r1")).toBe("detached");
    driver.lookUps = "absent";
    expect(driver.untilAction(29 * 60_000).actions).toEqual([]);
  });

  test("unknown at the service, and a job names it: once it exits its removal is asked for again", () => {
    const driver = withRunners(1).reading({ assigned: 0 }).pass(60_000);
    driver.act();
    driver.lookUps = "absent";
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" }).started("r1");
    expect(driver.phase("r1")).toBe("detached");
    expect(driver.untilAction(3_600_000).actions).toEqual([]);
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
    expect(driver.actions()).toEqual(["deregister r1"]);
  });
});

describe("after a job", () => {
  test("a runner that exited: its registration goes first, then its instance", () => {
    const driver = withRunners(1).started("r1").completed("r1");
    expect(driver.phase("r1")).toBe("finishing");
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited", { exitCode: 0 }) });
    expect(driver.act()).toContainEqual({ type: "deregister", name: "r1", runnerId: 1 });
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.actions()).toEqual(["destroy r1"]);
  });

  test("an exit that the service calls busy is asked about until it is not", () => {
    const driver = withRunners(1).tell({ type: "instance.changed", instance: seen("r1", "exited") });
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "busy" });
    expect(driver.phase("r1")).toBe("exited");
    driver.now += 5_000;
    expect(driver.actions()).toContain("deregister r1");
  });

  test("a runner that lives on is left alone for five minutes, then the service is asked", () => {
    const driver = withRunners(1).started("r1").completed("r1").reading({ assigned: 0 }).pass(290_000);
    expect(driver.actions()).toEqual([]);
    driver.pass(10_000);
    expect(driver.actions()).toEqual(["deregister r1"]);
    driver.tell({ type: "deregister.done", name: "r1", answer: "removed" });
    expect(driver.actions()).toEqual(["destroy r1"]);
  });

  test("the service calls a finished runner busy: its completion was false, and it works on (actions/runner#4492)", () => {
    const driver = withRunners(1).started("r1").completed("r1").reading({ assigned: 0 }).pass(300_000);
    expect(driver.actions()).toEqual(["deregister r1"]);
    driver.tell({ type: "deregister.done", name: "r1", answer: "busy" });
    expect(driver.phase("r1")).toBe("started");
    expect(driver.runner("r1").belief.kind).toBe("unknown");
    expect(driver.pass(590_000).actions()).toEqual([]);
  });

  test("the service does not know a finished runner that lives on: it is detached, not ended", () => {
    const driver = withRunners(1).started("r1").completed("r1").reading({ assigned: 0 }).pass(300_000);
    driver.act();
    driver.lookUps = "absent";
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.phase("r1")).toBe("detached");
    expect(driver.untilAction(29 * 60_000).actions).toEqual([]);
  });

  test("a completion that overtakes the answer of a removal keeps the runner its time", () => {
    const driver = withRunners(1).reading({ assigned: 0 }).pass(60_000);
    driver.act();
    driver.started("r1").completed("r1").tell({ type: "deregister.failed", name: "r1", message: "reset" });
    expect(driver.pass(290_000).actions()).toEqual([]);
    expect(driver.pass(10_000).actions()).toEqual(["deregister r1"]);
  });

  test("a completed job never opens again, whatever order the messages come in", () => {
    const driver = withRunners(1).completed("r1").started("r1");
    expect(driver.phase("r1")).toBe("finishing");
  });

  test("the completion of a start whose answer is late leaves the runner its time to exit", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.act();
    driver.tell({ type: "create.done", name: "r1" }).act();
    driver.tell({ type: "jit.done", name: "r1", runnerId: 1 }).act();
    driver.started("r1").completed("r1").tell({ type: "start.done", name: "r1" });
    expect(driver.phase("r1")).toBe("finishing");
    expect(driver.actions()).not.toContain("deregister r1");
  });

  test("an exit before the answer of its start is cleaned up all the same", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.act();
    driver.tell({ type: "create.done", name: "r1" }).act();
    driver.tell({ type: "jit.done", name: "r1", runnerId: 1 }).act();
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
    expect(driver.actions()).toEqual([]);
    driver.tell({ type: "start.done", name: "r1" });
    expect(driver.actions()).toEqual(["deregister r1"]);
  });

  test("names that nobody knows, and empty ones, change nothing", () => {
    const driver = withRunners(1).started("stranger").completed("");
    expect(driver.phase("r1")).toBe("started");
    expect(driver.runner("r1").belief).toEqual({ kind: "none" });
  });
});

describe("a scale set that came back under a new id", () => {
  test("a runner that may have a job is left until it exits: the new set knows nothing of it", () => {
    const driver = new Driver().hold({ assigned: 1 }, [seen("a", "started")]);
    driver.tell({ type: "session.opened", scaleSetId: 2, statistics: noJobs }).inventory([seen("a", "started")]);
    expect(driver.untilAction(3_600_000).actions).toEqual([]);
    driver.tell({ type: "instance.changed", instance: seen("a", "exited") });
    expect(driver.actions()).toEqual(["deregister a"]);
  });

  test("jobs of the new set get runners of their own, as far as there is room beside those that are left", () => {
    const left = ["a", "b", "c"].map((name) => seen(name, "started"));
    const driver = new Driver({ max: 5 }).hold({ assigned: 3 }, left);
    for (const { name } of left) driver.started(name, `job of ${name}`);
    driver.pass(1_000).tell({ type: "session.opened", scaleSetId: 2, statistics: { ...noJobs, assigned: 3 } });
    driver.inventory(left);
    expect(driver.actions()).toEqual(["create r1", "create r2"]);
  });

  test("an idle one is asked about as ever", () => {
    const driver = withRunners(1).reading({ assigned: 0 }).pass(10_000);
    driver.tell({ type: "session.opened", scaleSetId: 2, statistics: noJobs }).inventory([seen("r1", "started")]);
    expect(driver.untilAction(180_000).actions).toEqual(["deregister r1"]);
  });
});

describe("abandoned names", () => {
  test("a start without an answer whose runner is unknown at the service is not destroyed while it may run", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.act();
    driver.tell({ type: "create.done", name: "r1" }).act();
    driver.tell({ type: "jit.done", name: "r1", runnerId: 5 }).act();
    driver.tell({ type: "start.failed", name: "r1", kind: "transient", message: "cut" }).act();
    driver.started("r1").tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.phase("r1")).toBe("started");
    driver.lookUps = "absent";
    driver.reading({ assigned: 0 });
    expect(driver.untilAction(200_000).actions).not.toContain("destroy r1");
  });

  test("an unanswered JIT request: looked up twice, since it may still be carried out, then destroyed", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.act();
    driver.tell({ type: "create.done", name: "r1" }).act();
    driver.tell({ type: "jit.failed", name: "r1", answered: false, message: "timeout" });
    expect(driver.act()).toContainEqual({ type: "deregister", name: "r1", runnerId: undefined });
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.actions()).not.toContain("destroy r1");
    driver.now += 30_000;
    expect(driver.actions()).toContain("deregister r1");
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.actions()).toContain("destroy r1");
  });

  test("a failed start: the registration goes first, then the instance", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.act();
    driver.tell({ type: "create.done", name: "r1" }).act();
    driver.tell({ type: "jit.done", name: "r1", runnerId: 5 }).act();
    driver.tell({ type: "start.failed", name: "r1", kind: "transient", message: "cut" });
    expect(driver.act()).toContainEqual({ type: "deregister", name: "r1", runnerId: 5 });
    driver.tell({ type: "deregister.done", name: "r1", answer: "removed" });
    expect(driver.actions()).toContain("destroy r1");
  });

  test("a start that failed for us and not for the runner: the service says busy, and it is kept", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.act();
    driver.tell({ type: "create.done", name: "r1" }).act();
    driver.tell({ type: "jit.done", name: "r1", runnerId: 5 }).act();
    driver.tell({ type: "start.failed", name: "r1", kind: "transient", message: "cut" }).act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "busy" });
    expect(driver.phase("r1")).toBe("started");
  });

  test("one that vanished at work gives back its place as soon as a message says that its job is over", () => {
    const driver = withRunners(1)
      .started("r1")
      .tell({ type: "instance.changed", instance: seen("r1", "exited") })
      .reading({ assigned: 0 });
    for (let times = 0; times < 7; times++) {
      expect(driver.untilAction(300_000).actions).toEqual(["deregister r1"]);
      driver.tell({ type: "deregister.done", name: "r1", answer: "busy" });
    }
    expect(driver.pass(60_000).actions(), "it is asked every 5 min by now").toEqual([]);
    expect(driver.completed("r1").actions()).toEqual(["deregister r1"]);
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
    expect(driver.actions()).toEqual(["destroy r1"]);
    driver.tell({ type: "destroy.failed", name: "r1", message: "broken" });
    expect(driver.completed("r1").actions(), "a failed destroy has its own time").toEqual([]);
  });

  test("a create without an answer is destroyed by name, and a new name is launched later", () => {
    const driver = new Driver().hold({ assigned: 1 });
    driver.act();
    driver.tell({ type: "create.failed", name: "r1", kind: "transient", message: "cut" });
    expect(driver.actions()).toEqual(["destroy r1"]);
    driver.tell({ type: "destroy.done", name: "r1" });
    driver.now += 5_000;
    expect(driver.actions()).toEqual(["create r2"]);
  });
});

describe("adoption", () => {
  test("what runs is adopted and counted: nothing is launched in its place", () => {
    const driver = new Driver().hold({ assigned: 2 }, [seen("a", "started"), seen("b", "started", { own: false })]);
    expect(driver.actions()).toEqual([]);
    expect(driver.runner("a").belief.kind).toBe("unknown");
  });

  test("what exited while nobody looked is cleared, by name", () => {
    const driver = new Driver().hold({}, [seen("a", "exited")]);
    expect(driver.act()).toEqual([{ type: "deregister", name: "a", runnerId: undefined }]);
  });

  test("an own instance that was never started is abandoned: its JIT config died with its maker", () => {
    const driver = new Driver().hold({ assigned: 0 }, [seen("a", "created")]);
    expect(driver.actions()).toEqual(["deregister a"]);
    driver.tell({ type: "deregister.done", name: "a", answer: "absent" });
    expect(driver.untilAction(60_000), "its maker's request may still be carried out").toEqual({
      actions: ["deregister a"],
      afterMs: 30_000,
    });
    driver.tell({ type: "deregister.done", name: "a", answer: "absent" });
    expect(driver.actions()).toEqual(["destroy a"]);
  });

  test("another owner's fresh instance is left alone for two minutes, unless it starts", () => {
    const foreign = { own: false, ageMs: 30_000 };
    const driver = new Driver().hold({ assigned: 2 }, [seen("a", "created", foreign), seen("b", "created", foreign)]);
    driver.pass(80_000).inventory([seen("a", "created", foreign), seen("b", "started", foreign)]);
    expect(driver.actions()).toEqual([]);
    driver.pass(10_000);
    expect(driver.actions()).toContain("deregister a");
    expect(driver.phase("b")).toBe("started");
  });

  test("labels of a newer version are counted as live and never touched", () => {
    const driver = new Driver({ max: 1 }).hold({ assigned: 1 }, [seen("a", "exited", { foreignSchema: true })]);
    expect(driver.actions()).toEqual([]);
    driver.reading({ assigned: 0 });
    expect(driver.pass(3_600_000).actions()).toEqual([]);
  });

  test("nor when a message names a job of theirs", () => {
    const driver = new Driver().hold({}, [seen("a", "started", { foreignSchema: true })]).completed("a");
    expect(driver.untilAction(1_200_000).actions).toEqual([]);
  });

  test("a standby forgets others' runners that the holder cleared away, and can launch at once when it takes over", () => {
    const driver = new Driver({ max: 2 });
    driver.tell({ type: "session.refused", holder: "other" });
    const others = { own: false };
    for (let round = 0; round < 10; round++) {
      driver.inventory([seen(`a${round}`, "exited", others), seen(`b${round}`, "started", others)]).pass(30_000);
    }
    driver.inventory([]).pass(30_000).inventory([]);
    expect(driver.fleet.occupying).toBe(0);
    driver.hold({ assigned: 2 });
    expect(driver.actions()).toEqual(["create r1", "create r2"]);
  });

  test.each(["host", "shared"] as const)(
    "what a standby made itself and lost has its registration removed, also without the session (%s)",
    (scope) => {
      const driver = new Driver({}, {}, { scope }).hold({}, [seen("mine", "started")]);
      driver.tell({ type: "session.ended" }).tell({ type: "session.refused", holder: "other" });
      driver.pass(1_000).inventory([]).pass(30_000).inventory([]);
      expect(driver.actions()).toEqual(["deregister mine"]);
    },
  );

  test("instances of a newer version that ended keep nobody's job waiting and make nobody a ghost", () => {
    const newer = seen("newer", "exited", { foreignSchema: true });
    const driver = new Driver({ min: 1, max: 4 }).hold({ assigned: 0 }, [newer]);
    driver.launchAll();
    expect(driver.fleet.roster.get("r1")?.phase).toBe("started");
    for (let minute = 0; minute < 10; minute++) {
      driver
        .pass(60_000)
        .reading({ registered: 1, idle: 1 })
        .inventory([newer, seen("r1", "started")]);
      expect(driver.actions().filter((action) => action.startsWith("deregister"))).toEqual([]);
    }
  });

  test("a list that began before an instance was destroyed does not bring it back", () => {
    const driver = withRunners(1);
    const begunAt = driver.now;
    driver.tell({ type: "instance.changed", instance: seen("r1", "exited") });
    driver.act();
    driver.tell({ type: "deregister.done", name: "r1", answer: "absent" }).act();
    driver.now += 10;
    driver.tell({ type: "destroy.done", name: "r1" });
    driver.tell({ type: "inventory", place: "here", begunAt, instances: [seen("r1", "started")] });
    expect(driver.phase("r1")).toBe("gone");
  });
});

describe("lost instances", () => {
  test("missing from two whole lists thirty seconds apart: its registration is removed", () => {
    const driver = withRunners(1).pass(60_000);
    driver.inventory([]);
    expect(driver.phase("r1")).toBe("started");
    driver.pass(30_000).inventory([]);
    expect(driver.actions()).toContain("deregister r1");
    expect(driver.runner("r1").exit?.reason).toContain("not there any more");
  });

  test("seen again in between: it was a mistake of the list", () => {
    const driver = withRunners(1).pass(60_000);
    driver
      .inventory([])
      .pass(20_000)
      .inventory([seen("r1", "started")])
      .pass(20_000)
      .inventory([]);
    expect(driver.phase("r1")).toBe("started");
  });

  test("a list that began before it was made says nothing", () => {
    const driver = new Driver().hold({ assigned: 1 });
    const begunAt = driver.now;
    driver.pass(10_000).launchAll().pass(60_000);
    driver.tell({ type: "inventory", place: "here", begunAt, instances: [] });
    expect(driver.runner("r1").missingSince).toBeUndefined();
  });
});

test("one that two stale lists missed and a false 404 denied is not destroyed: it may work, and is adopted when it is listed", () => {
  const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1");
  driver.now += 31_000;
  driver.inventory([]);
  driver.now += 31_000;
  driver.inventory([]);
  expect(driver.actions()).toContain("deregister r1");
  driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
  expect(driver.actions().filter((action) => action.includes("r1"))).toEqual([]);
  driver.now += 60_000;
  driver.inventory([seen("r1", "started")]);
  expect(driver.runner("r1")).toMatchObject({ phase: "started", belief: { kind: "unknown" } });
});

test("one that was lost and is listed again is removed by its own rules alone: a 400 would be asked for again at once, for ever", () => {
  const driver = new Driver({ min: 1 }).hold({ idle: 1 }).launchAll().pass(60_000);
  driver.pass(31_000).inventory([]).pass(31_000).inventory([]);
  expect(driver.actions()).toContain("deregister r1");
  driver.tell({ type: "deregister.done", name: "r1", answer: "absent" });
  expect(driver.phase("r1")).toBe("gone");
  driver
    .pass(60_000)
    .inventory([seen("r1", "started")])
    .started("r1");
  const done: string[] = [];
  for (let minute = 0; minute < 70; minute++) done.push(...driver.pass(60_000).actions());
  expect(done).not.toContain("deregister r1");
});

describe("one that two stale lists missed, and a later one shows again", () => {
  const lost = (): Driver => {
    const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1", "job-1");
    driver.pass(31_000).inventory([]).pass(31_000).inventory([]);
    expect(driver.runner("r1")).toMatchObject({ phase: "exited", lost: true });
    driver.act();
    return driver;
  };
  const answered = (driver: Driver, answer: "busy" | "removed" | "absent"): Driver =>
    driver.tell({ type: "deregister.done", name: "r1", answer });

  test("is what it was: nobody asks to remove it any more (worlds 86, 218, 394, twoLiars)", () => {
    const driver = answered(lost(), "busy").inventory([seen("r1", "started")]);
    expect(driver.runner("r1")).toMatchObject({
      phase: "started",
      lost: false,
      belief: { kind: "job", jobId: "job-1" },
    });
    expect(driver.pass(60_000).actions()).toEqual([]);
  });

  test("is kept when the removal under way finds nobody: one 404 is a rumor", () => {
    const driver = answered(lost().inventory([seen("r1", "started")]), "absent");
    expect(driver.phase("r1")).toBe("started");
    expect(driver.actions()).toEqual([]);
  });

  test("has its time to exit where its job was completed", () => {
    const driver = new Driver().hold({ assigned: 1 }).launchAll().started("r1", "job-1").completed("r1", "job-1");
    driver
      .reading({ assigned: 0 })
      .pass(31_000)
      .inventory([])
      .pass(31_000)
      .inventory([])
      .inventory([seen("r1", "started")]);
    expect(driver.phase("r1")).toBe("finishing");
    expect(driver.pass(299_000).actions()).toEqual([]);
    expect(driver.pass(1_000).actions()).toEqual(["deregister r1"]);
  });

  test("goes where the service removed it meanwhile", () => {
    expect(
      answered(lost(), "removed")
        .inventory([seen("r1", "started")])
        .actions(),
    ).toEqual(["destroy r1"]);
  });

  test("is cleared away where it ended meanwhile", () => {
    const driver = answered(lost(), "busy")
      .inventory([seen("r1", "exited")])
      .pass(5_000);
    expect(driver.actions()).toEqual(["deregister r1"]);
    expect(answered(driver, "absent").actions()).toEqual(["destroy r1"]);
  });
});
