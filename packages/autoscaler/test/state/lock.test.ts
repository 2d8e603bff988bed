import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { realClock, realRandom } from "@scaleset/client";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Compiled, compileSources } from "../../../process/test/compiled.js";
import { processes, temporaryFolder, until } from "../../../process/test/host.js";
import { LONGEST_STATE_FOLDER_BYTES } from "../../src/config/state-folder.js";
import { lockStateFolder, type StateLock } from "../../src/state/lock.js";

let compiled: Compiled;
beforeAll(() => {
  compiled = compileSources(["packages/autoscaler/src/state"], "packages/autoscaler/test/state/programs");
});
afterAll(() => compiled[Symbol.dispose]());

const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const SOCKET = "lock-0badcafe.sock";

function lock(stateFolder: string): Promise<StateLock> {
  return lockStateFolder(stateFolder, { clock: realClock, random: realRandom });
}

const sockets = (folder: string): string[] => readdirSync(folder).filter((name) => /^lock-.*\.sock$/.test(name));
const locks = (folder: string): string[] => readdirSync(folder).filter((name) => /^lock\.\d+$/.test(name));

interface Holder {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly ended: Promise<unknown>;
}

/** A daemon in a process of its own, on request in a PID namespace of its own, where it has number 1. */
async function startHolder(stateFolder: string, { namespace = false } = {}): Promise<Holder> {
  const own = [process.execPath, compiled.program("lock-holder"), stateFolder];
  const wrapped = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", ...own];
  const [command = "", ...args] = namespace ? wrapped : own;
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  await until("what it has to say", () => (/\n/.test(text) ? true : undefined));
  return { child, said: () => text, ended };
}

async function kill({ child, ended }: Holder): Promise<void> {
  child.kill("SIGKILL");
  await ended;
}

function canUnshare(): boolean {
  try {
    execFileSync("unshare", ["--pid", "--fork", "--mount-proc", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A socket in the folder that somebody listens on. */
async function listenOn(folder: string, name: string): Promise<void> {
  const server = createServer((connection) => connection.destroy());
  await new Promise<void>((resolve) => void server.listen(join(folder, name), resolve));
  onTestFinished(() => void server.close());
}

/** When this process began, in the words of a lock. */
function ownStart(): string {
  const line = readFileSync("/proc/self/stat", "utf8");
  return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

describe("one daemon per state folder", () => {
  test("a second daemon is refused while the first lives, and not once it was killed", async () => {
    const folder = temporaryFolder();
    const daemon = await startHolder(folder);
    await expect(lock(folder)).rejects.toMatchObject({
      kind: "denied",
      message: expect.stringContaining(`process ${daemon.child.pid}`),
    });
    await kill(daemon);
    expect(sockets(folder)).toHaveLength(1);
    const [left = ""] = sockets(folder);
    using _lock = await lock(folder);
    expect(sockets(folder)).toHaveLength(1);
    expect(sockets(folder)).not.toContain(left);
    await expect(lock(folder)).rejects.toMatchObject({ kind: "denied" });
  });

  test("a stopped daemon keeps its folder, however often it is asked", async () => {
    const folder = temporaryFolder();
    const daemon = await startHolder(folder);
    daemon.child.kill("SIGSTOP");
    // More than fit into the queue of its socket: then connecting is answered EAGAIN.
    for (let round = 0; round < 600; round += 1) await expect(lock(folder)).rejects.toMatchObject({ kind: "denied" });
    await kill(daemon);
    (await lock(folder)).release();
  });

  test.skipIf(!canUnshare())("of two containers on one volume, both process 1 of their own, one gets it", async () => {
    const folder = temporaryFolder();
    const first = await startHolder(folder, { namespace: true });
    expect(first.said()).toBe("locked by 1\n");
    const second = await startHolder(folder, { namespace: true });
    expect(second.said()).toMatch(/^refused: another daemon \(process 1\) uses the state folder/);
    await expect(lock(folder)).rejects.toMatchObject({ kind: "denied" });
    await kill(first);
    const third = await startHolder(folder, { namespace: true });
    expect(third.said()).toBe("locked by 1\n");
  });

  test.skipIf(!canUnshare())("of many containers that start at the same time, one gets it", async () => {
    const folder = temporaryFolder();
    const all = await Promise.all(Array.from({ length: 4 }, () => startHolder(folder, { namespace: true })));
    expect(all.filter((each) => each.said() === "locked by 1\n")).toHaveLength(1);
    expect(locks(folder)).toHaveLength(1);
  });

  test("a lock that was given up is free, and only one of many takes it", async () => {
    const folder = temporaryFolder();
    for (let round = 0; round < 3; round += 1) {
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => lock(folder)));
      const taken = outcomes.filter((outcome) => outcome.status === "fulfilled").map((outcome) => outcome.value);
      expect(taken).toHaveLength(1);
      expect(sockets(folder)).toHaveLength(1);
      for (const each of taken) each.release();
      expect(sockets(folder)).toEqual([]);
    }
  });

  test("SIGTERM takes the socket along", async () => {
    const folder = temporaryFolder();
    const daemon = await startHolder(folder);
    expect(sockets(folder)).toHaveLength(1);
    const [socket = ""] = sockets(folder);
    expect(statSync(join(folder, socket)).mode & 0o777).toBe(0o600);
    daemon.child.kill("SIGTERM");
    await daemon.ended;
    expect(sockets(folder)).toEqual([]);
  });
});

describe("a lock is in use", () => {
  const self = { pid: process.pid, startedAt: ownStart(), bootId };
  const gone = { pid: 4_194_303, startedAt: "1", bootId };
  const parent = processes().find((each) => each.pid === process.ppid)?.pid ?? 1;
  const startOf = (pid: number): string => {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  };
  const living = { pid: parent, startedAt: startOf(parent), bootId };

  test.each([
    ["a process that is not there, a socket that answers", gone, true, "denied"],
    ["a process that is not there, no socket", gone, false, "free"],
    ["a living process, no socket", living, false, "denied"],
    ["another process with that number, no socket", { ...living, startedAt: "1" }, false, "free"],
    ["this very process by number and start, no socket", self, false, "free"],
    ["this very process by number and start, a socket that answers", self, true, "denied"],
    ["another boot, a socket that answers", { ...gone, bootId: "another" }, true, "free"],
    ["another boot, a living process", { ...living, bootId: "another" }, false, "free"],
  ])("%s: %s", async (_, holder, answers, outcome) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "lock.4"), JSON.stringify({ ...holder, socket: SOCKET }));
    if (answers) await listenOn(folder, SOCKET);
    const attempt = lock(folder);
    if (outcome === "denied") await expect(attempt).rejects.toMatchObject({ kind: "denied" });
    else {
      using _lock = await attempt;
      expect(locks(folder)).toEqual(["lock.5"]);
    }
  });

  test("a socket that its user may not connect to: in use", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "lock.1"), JSON.stringify({ ...gone, socket: SOCKET }));
    // A link in a circle can't be followed: neither "refused" nor "missing", as EACCES for a user who is not root.
    symlinkSync(SOCKET, join(folder, SOCKET));
    await expect(lock(folder)).rejects.toMatchObject({ kind: "denied" });
  });
});

