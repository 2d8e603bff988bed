import { BackendError } from "@scaleset/provisioner";
import { describe, expect, test } from "vitest";
import { hindrances } from "../../src/worlds/watch/hindrances.js";
import { jobs } from "../../src/worlds/watch/jobs.js";
import { Places } from "../../src/worlds/watch/places.js";
import { Court, type CourtOptions, MINUTE } from "./court.js";

function opened(options: CourtOptions = {}): Court {
  const court = new Court((scene) => {
    const places = new Places(scene);
    return [hindrances(scene), places, jobs(scene, places)];
  }, options);
  court.open();
  return court;
}

const waits = (court: Court, job = 1): void => court.entry({ subject: "job", event: "assigned", job, scaleSetId: 1 });
const ends = (court: Court, job = 1): void =>
  court.entry({ subject: "job", event: "completed", job, scaleSetId: 1, end: "lost" });

describe("I3: while a place could run a waiting job, a runner is started within the boot deadline + 2 min", () => {
  test("nobody starts one", async () => {
    const court = opened();
    waits(court);
    await court.pass(4 * MINUTE);
    expect(court.invariants).toEqual([]);
    await court.pass(2 * MINUTE);
    expect(court.invariants[0]).toBe("I3");
  });

  test("one that is started in time", async () => {
    const court = opened();
    waits(court);
    await court.pass(3 * MINUTE);
    court.launch("set-a-1");
    await court.pass(30 * MINUTE);
    expect(court.invariants).toEqual([]);
  });

  test("one for two jobs is not enough", async () => {
    const court = opened();
    waits(court, 1);
    waits(court, 2);
    court.launch("set-a-1");
    await court.pass(6 * MINUTE);
    expect(court.invariants[0]).toBe("I3");
  });

  test("a backend that was full holds no more for any set until it is tried again; a place below that is one", async () => {
    const sets = [
      { name: "set-a", maxRunners: 4 },
      { name: "set-b", maxRunners: 4 },
    ];
    const court = opened({ sets });
    await court.pass(5_000);
    court.launch("set-b-1", { scaleSetId: 2 });
    court.launch("set-b-2", { scaleSetId: 2, runnerId: 2 });
    court.began("create", "set-b-3");
    court.ended("create", "set-b-3", new BackendError("capacity", "full"));
    waits(court);
    await court.pass(20 * MINUTE);
    expect(court.invariants).toEqual([]);
    court.hosts[0]?.lose("set-b-2");
    await court.pass(4 * MINUTE);
    expect(court.invariants).toEqual([]);
    await court.pass(2 * MINUTE);
    expect(court.invariants[0]).toBe("I3");
  });

  test("one that never comes online is none, once its boot deadline is over and the longest pause after it", async () => {
    const court = opened();
    waits(court);
    court.launch("set-a-1", { online: false });
    await court.pass(2 * MINUTE + 10 * MINUTE + 4 * MINUTE);
    expect(court.invariants).toEqual([]);
    await court.pass(3 * MINUTE);
    expect(court.invariants[0]).toBe("I3");
  });

  test("a full host, and the maximum, are no place", async () => {
    for (const options of [{ maxInstances: 1 }, { sets: [{ name: "set-a", maxRunners: 1 }] }]) {
      const court = opened(options);
      court.launch("set-a-1");
      court.entry({ subject: "job", event: "started", job: 9, runnerId: 1, runnerName: "set-a-1", scaleSetId: 1 });
      waits(court);
      await court.pass(30 * MINUTE);
      expect(court.invariants).toEqual([]);
    }
  });

  test("while statistics or the service lie it is not promised, and 10 min later it is", async () => {
    for (const liar of ["statistics", "service"] as const) {
      const court = opened();
      const end = court.troubles.begins({ liars: [liar] });
      waits(court);
      await court.pass(20 * MINUTE);
      end();
      await court.pass(13 * MINUTE);
      expect(court.invariants).toEqual([]);
      await court.pass(4 * MINUTE);
      expect(court.invariants[0]).toBe("I3");
    }
  });

  test("false messages or a lying agents API are no excuse; both at once are", async () => {
    for (const liars of [["messages"], ["agents"], ["agents", "messages"]] as const) {
      const court = opened();
      for (const liar of liars) court.troubles.begins({ liars: [liar] });
      waits(court);
      await court.pass(11 * MINUTE);
      expect(court.invariants.length > 0).toBe(liars.length === 1);
    }
  });

  test("a failed launch allows a pause of 10 min, a full backend one of 30", async () => {
    for (const [kind, minutes] of [
      ["transient", 10],
      ["capacity", 30],
    ] as const) {
      const court = opened();
      waits(court);
      court.began("create", "set-a-1");
      court.ended("create", "set-a-1", new BackendError(kind, "no"));
      await court.pass((minutes + 4) * MINUTE);
      expect(court.invariants).toEqual([]);
      await court.pass(2 * MINUTE);
      expect(court.invariants[0]).toBe("I3");
    }
  });

  test("a holder that can launch nothing lets a standby with a place take over", async () => {
    const court = opened({ daemons: ["daemon-1", "daemon-2"], maxInstances: 1 });
    court.hosts[0]?.make({ name: "x", labels: { schema: 1, identity: "x", owner: "x", spec: "s" } });
    waits(court);
    await court.pass(14 * MINUTE);
    expect(court.invariants).toEqual([]);
    await court.pass(3 * MINUTE);
    expect(court.invariants[0]).toBe("I3");
  });
});

