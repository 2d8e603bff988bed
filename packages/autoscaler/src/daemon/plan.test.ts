import { Secret } from "@scaleset/client";
import { describe, expect, test } from "vitest";
import type { AutoscalerConfig, ScaleSetConfig } from "../config/config.js";
import { defaultTimings } from "../core/settings.js";
import { changesBetween, fixedChanges, planOf } from "./plan.js";

const set = (some: Partial<ScaleSetConfig> = {}): ScaleSetConfig => ({
  name: "a",
  labels: ["a"],
  runnerGroup: "default",
  minRunners: 0,
  maxRunners: 10,
  disableUpdate: false,
  namePrefix: "a",
  workFolder: "_work",
  provisioner: { kind: "box", options: { size: 1 } },
  ...some,
});

const config = (scaleSets: readonly ScaleSetConfig[], some: Partial<AutoscalerConfig> = {}): AutoscalerConfig => ({
  github: { url: "https://github.com/acme", credentials: { kind: "token", token: new Secret("one") } },
  targets: {
    labs: { url: "https://github.com/labs", credentials: { kind: "token", token: { file: "/t" } } },
  },
  owner: "host-1",
  stateFolder: "/state",
  baseFolder: "/",
  scaleSets,
  log: { level: "info", format: "text" },
  limits: { launchConcurrency: 10 },
  timings: defaultTimings,
  ...some,
});

/** What changes from one configuration to the next, in short. */
function changes(before: AutoscalerConfig, after: AutoscalerConfig): string[] {
  return changesBetween(planOf(before), planOf(after)).map((change) => {
    const { kind } = change;
    const more = kind === "restart" ? change.why : kind === "adjust" ? change.what : [];
    return [kind, change.set.config.name, ...more].join(" ");
  });
}

const token = (text: string): Partial<AutoscalerConfig> => ({
  github: { url: "https://github.com/acme", credentials: { kind: "token", token: new Secret(text) } },
});

describe("from one configuration to the next", () => {
  test("nothing changes when nothing is said otherwise, in whatever order", () => {
    const sets = [set(), set({ name: "b" })];
    expect(changes(config(sets), config([...sets].reverse()))).toEqual([]);
    expect(changes(config(sets), config(sets, token("one")))).toEqual([]);
    expect(changes(config([set({ target: "github", priority: 1 })]), config([set()]))).toEqual([]);
  });

  test("sets come and go; those that go, go first", () => {
    expect(changes(config([set()]), config([set({ name: "b" })]))).toEqual(["drain a", "add b"]);
  });

  test("a set that may have no runner any more drains, and comes back when it may", () => {
    expect(changes(config([set()]), config([set({ maxRunners: 0 })]))).toEqual(["drain a"]);
    expect(changes(config([set({ maxRunners: 0 })]), config([set()]))).toEqual(["add a"]);
  });

  test("limits, priority and runner spec change in place, all at once", () => {
    const changed = set({ minRunners: 1, priority: 3, provisioner: { kind: "box", options: { size: 2 } } });
    expect(changes(config([set()]), config([changed]))).toEqual(["adjust a limits spec priority"]);
  });

  test.each<[string, Partial<ScaleSetConfig>]>([
    ["labels", { labels: ["a", "b"] }],
    ["disableUpdate", { disableUpdate: true }],
    ["namePrefix", { namePrefix: "other" }],
    ["workFolder", { workFolder: "w" }],
    ["recreate", { recreate: false }],
    ["timings", { timings: { ...defaultTimings, surplusMs: 1 } }],
  ])("%s of a set restart it", (key, change) => {
    expect(changes(config([set()]), config([set(change)]))).toEqual([`restart a ${key}`]);
  });

  test("waiting times of the process restart the sets that have none of their own", () => {
    const own = { ...defaultTimings, surplusMs: 1 };
    const sets = [set(), set({ name: "b", timings: own })];
    const after = config(sets, { timings: { ...defaultTimings, phantomMs: 1 } });
    expect(changes(config(sets), after)).toEqual(["restart a timings"]);
  });

  test("another credential restarts the sets of its target, and no others", () => {
    const sets = [set(), set({ name: "b", target: "labs" })];
    expect(changes(config(sets), config(sets, token("two")))).toEqual(["restart a target"]);
  });

  test("another place to register makes another set of it", () => {
    expect(changes(config([set()]), config([set({ target: "labs" })]))).toEqual(["drain a", "add a"]);
  });
});

test("no secret can be read from a plan's keys", () => {
  const [planned] = planOf(config([set()], token("ghp_secret")));
  expect(JSON.stringify([planned?.connection, planned?.place, planned?.spec, planned?.identity])).not.toContain("ghp_");
});

test("a set named twice, and a target that is not there, are refused before anything runs", () => {
  expect(() => planOf(config([set(), set({ name: "A", runnerGroup: "Default" })]))).toThrow(/A is configured twice/);
  expect(() => planOf(config([set({ target: "nowhere" })]))).toThrow(/names the target nowhere: there is none/);
});

test("what the process is known by can't change while it runs", () => {
  const before = config([set()]);
  expect(fixedChanges(before, config([], { owner: "x", stateFolder: "/y" }))).toEqual(["owner", "stateFolder"]);
  expect(fixedChanges(before, config([], { limits: { launchConcurrency: 3, requestsPerSecond: 7 } }))).toEqual([
    "limits.requestsPerSecond",
  ]);
});
