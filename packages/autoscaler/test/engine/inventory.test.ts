import { MemoryHost, type MemoryHostOptions } from "@scaleset/provisioner/testing";
import { seededRandom, VirtualClock } from "@scaleset/simulator";
import { expect, onTestFinished, test } from "vitest";
import type { SeenInstance } from "../../src/core/events.js";
import { defaultTimings } from "../../src/core/settings.js";
import { Inventory } from "../../src/engine/inventory.js";

const signal = new AbortController().signal;

function stage(options: Partial<MemoryHostOptions> = {}) {
  const clock = new VirtualClock();
  const host = new MemoryHost({ clock, random: seededRandom(1), ...options });
  const backend = host.open();
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const inventory = new Inventory({ backend, clock, random: seededRandom(2), timings: defaultTimings, logger });
  const stop = new AbortController();
  const lists: { readonly begunAt: number; readonly instances: readonly SeenInstance[] }[] = [];
  const changes: SeenInstance[] = [];
  inventory.subscribe({
    place: "place-1",
    identity: "mine",
    owner: "here",
    tell: (event) => {
      if (event.type === "inventory") lists.push(event);
      else changes.push(event.instance);
    },
  });
  const running = inventory.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await clock.runUntilSettled(running);
  });
  const make = (name: string, labels: { identity?: string; owner?: string; schema?: number } = {}) =>
    backend.create({ name, labels: { schema: 1, identity: "mine", owner: "here", spec: "1", ...labels } }, { signal });
  return { clock, host, backend, inventory, lists, changes, make };
}

test("a scale set hears of its own instances, and whose they are; of nobody else's", async () => {
  const { clock, inventory, lists, make } = stage();
  await make("a");
  await make("b", { identity: "another set's" });
  await make("c", { owner: "elsewhere", schema: 2 });
  inventory.refresh();
  await clock.runUntil(() => lists.at(-1)?.instances.length === 2, { limitMs: 1_000 });
  expect(lists.at(-1)?.instances).toMatchObject([
    { name: "a", own: true, foreignSchema: false },
    { name: "c", own: false, foreignSchema: true },
  ]);
});

test("asked for while a list is under way, another one is begun after it", async () => {
  const { clock, inventory, lists } = stage({ latencies: { list: 1_000 } });
  await clock.runFor(500);
  inventory.refresh();
  const askedAt = clock.monotonic();
  await clock.runUntil(() => (lists.at(-1)?.begunAt ?? 0) >= askedAt, { limitMs: 5_000 });
});

test("a list that fails is tried again, and the reason is there to be read meanwhile", async () => {
  const { clock, host, inventory, lists } = stage();
  await clock.drain();
  host.failNext("list", "transient", { times: 3 });
  inventory.refresh();
  await clock.drain();
  expect(inventory.problem).toContain("the list of instances failed");
  const before = lists.length;
  await clock.runUntil(() => lists.length > before, { limitMs: 60_000 });
  expect(inventory.problem).toBeUndefined();
});

test("a list that hangs is given up at its deadline", async () => {
  const { clock, host, inventory, lists } = stage();
  await clock.drain();
  host.failNext("list", "hang");
  inventory.refresh();
  const before = lists.length;
  await clock.runUntil(() => lists.length > before, { limitMs: defaultTimings.provisionerStepDeadlineMs + 5_000 });
});

test("when a watch ends, a list is begun at once and the watch again", async () => {
  const { clock, host, backend, lists, changes, make } = stage();
  await clock.drain();
  const before = lists.length;
  host.endWatches();
  await clock.drain();
  expect(lists.length).toBe(before + 1);
  await clock.runFor(5_000);
  await make("a");
  await backend.start("a", { reveal: () => "jit" }, { signal });
  await clock.drain();
  expect(changes.map(({ state }) => state)).toContain("started");
});

test("without any event a whole list comes every minute or so", async () => {
  const { clock, lists } = stage();
  await clock.runFor(600_000);
  expect(lists.length).toBeGreaterThanOrEqual(8);
  expect(lists.length).toBeLessThanOrEqual(14);
});

test("a watch that ends again and again, though it tells something each time, is not begun without pause", async () => {
  const { clock, host, backend, make } = stage();
  let watches = 0;
  backend.watch = async function* () {
    watches += 1;
    const [instance] = await backend.list({ signal });
    if (instance !== undefined) yield { type: "changed" as const, instance };
  };
  await make("a");
  host.endWatches();
  await clock.runFor(300_000);
  expect(watches).toBeGreaterThan(5);
  expect(watches).toBeLessThan(25);
});
