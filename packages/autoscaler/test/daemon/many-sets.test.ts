import { BackendError } from "@scaleset/provisioner";
import { describe, expect, test } from "vitest";
import { memoryKind, virtual } from "./virtual.js";

const jobs = (
  runsOn: string,
  count: number,
  durationMs = 60_000,
): { readonly runsOn: string[]; readonly durationMs: number }[] =>
  Array.from({ length: count }, () => ({ runsOn: [runsOn], durationMs }));

const of = <Job>(repository: string, some: readonly Job[]): (Job & { readonly repository: string })[] =>
  some.map((job) => ({ ...job, repository }));

describe("scale sets of one process", () => {
  test("of one name in two organizations are two: each runs its own jobs, and neither touches the other's runners", async () => {
    const here = virtual();
    const { simulator } = here;
    const some = { targets: { labs: here.target("labs") } };
    here.start(here.config([{}, { target: "labs", namePrefix: "labs" }], some));
    simulator.queueJobs([...of("my-org/x", jobs("linux", 3)), ...of("labs/y", jobs("linux", 2))]);
    await here.until(() => simulator.summary().open === 0);
    expect(simulator.summary()).toMatchObject({ succeeded: 5, lost: 0, twice: 0 });
    const ran = simulator.jobs().map(({ runnerName }) => runnerName?.replace(/-[^-]+$/, ""));
    expect(ran.sort()).toEqual(["labs", "labs", "linux", "linux", "linux"]);
  });

  test("stay under the maximum of the process, share it evenly, and use all of it", async () => {
    const here = virtual();
    const { simulator } = here;
    const limits = { launchConcurrency: 10, maxRunners: 6 };
    here.start(here.config([{ name: "a" }, { name: "b" }], { limits }));
    let most = 0;
    simulator.onChange(() => {
      most = Math.max(most, here.live("a") + here.live("b"));
    });
    simulator.queueJobs([...jobs("a", 30), ...jobs("b", 30)]);
    await here.until(() => here.live("a") + here.live("b") === 6);
    await here.clock.runFor(300_000);
    expect([here.live("a"), here.live("b")]).toEqual([3, 3]);
    await here.until(() => simulator.summary().open === 0);
    expect(most).toBe(6);
    expect(simulator.summary()).toMatchObject({ succeeded: 60, lost: 0, twice: 0, lapsed: 0 });
  });

  test("share by priority", async () => {
    const here = virtual();
    const limits = { launchConcurrency: 10, maxRunners: 6 };
    here.start(here.config([{ name: "a", priority: 2 }, { name: "b" }], { limits }));
    here.simulator.queueJobs([...jobs("a", 60), ...jobs("b", 60)]);
    await here.clock.runFor(300_000);
    expect([here.live("a"), here.live("b")]).toEqual([4, 2]);
  });

  test("give back what they don't want: a burst in one gets all the runners, and shares them when the other has jobs", async () => {
    const here = virtual();
    const { simulator } = here;
    here.start(here.config([{ name: "a" }, { name: "b" }], { limits: { launchConcurrency: 10, maxRunners: 8 } }));
    simulator.queueJobs(jobs("a", 100));
    await here.until(() => here.live("a") === 8);
    const late = simulator.queueJobs(jobs("b", 100));
    const queuedAt = here.clock.monotonic();
    await here.until(() => late.some(({ id }) => simulator.job(id)?.state === "running"));
    // One runner of the other set has to end its job first; nobody waits for all of them.
    expect(here.clock.monotonic() - queuedAt).toBeLessThan(120_000);
    await here.until(() => here.live("b") === 4 && here.live("a") === 4);
    expect(here.clock.monotonic() - queuedAt).toBeLessThan(300_000);
    await here.until(() => simulator.summary().open === 0, 3 * 3_600_000);
    expect(simulator.summary()).toMatchObject({ succeeded: 200, lost: 0, twice: 0 });
  });

  test("keep no room for jobs that don't come: four with a long job each leave all the rest to one with a queue", async () => {
    const here = virtual();
    const { simulator } = here;
    const small = ["b", "c", "d", "e"];
    const sets = ["a", ...small].map((name) => ({ name }));
    here.start(here.config(sets, { limits: { launchConcurrency: 10, maxRunners: 12 } }));
    simulator.queueJobs(small.flatMap((name) => jobs(name, 1, 3_000_000)));
    await here.until(() => simulator.state().jobs.running === 4);
    simulator.queueJobs(jobs("a", 300));
    await here.until(() => here.live("a") === 8);
    let busy = 0;
    for (let look = 0; look < 100; look++) {
      await here.clock.runFor(10_000);
      busy += simulator
        .jobs()
        .filter(({ state, runnerName }) => state === "running" && runnerName?.startsWith("a-")).length;
    }
    // Between two jobs a place is empty for a second; nothing more.
    expect(busy / 100).toBeGreaterThan(7);
  });

  test("fail each for itself: one whose provisioner can't be opened is tried again while the other works", async () => {
    const here = virtual();
    const { simulator } = here;
    let broken = true;
    const shaky = memoryKind("shaky", async () => {
      if (broken) throw new BackendError("transient", "the engine is not up yet");
      return here.host.open();
    });
    const config = here.config([{ name: "a" }, { name: "b", provisioner: { kind: "shaky", options: {} } }]);
    const { autoscaler } = here.start(config, { provisioners: [shaky] });
    simulator.queueJobs([...jobs("a", 1), ...jobs("b", 1)]);
    await here.until(() => simulator.summary().succeeded === 1);
    const problems = (): readonly string[] =>
      autoscaler.status().problems.map(({ scaleSet, code, message }) => `${scaleSet} ${code}: ${message}`);
    expect(problems()).toEqual(["b provisioner-closed: the engine is not up yet"]);
    broken = false;
    await here.until(() => simulator.summary().succeeded === 2);
    expect(problems()).toEqual([]);
  });

  test("with the same provisioner options share one backend, closed after the last of them", async () => {
    const here = virtual();
    let opened = 0;
    let closed = 0;
    const counted = memoryKind("counted", async () => {
      opened += 1;
      const backend = here.host.open();
      const close = backend.close.bind(backend);
      const counting = (): Promise<void> => {
        closed += 1;
        return close();
      };
      return Object.assign(backend, { close: counting });
    });
    const set = (name: string, options: object): object => ({ name, provisioner: { kind: "counted", options } });
    const config = here.config([set("a", { x: 1, y: 2 }), set("b", { y: 2, x: 1 }), set("c", { x: 2 })]);
    const daemon = here.start(config, { provisioners: [counted] });
    await here.until(() => here.simulator.state().scaleSets.filter(({ session }) => session).length === 3);
    expect(opened).toBe(2);
    await here.clock.runUntilSettled(daemon.autoscaler.reload(here.config([set("a", { x: 1, y: 2 })])));
    await here.until(() => closed === 1);
    await daemon.stop();
    expect({ opened, closed }).toEqual({ opened: 2, closed: 2 });
  });

  test("whose launches were refused all try again at once when they are told to", async () => {
    const here = virtual();
    const daemon = here.start(here.config([{ name: "a" }, { name: "b" }]));
    const refusing = (): number =>
      daemon.autoscaler
        .status()
        .scaleSets.flatMap(({ problems }) => problems)
        .filter(({ code }) => code === "launch-refused").length;
    await here.until(() => here.simulator.state().scaleSets.filter(({ session }) => session).length === 2);
    here.host.failNext("create", "rejected", { times: 2 });
    for (const name of ["a", "b"]) here.simulator.queueJob({ runsOn: [name] });
    await here.until(() => refusing() === 2, 60_000);
    daemon.autoscaler.retryLaunches();
    await here.until(() => here.live("a") === 1 && here.live("b") === 1, 10_000);
    expect(refusing()).toBe(0);
  });

  test("that can none of them be begun end the daemon with the reason", async () => {
    const here = virtual();
    const closed = memoryKind("closed", async () => {
      throw new BackendError("denied", "no right to the engine");
    });
    const provisioner = { kind: "closed", options: {} };
    const daemon = here.start(
      here.config([
        { name: "a", provisioner },
        { name: "b", provisioner },
      ]),
      {
        provisioners: [closed],
      },
    );
    await here.clock.runUntilSettled(daemon.ended);
    expect(await daemon.ended).toMatchObject({ kind: "denied", message: "no right to the engine" });
  });

  test("are spread over two daemons by maxScaleSets, and taken over from one that ends", async () => {
    const here = virtual();
    const { simulator } = here;
    const sets = [{ name: "a" }, { name: "b" }, { name: "c" }];
    const limits = { launchConcurrency: 10, maxScaleSets: 2 };
    const first = here.start(here.config(sets, { limits }));
    await here.clock.runFor(1_000);
    const second = here.start(here.config(sets, { owner: "daemon-2", limits: { ...limits, maxScaleSets: 3 } }));
    const holders = (): string[] =>
      simulator
        .state()
        .scaleSets.map(({ session }) => session?.ownerName ?? "nobody")
        .sort();
    await here.until(() => !holders().includes("nobody") && holders().length === 3);
    expect(holders()).toEqual(["daemon-1", "daemon-1", "daemon-2"]);
    const waiting = first.autoscaler.status().problems.filter(({ code }) => code === "no-slot");
    expect(waiting).toHaveLength(1);
    await first.stop();
    await here.until(() => holders().every((holder) => holder === "daemon-2"));
    simulator.queueJobs([...jobs("a", 1), ...jobs("b", 1), ...jobs("c", 1)]);
    await here.until(() => simulator.summary().succeeded === 3);
    await second.stop();
  });

  test("that stand by ask for their sessions with a budget of the whole process", async () => {
    const here = virtual();
    const sets = Array.from({ length: 60 }, (_, index) => ({ name: `set-${index}`, maxRunners: 1 }));
    const first = here.start(here.config(sets));
    await here.until(() => here.simulator.state().scaleSets.filter(({ session }) => session).length === 60);
    const refusals: number[] = [];
    const limits = { launchConcurrency: 10, standbyProbesPerSecond: 2 };
    here.start(here.config(sets, { owner: "daemon-2", limits }), {
      onRequest: ({ status }) => void (status === 409 && refusals.push(here.clock.monotonic())),
    });
    await here.clock.runFor(120_000);
    // The first of each set don't count.
    const probes = refusals.slice(60);
    expect(refusals.length).toBeGreaterThan(120);
    const busiest = Math.max(
      ...probes.map((at) => probes.filter((other) => other >= at && other < at + 10_000).length),
    );
    expect(busiest).toBeLessThanOrEqual(22);
    await first.stop();
  }, 60_000);
});