describe("lost: a job whose last attempt lapsed", () => {
  test("although a place could have run it", async () => {
    const court = opened();
    waits(court);
    await court.pass(3.5 * MINUTE);
    ends(court);
    expect(court.invariants).toEqual(["lost"]);
  });

  test("not where the host was full all the time, and no more than 1 was announced", async () => {
    const court = opened({ maxInstances: 1 });
    court.hosts[0]?.make({ name: "x", labels: { schema: 1, identity: "x", owner: "x", spec: "s" } });
    waits(court);
    await court.pass(5 * MINUTE);
    ends(court);
    expect(court.invariants).toEqual([]);
  });

  describe("beside a runner whose JobCompleted was lost, where exits can't be seen", () => {
    /** The newest poll announced 2, and the maximum is 2. */
    async function beside(end: "lost" | "said", observesExit = false): Promise<Court> {
      const court = opened({ observesExit, announced: 2, sets: [{ name: "set-a", maxRunners: 2 }] });
      for (const [index, name] of ["set-a-1", "set-a-2"].entries()) {
        const jobId = `j${index}`;
        const about = { job: 8 + index, jobId, runnerId: index + 1, runnerName: name, scaleSetId: 1 };
        court.launch(name, { runnerId: index + 1 });
        court.entry({ subject: "job", event: "started", ...about });
        court.message([{ messageType: "JobStarted", jobId, runnerName: name }]);
        court.entry({ subject: "job", event: "completed", ...about, end: "finished" });
        court.entry({ subject: "runner", event: "removed", ...about });
        court.hosts[0]?.exit(name, 0);
        if (end === "said") court.message([{ messageType: "JobCompleted", jobId, runnerName: name }]);
      }
      waits(court);
      await court.pass(5 * MINUTE);
      ends(court);
      return court;
    }

    test("that counts as able for 6 h, and is announced", async () => {
      expect((await beside("lost")).invariants).toEqual([]);
    });

    test("not once a message said that its job is over", async () => {
      expect((await beside("said")).invariants).toEqual(["lost"]);
    });

    test("not where its exit was seen", async () => {
      expect((await beside("lost", true)).invariants).toEqual(["lost"]);
    });
  });

  test("a place beside one that an open job names is to be used by another job only", async () => {
    const court = opened({ observesExit: false });
    const about = { job: 8, jobId: "j", runnerId: 1, runnerName: "set-a-1", scaleSetId: 1 };
    court.launch("set-a-1");
    court.entry({ subject: "job", event: "started", ...about });
    court.message([{ messageType: "JobStarted", jobId: "j", runnerName: "set-a-1" }]);
    court.entry({ subject: "job", event: "completed", ...about, end: "finished" });
    court.entry({ subject: "runner", event: "removed", ...about });
    waits(court, 1);
    await court.pass(20 * MINUTE);
    expect(court.invariants).toEqual([]);
    waits(court, 2);
    await court.pass(6 * MINUTE);
    expect(court.invariants[0]).toBe("I3");
  });

  test("not where the service lied", async () => {
    const court = opened();
    court.troubles.begins({ liars: ["service"] });
    waits(court);
    await court.pass(5 * MINUTE);
    ends(court);
    expect(court.invariants).toEqual([]);
  });

  test("one that ends with its runner is lost, unless a limit ended it", () => {
    const court = opened();
    court.facts.forced.add("set-a-2");
    for (const [job, runnerName] of [
      [1, "set-a-1"],
      [2, "set-a-2"],
    ] as const) {
      court.entry({ subject: "job", event: "started", job, jobId: `${job}`, runnerName, runnerId: job, scaleSetId: 1 });
      court.entry({ subject: "job", event: "completed", job, jobId: `${job}`, runnerName, end: "lost" });
    }
    expect(court.invariants).toEqual(["lost"]);
  });

  test("a host that died is counted apart, and two runners of one attempt are one too many", () => {
    const court = opened();
    court.entry({ subject: "job", event: "started", job: 1, jobId: "j", runnerName: "set-a-1", runnerId: 1 });
    court.entry({ subject: "job", event: "started", job: 1, jobId: "j", runnerName: "set-a-2", runnerId: 2 });
    court.entry({ subject: "job", event: "completed", job: 1, jobId: "j", runnerName: "set-a-1", end: "host-died" });
    expect(court.invariants).toEqual(["twice"]);
    expect(court.scene.tally.get("outcome", "a job's host died")).toBe(1);
  });
});
