import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { offStatus } from "../../src/engine/status.js";
import type { Trouble } from "../../src/ports/service.js";
import { decodeStatus, UnknownStatusError } from "../../src/status/decode.js";
import { durationText } from "../../src/status/durations.js";
import { statusPage } from "../../src/status/page.js";
import type { AutoscalerStatus } from "../../src/status/snapshot.js";
import { Driver, seen } from "../core/driver.js";
import { daemonStatus, setStatus } from "./snapshots.js";

/** As another process reads it. */
function overTheWire(status: AutoscalerStatus): unknown {
  return JSON.parse(JSON.stringify(status));
}

function page(status: AutoscalerStatus, options: { colours?: boolean; runners?: boolean } = {}): string {
  return statusPage(decodeStatus(overTheWire(status)), { colours: false, runners: false, ...options });
}

function everything(): AutoscalerStatus {
  const busy = new Driver({ min: 1, max: 3 }).hold({ assigned: 4 }).launchAll().started("r1", "job-1").pass(20_000);
  const { reasons } = busy.look();
  const standby = new Driver().tell({ type: "session.refused", holder: "host-2" });
  return daemonStatus([
    setStatus(busy, {
      name: "linux-x64",
      trouble: { kind: "other", message: "HTTP 503" },
      lastDecision: { at: 1, reasons: reasons.map(({ reason }) => reason) },
      failedRunners: [{ name: "r0", at: 1, exitCode: 1, reason: "killed", output: "no disk" }],
    }),
    setStatus(standby, { name: "gpu" }),
    setStatus(new Driver().hold({}, [seen("x", "exited", { exitCode: 3 })]), { name: "arm" }),
    offStatus("spare"),
  ]);
}

test("what a daemon writes is read whole: no field is lost on the way", () => {
  const status = everything();
  expect(decodeStatus(overTheWire(status))).toEqual(overTheWire(status));
});

test("a person sees what is wrong and what to do before anything else, then demand against runners", () => {
  const lines = page(everything()).split("\n");
  expect(lines[0]).toBe("scaleset 1.2.3 · owner host-1 · up 16 min");
  expect(lines[2]).toBe("WARNING linux-x64: the service: HTTP 503");
  expect(lines[3]).toMatch(/^ {8}do: it is tried again by itself/);
  expect(lines.slice(5).join("\n")).toBe(
    [
      "SCALE SET     STATE    WAITING  RUNNING  RUNNERS  BUSY  IDLE  STARTING  ENDING  HEARD",
      "linux-x64     holding        4        0      3/3     1     0         2       0    0 s",
      "  enough: 4 assigned + 1 min − 3 live, max 3",
      "  as many runners are wanted as there may be (3): more jobs may wait at the service; raise maxRunners to have more",
      "gpu           standby        –        –     0/10     0     0         0       0      –",
      "  host-2 holds its session",
      "arm           holding        0        0     1/10     0     0         0       1    0 s",
      "spare         off            –        –      0/0     0     0         0       0      –",
      "  its maxRunners is 0: it is not polled, and its jobs wait",
      "4 scale sets                 4        0        4     1     0         2       1",
    ].join("\n"),
  );
});

test("an adopted runner that may have a job is not said to be busy: it is counted as unknown, where there are any", () => {
  const busy = new Driver().hold({ assigned: 1 }).launchAll().started("r1");
  const adopter = new Driver().hold({}, [seen("a1", "started"), seen("a2", "started")]);
  const sets = [setStatus(busy, { name: "linux-x64-large" }), setStatus(adopter, { name: "arm" })];
  const table = page(daemonStatus(sets))
    .split("\n")
    .filter((line) => /^(SCALE|linux|arm|2 scale)/.test(line));
  expect(table).toEqual([
    "SCALE SET        STATE    WAITING  RUNNING  RUNNERS  BUSY  UNKNOWN  IDLE  STARTING  ENDING  HEARD",
    "linux-x64-large  holding        1        0     1/10     1        0     0         0       0    0 s",
    "arm              holding        0        0     2/10     0        2     0         0       0    0 s",
    "2 scale sets                    1        0        3     1        2     0         0       0",
  ]);
  expect(Math.max(...table.map(({ length }) => length))).toBeLessThanOrEqual(100);
});