test("targets of one host share its requests a second", async () => {
  const here = virtual();
  const organizations = Array.from({ length: 20 }, (_, index) => `org-${index}`);
  const targets = Object.fromEntries(organizations.map((name) => [name, here.target(name)]));
  const sets = organizations.map((target) => ({ target }));
  const sent: number[] = [];
  const limits = { launchConcurrency: 10, requestsPerSecond: 10 };
  here.start(here.config(sets, { targets, limits }), { onRequest: () => void sent.push(here.clock.monotonic()) });
  await here.until(() => here.simulator.state().scaleSets.filter(({ session }) => session).length === 20);
  const busiest = Math.max(...sent.map((at) => sent.filter((other) => other >= at && other < at + 1_000).length));
  expect(sent.length).toBeGreaterThan(60);
  // A second's worth in store, and a second's worth.
  expect(busiest).toBeLessThanOrEqual(20);
});

describe("a reload", () => {
  test("has new capacity at the service at once, not at the next poll", async () => {
    const here = virtual();
    const { simulator } = here;
    const daemon = here.start(here.config([{ name: "a", maxRunners: 1 }]));
    simulator.queueJobs(jobs("a", 3));
    await here.until(() => here.live("a") === 1);
    await here.clock.runFor(20_000);
    const before = here.clock.monotonic();
    void daemon.autoscaler.reload(here.config([{ name: "a", maxRunners: 3 }]));
    await here.until(() => here.live("a") === 3);
    expect(here.clock.monotonic() - before).toBeLessThan(5_000);
  });

  test("drains a set that is gone and has it back when it is configured again, in the middle of that", async () => {
    const here = virtual();
    const { simulator } = here;
    const daemon = here.start(here.config([{ name: "a" }]));
    const [job] = simulator.queueJobs(jobs("a", 1, 300_000));
    await here.until(() => simulator.job(job?.id ?? 0)?.state === "running");
    await here.clock.runUntilSettled(daemon.autoscaler.reload(here.config([])));
    await here.clock.runFor(30_000);
    expect(daemon.autoscaler.status().scaleSets).toMatchObject([{ name: "a", state: "draining" }]);
    await here.clock.runUntilSettled(daemon.autoscaler.reload(here.config([{ name: "a" }])));
    simulator.queueJobs(jobs("a", 2, 1_000));
    await here.until(() => simulator.summary().open === 0);
    expect(simulator.summary()).toMatchObject({ succeeded: 3, lost: 0, twice: 0 });
    expect(daemon.autoscaler.status().scaleSets).toHaveLength(1);
    expect(daemon.log.join("\n")).not.toContain("the scale set is drained");
  });

  test("with a place that can't be opened leaves that set as it was, and takes the rest", async () => {
    const here = virtual();
    const { simulator } = here;
    const closed = memoryKind("closed", async () => {
      throw new BackendError("denied", "no right to the engine");
    });
    const daemon = here.start(here.config([{ name: "a" }]), { provisioners: [closed] });
    await here.clock.runFor(1_000);
    const next = here.config([{ name: "a", provisioner: { kind: "closed", options: {} } }, { name: "b" }]);
    const taken = daemon.autoscaler.reload(next);
    await here.clock.runUntilSettled(taken);
    expect(await taken).toMatchObject({ added: ["b"], adjusted: ["a"], failed: [{ scaleSet: "a" }] });
    const problems = (): string[] =>
      daemon.autoscaler.status().scaleSets.flatMap((set) => set.problems.map((one) => one.message));
    expect(problems()).toEqual(["no right to the engine"]);
    simulator.queueJobs([...jobs("a", 1), ...jobs("b", 1)]);
    await here.until(() => simulator.summary().succeeded === 2);
    await here.clock.runUntilSettled(daemon.autoscaler.reload(here.config([{ name: "a" }, { name: "b" }])));
    expect(problems()).toEqual([]);
  });

  test("names what only a restart can change, and goes on under the old name", async () => {
    const here = virtual();
    const daemon = here.start(here.config([{ name: "a" }]));
    await here.clock.runFor(1_000);
    await here.clock.runUntilSettled(daemon.autoscaler.reload(here.config([{ name: "a" }], { owner: "other" })));
    expect(daemon.autoscaler.status()).toMatchObject({
      owner: "daemon-1",
      problems: [{ code: "restart-needed", level: "warning", message: expect.stringMatching(/^owner can't change/) }],
    });
    expect(daemon.autoscaler.status().problems[0]?.remedy).not.toMatch(/old folder/);
    const moved = here.config([{ name: "a" }], { stateFolder: "/elsewhere" });
    await here.clock.runUntilSettled(daemon.autoscaler.reload(moved));
    expect(daemon.autoscaler.status().problems).toMatchObject([
      { message: expect.stringMatching(/^stateFolder can't change/), remedy: expect.stringMatching(/old folder/) },
    ]);
  });

  test("of a configuration that contradicts itself is refused, and changes nothing", async () => {
    const here = virtual();
    const daemon = here.start(here.config([{ name: "a" }]));
    await here.clock.runFor(1_000);
    await expect(daemon.autoscaler.reload(here.config([{ name: "b" }, { name: "b" }]))).rejects.toThrow(/twice/);
    expect(daemon.autoscaler.status().scaleSets.map(({ name }) => name)).toEqual(["a"]);
  });
});
