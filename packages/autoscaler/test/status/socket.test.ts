import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { realClock } from "@scaleset/client";
import { expect, onTestFinished, test } from "vitest";
import { NoDaemonError, readStatus } from "../../src/status/read.js";
import { type StatusServer, serveStatus } from "../../src/status/server.js";
import { StatusSocketError, statusSocketPath } from "../../src/status/socket.js";
import { Driver } from "../core/driver.js";
import { daemonStatus, setStatus } from "./snapshots.js";

const clock = realClock;
const status = () => daemonStatus([setStatus(new Driver())]);

function socketPath(...below: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "scaleset-status-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return statusSocketPath(join(folder, ...below));
}

async function serve(path: string, answer = status): Promise<StatusServer> {
  const server = await serveStatus({ path, status: answer, clock });
  onTestFinished(() => server.close());
  return server;
}

function get(path: string, target: string, method = "GET"): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath: path, path: target, method, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once("error", reject)
      .end();
  });
}

/** A process that listens there and is killed, so that its socket stays behind. */
async function leaveDeadSocket(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  child.kill("SIGKILL");
  await ended;
  expect(existsSync(path)).toBe(true);
}

test("a daemon answers on a socket that its user alone may use, and takes it along when it ends", async () => {
  const path = socketPath();
  const server = await serve(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
  expect(await readStatus({ path, clock })).toEqual(JSON.parse(JSON.stringify(status())));
  await server.close();
  expect(existsSync(path)).toBe(false);
  await expect(readStatus({ path, clock })).rejects.toThrow(NoDaemonError);
});

test("a socket that can't be removed any more does not spoil the daemon's end", async () => {
  const path = socketPath();
  const server = await serve(path);
  // Every look into the folder fails from now on, as removing does on a disk that has become read-only.
  rmSync(dirname(path), { recursive: true });
  symlinkSync(dirname(path), dirname(path));
  expect(() => lstatSync(path)).toThrow("ELOOP");
  await expect(server.close()).resolves.toBeUndefined();
});

test("a folder that others could enter is closed to them", async () => {
  const path = socketPath();
  mkdirSync(dirname(path), { recursive: true });
  chmodSync(dirname(path), 0o777);
  await serve(path);
  expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
});

test("the socket of a daemon that was killed is told from none, and replaced by the next", async () => {
  const path = socketPath();
  await leaveDeadSocket(path);
  await expect(readStatus({ path, clock })).rejects.toThrow(/no daemon runs: the one that made .* has ended/);
  await serve(path);
  expect(await readStatus({ path, clock })).toMatchObject({ schema: 1 });
});

test("a socket that somebody answers on is not taken from them", async () => {
  const path = socketPath();
  await serve(path);
  await expect(serveStatus({ path, status, clock })).rejects.toThrow(/another daemon answers on .*: end it, or/);
  expect(await readStatus({ path, clock })).toMatchObject({ schema: 1 });
});

test("a file in the socket's place is left alone, with clear words", async () => {
  const path = socketPath();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "mine");
  await expect(serveStatus({ path, status, clock })).rejects.toThrow(/is no socket: remove it/);
  await expect(readStatus({ path, clock })).rejects.toThrow(StatusSocketError);
  expect(existsSync(path)).toBe(true);
});

test("a file in the folder's place is said, too", async () => {
  const path = socketPath();
  mkdirSync(dirname(dirname(path)), { recursive: true });
  writeFileSync(dirname(path), "mine");
  await expect(serveStatus({ path, status, clock })).rejects.toThrow(StatusSocketError);
});

test("a state folder deeper than the system's longest socket path works all the same", async () => {
  const path = socketPath("a-long-name-of-a-folder".repeat(5), "another-long-name-of-a-folder".repeat(5));
  expect(path.length).toBeGreaterThan(200);
  await expect(readStatus({ path, clock })).rejects.toThrow(NoDaemonError);
  const server = await serve(path);
  expect(await readStatus({ path, clock })).toMatchObject({ schema: 1 });
  await expect(serveStatus({ path, status, clock })).rejects.toThrow(/another daemon answers/);
  await server.close();
  expect(existsSync(path)).toBe(false);
});

test("there is nothing but a status to read", async () => {
  const path = socketPath();
  await serve(path);
  expect(await get(path, "/status?x=1")).toBe(200);
  expect(await get(path, "/")).toBe(404);
  expect(await get(path, "/status", "POST")).toBe(405);
});

test("a secret in the words of others does not get out", async () => {
  const path = socketPath();
  const token = `ghs_${"A1b2".repeat(9)}`;
  await serve(path, () =>
    daemonStatus([setStatus(new Driver(), { trouble: { kind: "other", message: `refused: ${token}` } })]),
  );
  const text = JSON.stringify(await readStatus({ path, clock }));
  expect(text).toContain("refused: [redacted]");
  expect(text).not.toContain(token);
});

test("a status that can't be made is an answer, and the server stays", async () => {
  const path = socketPath();
  let broken = true;
  await serve(path, () => {
    if (broken) throw new Error("a bug");
    return status();
  });
  await expect(readStatus({ path, clock })).rejects.toThrow(/answers 500: .*a bug/);
  broken = false;
  expect(await readStatus({ path, clock })).toMatchObject({ schema: 1 });
});

test("a daemon that hangs holds nobody up", async () => {
  const path = socketPath();
  mkdirSync(dirname(path), { recursive: true });
  const silent = createServer(() => {}).listen(path);
  onTestFinished(() => void silent.close());
  await new Promise((resolve) => silent.once("listening", resolve));
  await expect(readStatus({ path, clock, deadlineMs: 200 })).rejects.toThrow(/did not answer within 0.2 s/);
});