test("where all is well it says so", () => {
  expect(page(daemonStatus([setStatus(new Driver().hold())]))).toContain("\nall well\n");
});

test("the same trouble of many scale sets is said once", () => {
  const sets = Array.from({ length: 8 }, (_, at) =>
    setStatus(new Driver(), { name: `set-${at}`, trouble: { kind: "refused", message: "HTTP 401" } }),
  );
  const text = page(daemonStatus(sets));
  expect(text.match(/HTTP 401/g)).toHaveLength(1);
  expect(text).toContain("set-0, set-1, set-2, set-3, set-4 and 3 more: the service: HTTP 401");
});

test("trouble of one kind with another remedy is said apart: each has its own cause", () => {
  const sets = ["no such file", "out of memory"].map((output, at) => {
    const failing = new Driver().hold({ assigned: 3 }).launchAll();
    for (const name of ["r1", "r2", "r3"]) {
      failing.tell({ type: "instance.changed", instance: seen(name, "exited", { exitCode: 1 }) });
    }
    failing.pass(10_000).act();
    const failedRunners = [{ name: "r3", at: 0, exitCode: 1, reason: undefined, output }];
    return setStatus(failing, { name: `set-${at}`, failedRunners });
  });
  const text = page(daemonStatus(sets));
  expect(text).toContain("no such file");
  expect(text).toContain("out of memory");
});

test("a runner is idle as soon as the service counts it, and starting until then", () => {
  const driver = new Driver({ min: 1 }).hold().launchAll().pass(5_000);
  expect(setStatus(driver).activities).toMatchObject({ starting: 1, idle: 0 });
  expect(setStatus(driver.reading({ registered: 1, idle: 1 })).activities).toMatchObject({ starting: 0, idle: 1 });
});

test("scale sets of two organisations that share a name are told apart, in the table and in what is wrong", () => {
  const at = (url: string, trouble?: Trouble) => ({ ...setStatus(new Driver(), { name: "linux", trouble }), url });
  const text = page(
    daemonStatus([
      at("https://github.com/acme"),
      at("https://github.com/globex", { kind: "refused", message: "HTTP 401" }),
      { ...offStatus("spare"), url: "https://github.com/acme" },
    ]),
  );
  expect(text).toMatch(/^ERROR {3}linux \(github\.com\/globex\): the service: HTTP 401$/m);
  expect(text).toMatch(/^linux \(github\.com\/acme\) +starting/m);
  expect(text).toMatch(/^spare +off/m);
});

test("runners are listed on request, with job and age, and those that did not come up with what they printed", () => {
  const text = page(everything(), { runners: true });
  expect(text).toMatch(/r1 +busy +started +20 s {2}job job-1, for 20 s/);
  expect(text).toContain("r0 did not come up (exit code 1); it printed last:\n    no disk");
  expect(text).toMatch(/x +ending +exited +0 s {2}exit code 3, adopted/);
});

test("colours add nothing but colours", () => {
  const coloured = page(everything(), { colours: true });
  expect(coloured).not.toBe(page(everything()));
  expect(stripVTControlCharacters(coloured)).toBe(page(everything()));
});

test("a daemon of another version is read as far as it is understood", () => {
  const status = overTheWire(everything()) as Record<string, unknown>;
  expect(decodeStatus({ ...status, news: 1 })).not.toHaveProperty("news");
  expect(() => decodeStatus({ ...status, schema: 2 })).toThrow(
    /the daemon \(version 1\.2\.3\) gives its status in format 2, and this program reads format 1/,
  );
  expect(() => decodeStatus({ hello: "world" })).toThrow(UnknownStatusError);
});

test.each([
  [0, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [3_600_000, "1 h"],
  [3_660_000, "1 h 1 min"],
  [86_400_000, "1 d"],
  [100_000_000, "1 d 3 h"],
])("%d ms reads %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
