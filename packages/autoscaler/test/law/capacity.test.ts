import { expect, test } from "vitest";
import { counts, here, jobs } from "./harness.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test("a full machine without any room accepts ten jobs once and loses none", async () => {
  const h = here({ host: { maxInstances: 0 } });
  const daemon = h.start(h.config([{ maxRunners: 10 }]));
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(10, 5));
  await h.pass(HOUR);
  expect(counts(h.simulator).lost).toBe(0);
  expect(h.simulator.summary().lapsed).toBeLessThanOrEqual(10);
  expect(daemon.autoscaler.status().scaleSets[0]?.state).toBe("aside");
  expect(daemon.autoscaler.status().scaleSets[0]?.problems[0]).toMatchObject({ code: "stepped-aside", level: "error" });
  expect(daemon.log.filter((line) => line.includes("steps aside"))).toHaveLength(1);
});

test("a JIT request that fails for an hour: jobs wait at the service, and run when it works again", async () => {
  const h = here();
  h.simulator.faults.add({ call: "generate-jit-config", forMs: HOUR, effect: { kind: "answer", status: 503 } });
  const daemon = h.start(h.config([{}]));
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(10, 1));
  await h.pass(2 * HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0, succeeded: 10 });
  expect(h.simulator.summary().lapsed, "those accepted before the first failure, once").toBeLessThanOrEqual(10);
  expect(daemon.commands.filter((command) => command.includes("jit.")).length).toBeLessThan(60);
});

test("a holder that can launch nothing gives the session to a healthy standby, and takes no job from it when it tries again", async () => {
  const h = here();
  h.hosts[0].failNext("create", "transient", { times: 1e9 });
  const broken = h.start(h.config([{}], { owner: "a" }), { host: h.hosts[0] });
  await h.pass(3_000);
  h.start(h.config([{}], { owner: "b" }), { host: h.hosts[1] });
  await h.pass(MINUTE);
  h.simulator.queueJobs(jobs(10, 1));
  await h.pass(HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0, succeeded: 10 });
  expect(h.simulator.state().scaleSets[0]?.session?.ownerName).toBe("b");
  expect(broken.autoscaler.status().scaleSets[0]?.state).toBe("standby");
});

test("a set that stepped aside comes back within its trials once its backend works", async () => {
  const h = here();
  h.host.failNext("create", "rejected", { times: 1e9 });
  const daemon = h.start(h.config([{}]));
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(4, 1));
  await h.pass(30 * MINUTE);
  expect(daemon.autoscaler.status().scaleSets[0]?.state).toBe("aside");
  h.host.clearFaults();
  await h.pass(15 * MINUTE);
  expect(counts(h.simulator)).toMatchObject({ lost: 0, succeeded: 4 });
  expect(daemon.autoscaler.status().scaleSets[0]?.state).toBe("holding");
});

test("a backend that was full for a moment at 30 is used in full again within minutes", async () => {
  const h = here();
  const daemon = h.start(h.config([{ maxRunners: 100 }]));
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(30, 120));
  await h.pass(30_000);
  h.host.failNext("create", "capacity", { times: 1 });
  h.simulator.queueJobs(jobs(70, 120));
  await h.pass(15_000);
  const atFirst = daemon.autoscaler.status().scaleSets[0]?.live ?? 0;
  await h.pass(11 * MINUTE);
  expect(daemon.autoscaler.status().scaleSets[0]?.live, `from ${atFirst}`).toBe(100);
  expect(counts(h.simulator).lost).toBe(0);
});

test("three sets and one place take turns, and of two priorities the higher gets twice as many", async () => {
  const h = here();
  const daemon = h.start(
    h.config([{ name: "a", priority: 2 }, { name: "b" }, { name: "c" }], {
      limits: { launchConcurrency: 10, maxRunners: 1 },
    }),
  );
  await h.pass(3_000);
  for (const name of ["a", "b", "c"]) h.simulator.queueJobs(jobs(40, 0.5, name));
  await h.pass(20 * MINUTE);
  const runs = (name: string): number => daemon.commands.filter((each) => each.includes(`start ${name}-`)).length;
  expect(counts(h.simulator).lost).toBe(0);
  expect(runs("a") + runs("b") + runs("c")).toBeGreaterThan(25);
  expect(Math.abs(runs("b") - runs("c"))).toBeLessThanOrEqual(2);
  expect(runs("a") / runs("b")).toBeGreaterThan(1.5);
  expect(runs("a") / runs("b")).toBeLessThan(2.6);
});

test("jobs of ten minutes that wait for the one place of other sets do not lapse: their set steps aside with a ticket", async () => {
  const h = here();
  h.start(
    h.config([{ name: "a" }, { name: "b" }, { name: "c" }], { limits: { launchConcurrency: 10, maxRunners: 1 } }),
  );
  await h.pass(3_000);
  for (const name of ["a", "b", "c"]) h.simulator.queueJobs(jobs(3, 10, name));
  await h.pass(3 * HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0, succeeded: 9 });
  expect(h.simulator.summary().lapsed).toBeLessThanOrEqual(9);
});

test("a share that falls keeps what was accepted: two sets with alternating bursts lose nothing", async () => {
  const h = here();
  h.start(h.config([{ name: "a" }, { name: "b" }], { limits: { launchConcurrency: 10, maxRunners: 6 } }));
  await h.pass(3_000);
  for (let round = 0; round < 10; round++) {
    h.simulator.queueJobs(jobs(6, 2, round % 2 === 0 ? "a" : "b"));
    await h.pass(70_000);
  }
  await h.pass(HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0, succeeded: 60, lapsed: 0 });
});
