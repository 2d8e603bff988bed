import { readScenario, ScenarioError, seededRandom, shippedScenario, shippedScenarios } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { arrivalsOf } from "../src/scenario/workload.js";
import { world } from "./raw-client.js";

const least = "name: x\nabout: nothing\nlasts: 1m\njobs:\n  - { shape: burst, count: 1 }\n";

function problemsOf(text: string): string[] {
  try {
    readScenario(text, "x.yaml");
    return [];
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return error.message.split("\n");
  }
}

describe("what is wrong with a scenario file is told with line and column", () => {
  test.each([
    ["an unknown key", `${least}fautls: []\n`, /^x\.yaml:6:1 fautls: unknown key fautls/],
    [
      "an unknown key of a fault",
      `${least}faults:\n  - cal: get-message\n    effect: { kind: hang }\n`,
      /^x\.yaml:7:5 faults\[0\]\.cal/,
    ],
    ["an unknown effect", `${least}faults:\n  - effect: { kind: explode }\n`, /^x\.yaml:7:1\d faults\[0\]\.effect/],
    [
      "an impossible chance",
      `${least}faults:\n  - { probability: 2, effect: { kind: hang } }\n`,
      /^x\.yaml:7:7 faults\[0\]\.probability/,
    ],
    [
      "a fault that never strikes",
      `${least}faults:\n  - { probability: 0, effect: { kind: hang } }\n`,
      /never strikes/,
    ],
    [
      "no duration",
      "name: x\nabout: y\nlasts: soon\njobs: [{ shape: burst, count: 1 }]\n",
      /^x\.yaml:3:1 lasts: .*"soon" is no duration/,
    ],
    ["a check that there is not", `${least}allow: [everything]\n`, /^x\.yaml:6:9 allow\[0\]/],
    ["an unknown shape", "name: x\nabout: y\nlasts: 1m\njobs: [{ shape: blob }]\n", /^x\.yaml:4:10 jobs\[0\]\.shape/],
    ["no jobs", "name: x\nabout: y\nlasts: 1m\n", /jobs/],
    ["broken YAML", "name: [x\n", /^x\.yaml:\d+:\d+ /],
    ["an empty file", "", /^x\.yaml:1:1 /],
    [
      "a tail that is none",
      "name: x\nabout: y\nlasts: 1m\njobs: [{ shape: burst, count: 1, takes: { median: 2m, p99: 1m } }]\n",
      /median must not be above p99/,
    ],
  ])("%s", (_what, text, expected) => {
    expect(problemsOf(text).join("\n")).toMatch(expected);
  });

  test("all of it at once", () => {
    expect(problemsOf(`${least}a: 1\nb: 2\n`)).toHaveLength(2);
  });
});

test("every scenario that is shipped can be read, says what it is about and what it teaches", () => {
  const names = shippedScenarios();
  expect(names.length).toBeGreaterThanOrEqual(12);
  for (const name of names)
    expect(shippedScenario(name)).toMatchObject({ name, about: expect.any(String), teaches: expect.any(String) });
  expect(() => shippedScenario("nonsense")).toThrow(/there are .*stale-session/);
});

describe("workloads", () => {
  const arrivals = (jobs: string) =>
    arrivalsOf(readScenario(`{ name: x, about: y, lasts: 1m, jobs: [${jobs}] }`).jobs, seededRandom(1));

  test("a burst is one moment, a steady one has its rate, and the same seed gives the same jobs", () => {
    expect(arrivals("{ shape: burst, at: 10s, count: 3 }").map(({ atMs }) => atMs)).toEqual([10_000, 10_000, 10_000]);
    const steady = arrivals("{ shape: steady, for: 10h, perHour: 100 }");
    expect(steady.length).toBeGreaterThan(900);
    expect(steady.length).toBeLessThan(1_100);
    expect(arrivals("{ shape: steady, for: 10h, perHour: 100 }")).toEqual(steady);
  });

  test("a ramp rises, and a day has its peak at noon", () => {
    const ramp = arrivals("{ shape: ramp, for: 10h, fromPerHour: 0, toPerHour: 200 }");
    const early = ramp.filter(({ atMs }) => atMs < 5 * 3_600_000).length;
    expect(early / ramp.length).toBeCloseTo(0.25, 1);
    const day = arrivals("{ shape: daily, for: 24h, lowPerHour: 1, highPerHour: 100 }");
    const atNoon = day.filter(({ atMs }) => atMs > 9 * 3_600_000 && atMs < 15 * 3_600_000).length;
    expect(atNoon / day.length).toBeGreaterThan(0.4);
  });

  test("a long tail has the median and the 99th of a hundred that it was given", () => {
    const lengths = arrivals("{ shape: burst, count: 5000, takes: { median: 1m, p99: 30m } }")
      .map(({ durationMs }) => durationMs)
      .sort((a, b) => a - b);
    expect((lengths[2_500] ?? 0) / 60_000).toBeCloseTo(1, 0);
    expect((lengths[4_950] ?? 0) / 60_000).toBeGreaterThan(20);
    expect((lengths[4_950] ?? 0) / 60_000).toBeLessThan(45);
  });
});

test("what an event does for a while lasts as much shorter as the scenario is faster", async () => {
  const { clock, client, simulator } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const stop = new AbortController();
  const scenario = readScenario(
    `${least.replace("lasts: 1m", "lasts: 20m")}events:\n  - { do: stale-session, at: 1m, for: 10m }\n`,
  );
  const played = simulator.play(scenario, { speed: 10, signal: stop.signal });
  void client.poll(session).catch(() => {});
  const open = async (): Promise<number> =>
    (await client.sets("POST", `/${setId}/sessions`, { ownerName: "host-2" })).status;
  await clock.runFor(8_000);
  expect(await open()).toBe(409);
  await clock.runFor(50_000);
  expect(await open()).toBe(409);
  await clock.runFor(9_000);
  expect(await open()).toBe(200);
  stop.abort();
  await clock.runUntilSettled(played.catch(() => {}));
});

test("at any speed a client's own waits have the whole of the scenario's patience", async () => {
  const { clock, client, simulator } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  let ended = false;
  const played = simulator.play(readScenario(`${least}patience: 10m\n`), { speed: 10 }).finally(() => {
    ended = true;
  });
  void client.poll(session).catch(() => {});
  await clock.runFor(6_000 + 9 * 60_000);
  expect(ended).toBe(false);
  await clock.runFor(2 * 60_000);
  expect(await played).toMatchObject({ begun: true, passed: false, counts: { "jobs-left": 1 } });
});
