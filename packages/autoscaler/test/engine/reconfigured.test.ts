import { MemoryHost } from "@scaleset/provisioner/testing";
import { seededRandom } from "@scaleset/simulator";
import { describe, expect, onTestFinished, test } from "vitest";
import { defaultTimings } from "../../src/core/settings.js";
import { Inventory } from "../../src/engine/inventory.js";
import type { Place } from "../../src/engine/place.js";
import { noJobs } from "../core/driver.js";
import { keepLease, placeOf, quiet, type Stage, type StageOptions, stage, started } from "./stage.js";

/** Runs a worker until the test is over. */
async function working(options: StageOptions & { assigned?: number } = {}) {
  const scene = stage(options);
  let left: Place | undefined;
  let demands = 0;
  const worker = scene.make({
    onLeft: (place) => {
      left = place;
    },
    onDemand: () => {
      demands += 1;
    },
  });
  const running = worker.run({ signal: scene.stop.signal });
  await scene.clock.drain();
  scene.service.open(options.assigned ?? 0);
  onTestFinished(async () => {
    scene.stop.abort();
    await scene.clock.runUntilSettled(running);
  });
  return { ...scene, worker, running, left: () => left, demands: () => demands };
}

/** Virtual time passes while the service goes on answering. */
async function pass({ clock, service }: Stage, ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += 5_000) {
    keepLease(service);
    await clock.runFor(Math.min(5_000, ms - gone));
  }
}

describe("a worker that is told of new limits", () => {
  test("announces a raised maximum at once, and launches up to it", async () => {
    const scene = await working({ max: 1, assigned: 5 });
    await pass(scene, 1_000);
    expect(scene.service.capacity).toBe(1);
    scene.worker.setLimits({ minRunners: 0, maxRunners: 4 });
    await scene.clock.drain();
    expect(scene.service.capacity).toBe(4);
    await pass(scene, 1_000);
    expect(started(scene.host)).toBe(4);
  });

  test("keeps to its share of a shared limit, and says what it wants", async () => {
    const scene = await working({ max: 10, min: 1, assigned: 5 });
    scene.worker.setShare(2);
    await pass(scene, 1_000);
    expect(started(scene.host)).toBe(2);
    expect(scene.worker.demand()).toMatchObject({ wanted: 6, live: 2, full: true });
    expect(scene.demands()).toBeGreaterThan(0);
    scene.worker.setShare(undefined);
    await pass(scene, 1_000);
    expect(started(scene.host)).toBe(6);
  });
});

test("a worker that stands by wants nothing of a shared limit", async () => {
  const scene = await working({ min: 2 });
  expect(scene.worker.demand().wanted).toBe(2);
  scene.service.handler?.refused("other");
  expect(scene.worker.demand().wanted).toBe(0);
});

test("one that stands by claims no room for the holder's runners, which it sees on a shared backend", async () => {
  const scene = await working({ min: 1, onStart: idle });
  await pass(scene, 1_000);
  const { signal } = new AbortController();
  const labels = { schema: 1, identity: "me", owner: "elsewhere", spec: "1" };
  await scene.clock.runUntilSettled(scene.backend.create({ name: "theirs", labels }, { signal }));
  scene.inventory.refresh();
  await pass(scene, 1_000);
  expect(scene.worker.demand().live).toBe(2);
  scene.service.handler?.refused("elsewhere");
  expect(scene.worker.demand()).toMatchObject({ wanted: 0, live: 1 });
});

describe("a worker whose runners are made elsewhere from now on", () => {
  test("ends the old ones where they are, one by one, and leaves that place when it is empty", async () => {
    const scene = await working({ min: 2, onStart: idle });
    const { clock, worker, host, service } = scene;
    service.knows = "present";
    await pass(scene, 1_000);
    expect(started(host)).toBe(2);
    const elsewhere = new MemoryHost({ clock, random: seededRandom(2), onStart: idle });
    const backend = elsewhere.open();
    const options = { backend, clock, random: seededRandom(3), timings: defaultTimings, logger: quiet };
    const inventory = new Inventory(options);
    const over = new AbortController();
    const watching = inventory.run(over.signal);
    onTestFinished(async () => {
      over.abort();
      await clock.runUntilSettled(watching);
    });
    worker.setSpec({
      specHash: "2",
      place: placeOf("place-2", { clock, random: seededRandom(4), backend, inventory }),
    });
    await pass(scene, 240_000);
    expect(host.instances()).toEqual([]);
    expect(started(elsewhere)).toBe(2);
    expect(scene.left()?.id).toBe("place-1");
    expect(elsewhere.instances().every(({ labels }) => labels.spec === "2")).toBe(true);
  });
});