describe("a damaged lock never keeps a daemon from starting", () => {
  const damages: readonly (readonly [string, (path: string) => void])[] = [
    ["empty", (path) => writeFileSync(path, "")],
    ["truncated", (path) => writeFileSync(path, '{"pid":1,"startedAt":"1","bo')],
    ["binary", (path) => writeFileSync(path, Buffer.from([0, 255, 254, 1, 2, 3]))],
    [
      "of wrong types",
      (path) => writeFileSync(path, JSON.stringify({ pid: "1", startedAt: 1, bootId: [], socket: {} })),
    ],
    [
      "naming a socket elsewhere",
      (path) => writeFileSync(path, JSON.stringify({ pid: 1, startedAt: "1", bootId, socket: "../x" })),
    ],
    ["huge", (path) => writeFileSync(path, "x".repeat(5_000_000))],
    ["a folder", (path) => mkdirSync(join(path, "below"), { recursive: true })],
    ["a link", (path) => symlinkSync("/dev/zero", path)],
    ["a pipe", (path) => void execFileSync("mkfifo", [path])],
    [
      "unreadable",
      (path) => {
        writeFileSync(path, "x");
        chmodSync(path, 0);
      },
    ],
  ];
  test.each(damages)("%s: it is passed over", async (_, damage) => {
    const folder = temporaryFolder();
    damage(join(folder, "lock.7"));
    using _lock = await lock(folder);
    expect(locks(folder)).toEqual(["lock.8"]);
    await expect(lock(folder)).rejects.toMatchObject({ kind: "denied" });
  });

  test("but a daemon that lives beside it does, by its socket", async () => {
    const folder = temporaryFolder();
    using _first = await lock(folder);
    const [file = ""] = locks(folder);
    writeFileSync(join(folder, file), "damaged");
    await expect(lock(folder)).rejects.toMatchObject({ kind: "denied" });
  });
});

test("drafts and sockets of daemons that were killed in the middle are cleared away", async () => {
  const folder = temporaryFolder();
  const daemon = await startHolder(folder);
  const [socket = ""] = sockets(folder);
  await kill(daemon);
  writeFileSync(join(folder, `.${socket}`), "half");
  writeFileSync(join(folder, ".lock-00000001.sock"), "half");
  using _lock = await lock(folder);
  expect(readdirSync(folder).filter((name) => name.startsWith(".lock"))).toEqual([]);
  expect(existsSync(join(folder, socket))).toBe(false);
});

test("a state folder whose socket would have too long a path is refused", async () => {
  const base = temporaryFolder();
  const longest = join(base, "x".repeat(LONGEST_STATE_FOLDER_BYTES - base.length - 1));
  (await lock(longest)).release();
  rmSync(longest, { recursive: true });
  await expect(lock(`${longest}x`)).rejects.toMatchObject({
    kind: "rejected",
    message: expect.stringMatching(/too long a path: .* 101 bytes, at most 100 are possible; choose a shorter one/),
  });
});
