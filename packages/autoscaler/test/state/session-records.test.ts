import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../process/test/host.js";
import type { SessionRecord, SessionRecords } from "../../src/ports/session-records.js";
import { openSessionRecords } from "../../src/state/session-records.js";

const identity = "a".repeat(64);
const record: SessionRecord = {
  identity,
  configUrl: "https://github.com/acme",
  owner: "host-1",
  scaleSetId: 7,
  sessionId: "11111111-2222-3333-4444-555555555555",
};

interface Here {
  readonly stateFolder: string;
  readonly file: string;
  readonly warnings: string[];
  open(bootId?: string): SessionRecords;
}

function here(stateFolder = temporaryFolder()): Here {
  const warnings: string[] = [];
  return {
    stateFolder,
    file: join(stateFolder, "sessions", `${identity}.json`),
    warnings,
    open: (bootId = "boot-1") =>
      openSessionRecords({ stateFolder, bootId, warn: (_, message) => void warnings.push(message) }),
  };
}

test("a session is known to the next process, and forgotten once it was closed", () => {
  const { open, file, warnings, stateFolder } = here();
  const records = open();
  expect(records.read(identity)).toBeUndefined();
  records.write(record);
  records.write({ ...record, sessionId: "another" });
  records.write(record);
  expect(open().read(identity)).toEqual(record);
  expect(open().read("b".repeat(64))).toBeUndefined();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(stateFolder, "sessions")).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(stateFolder, "sessions"))).toEqual([`${identity}.json`]);
  records.delete(identity);
  expect(open().read(identity)).toBeUndefined();
  records.delete(identity);
  expect(warnings).toEqual([]);
});

describe("a record is ignored, with one line", () => {
  test("from before a reboot, or of another machine", () => {
    const { open, warnings } = here();
    open("boot-1").write(record);
    expect(open("boot-2").read(identity)).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/ignored: it is from before a restart of this machine/)]);
  });

  test("of another scale set", () => {
    const { open, warnings, file } = here();
    open().write({ ...record, identity: "b".repeat(64) });
    cpSync(file.replace(identity, "b".repeat(64)), file);
    expect(open().read(identity)).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/ignored: it is of another scale set/)]);
  });

  test("in a copied state folder: the session is of the daemon that uses the original", () => {
    const original = here();
    original.open().write(record);
    const copy = here(join(temporaryFolder(), "copy"));
    cpSync(original.stateFolder, copy.stateFolder, { recursive: true });
    expect(copy.open().read(identity)).toBeUndefined();
    expect(copy.warnings).toEqual([expect.stringMatching(/ignored: it was copied from another state folder/)]);
    expect(original.open().read(identity)).toEqual(record);
  });

  const good = (): string => JSON.stringify({ ...record, bootId: "boot-1", folder: "1:1" });
  const damages: readonly (readonly [string, (path: string) => void])[] = [
    ["empty", (path) => writeFileSync(path, "")],
    ["truncated", (path) => writeFileSync(path, good().slice(0, 100))],
    ["binary", (path) => writeFileSync(path, Buffer.from([0, 255, 254, 1, 2, 3]))],
    ["null", (path) => writeFileSync(path, "null")],
    ["a list", (path) => writeFileSync(path, "[]")],
    ["an id of a wrong type", (path) => writeFileSync(path, good().replace(":7,", ':"7",'))],
    ["an id that is no whole number", (path) => writeFileSync(path, good().replace(":7,", ":7.5,"))],
    ["a session of a wrong type", (path) => writeFileSync(path, good().replace(`"${record.sessionId}"`, "{}"))],
    ["an empty session id", (path) => writeFileSync(path, good().replace(record.sessionId, ""))],
    ["huge", (path) => writeFileSync(path, `"${"x".repeat(5_000_000)}"`)],
    ["a folder", (path) => mkdirSync(join(path, "below"), { recursive: true })],
    ["a link", (path) => symlinkSync("/etc/hostname", path)],
    ["a link that leads nowhere", (path) => symlinkSync("nowhere", path)],
    ["an endless device", (path) => symlinkSync("/dev/zero", path)],
    ["a pipe", (path) => void execFileSync("mkfifo", [path])],
  ];
  test.each(damages)("%s", (_, damage) => {
    const { open, file, warnings } = here();
    const records = open();
    damage(file);
    expect(records.read(identity)).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^the session record is ignored: /)]);
    // The next session is recorded all the same, but for what can't be replaced.
    records.write(record);
    if (statSync(file).isDirectory()) expect(warnings).toHaveLength(2);
    else expect(records.read(identity)).toEqual(record);
  });

  test("unreadable by this user", () => {
    const { open, file, warnings, stateFolder } = here();
    open().write(record);
    chmodSync(file, 0);
    for (const folder of [stateFolder, join(stateFolder, "sessions")]) chmodSync(folder, 0o755);
    const records = open();
    chmodSync(join(stateFolder, "sessions"), 0o755);
    asSomebody(() => expect(records.read(identity)).toBeUndefined());
    expect(warnings).toEqual([expect.stringMatching(/ignored: .*EACCES/)]);
  });
});

/** Root may read everything. */
function asSomebody(work: () => void): void {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test("a link is replaced, not written through", () => {
  const { open, file, stateFolder } = here();
  const records = open();
  const precious = join(stateFolder, "precious");
  writeFileSync(precious, "precious");
  symlinkSync(precious, file);
  symlinkSync(precious, `${file}.new`);
  records.write(record);
  expect(readFileSync(precious, "utf8")).toBe("precious");
  expect(open().read(identity)).toEqual(record);
});

test("a draft of a daemon that was killed is cleared away", () => {
  const { open, file } = here();
  open().write(record);
  writeFileSync(`${file}.new`, "half");
  expect(open().read(identity)).toEqual(record);
  expect(existsSync(`${file}.new`)).toBe(false);
});

test.each([
  ["a file", (path: string) => writeFileSync(path, "")],
  ["a link", (path: string) => symlinkSync("/tmp", path)],
])("where the folder is %s, sessions are not recorded, with one line", (_, put) => {
  const { open, warnings, stateFolder } = here();
  put(join(stateFolder, "sessions"));
  const records = open();
  records.write(record);
  expect(records.read(identity)).toBeUndefined();
  records.delete(identity);
  expect(warnings).toEqual([expect.stringMatching(/^sessions can't be recorded, a restart after a crash waits/)]);
});

test("a name that is no identity is never made into a path", () => {
  const { open, stateFolder } = here();
  open().write({ ...record, identity: "../outside" });
  expect(open().read("../outside")).toBeUndefined();
  expect(existsSync(join(stateFolder, "outside.json"))).toBe(false);
});