test("a worker that starts again knows of runners in a place that was being left, and leaves it when they are gone", async () => {
  const { clock, make, service, stop, host, inventory, random } = stage();
  const elsewhere = new MemoryHost({ clock, random, onStart: idle }).open();
  const second = new Inventory({ backend: elsewhere, clock, random, timings: defaultTimings, logger: quiet });
  const labels = { schema: 1, identity: "me", owner: "here", spec: "0" };
  const { signal } = stop;
  await clock.runUntilSettled(elsewhere.create({ name: "old", labels }, { signal }));
  await clock.runUntilSettled(elsewhere.start("old", { reveal: () => "jit" }, { signal }));
  const watching = second.run(signal);
  const left: string[] = [];
  const worker = make({
    place: placeOf("place-1", { clock, random, backend: host.open(), inventory }),
    formerPlaces: [placeOf("place-0", { clock, random, backend: elsewhere, inventory: second })],
    onLeft: ({ id }) => void left.push(id),
  });
  const running = worker.run({ signal });
  await clock.runFor(1_000);
  expect(worker.status().live).toBe(1);
  expect(left).toEqual([]);
  service.knows = "present";
  service.open(0);
  await clock.runUntil(() => keepLease(service) && left.length > 0, { limitMs: 600_000 });
  expect(left).toEqual(["place-0"]);
  expect(elsewhere.host.instances()).toEqual([]);
  stop.abort();
  await clock.runUntilSettled(Promise.all([running, watching]));
});

describe("a worker that is drained", () => {
  test("lets idle runners go, waits for busy ones without the session, and ends when the last is gone", async () => {
    const scene = await working({ assigned: 2, min: 1 });
    const { worker, running, service, clock, host } = scene;
    await pass(scene, 1_000);
    const [busy] = host.instances();
    const jobs = [{ kind: "started" as const, jobId: "job-1", runnerName: busy?.name ?? "" }];
    service.handler?.message({ redelivered: false, statistics: { ...noJobs, assigned: 2, running: 1 }, jobs });
    worker.drain();
    await pass(scene, 10_000);
    expect(service.listening).toBe(true);
    // Idle ones are unknown at this service: they are watched for a while before they are destroyed.
    await clock.runUntil(() => keepLease(service) && !service.listening, { limitMs: 200_000 });
    await clock.runUntilSettled(running);
    expect(host.instances()).toEqual([]);
    expect(worker.drained).toBe(true);
  });

  test("stopped before, it leaves its runners, and was not drained", async () => {
    const scene = await working({ assigned: 1, onStart: idle });
    await pass(scene, 1_000);
    const [busy] = scene.host.instances();
    const jobs = [{ kind: "started" as const, jobId: "job-1", runnerName: busy?.name ?? "" }];
    scene.service.handler?.message({ redelivered: false, statistics: undefined, jobs });
    scene.worker.drain();
    await pass(scene, 20_000);
    expect(scene.service.listening).toBe(false);
    scene.stop.abort();
    await scene.clock.runUntilSettled(scene.running);
    expect(scene.worker.drained).toBe(false);
    expect(started(scene.host)).toBe(1);
  });
});

test("what a runner printed that exited at once is kept and shown", async () => {
  const scene = await working({
    assigned: 1,
    onStart: async (_name, _jitConfig, run) => {
      run.print("error while loading shared libraries: libicu.so");
      return 1;
    },
  });
  scene.service.knows = "present";
  await pass(scene, 5_000);
  const [failed] = scene.worker.status().failedRunners;
  expect(failed).toMatchObject({ exitCode: 1, output: expect.stringContaining("libicu.so") });
});

test("statistics that are asked for count like a message's, and no answer is no crash", async () => {
  const scene = await working({ min: 2, onStart: idle });
  const { service, clock, host } = scene;
  service.knows = "present";
  service.statistics = () => Promise.reject(new Error("reset"));
  await pass(scene, 130_000);
  expect(service.asked).toContain("statistics");
  service.statistics = async () => ({ ...noJobs, registered: 1, idle: 1 });
  const before = host.instances().length;
  await clock.runUntil(() => keepLease(service) && service.asked.some((call) => call.startsWith("deregister")), {
    limitMs: 300_000,
  });
  expect(before).toBe(2);
});

/** A runner that waits for a job until it is asked to end. */
async function idle(_name: string, _jitConfig: string, { signal }: { readonly signal: AbortSignal }): Promise<number> {
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  return 0;
}
