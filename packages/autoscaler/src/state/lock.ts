import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Clock, Random } from "@scaleset/client";
import { errnoOf, isAlive, openProcessTable, type ProcessIdentity, type ProcessTable } from "@scaleset/process";
import { BackendError } from "@scaleset/provisioner";
import { isListening, isLockSocketName, type LockSocket, lockSocketsIn, openLockSocket } from "./lock-socket.js";
import { readSmallFile } from "./small-file.js";

/** `lock.N`: who had the folder N-th. The highest counts. */
const LOCK = /^lock\.(\d{1,15})$/;
/** A lock that is being written; named like its daemon's socket. */
const DRAFT = /^\.(lock-[0-9a-f]{8}\.sock)$/;
const RELEASED = "released\n";
/** A lock has about 150. */
const MAX_BYTES = 4_096;

/** Tries before giving up: each one lost means that another daemon is starting at this very moment. */
const ATTEMPTS = 10;

export interface StateLock extends Disposable {
  /** Since when the machine runs. */
  readonly bootId: string;
  /** Gives the folder up. Idempotent. */
  release(): void;
}

/** What a lock says about its daemon. */
interface Holder extends ProcessIdentity {
  /** Name of its socket. */
  readonly socket: string;
}

/**
 * Makes this process the one daemon of a state folder.
 *
 * A lock is free after a reboot; before one only if nobody listens on its socket (containers with PID namespaces of their
 * own can't see each other's processes) and its process is gone (a socket can be deleted by hand).
 *
 * Locks are numbered. Taking one over makes the next number by a hard link, which only one can; the highest is never
 * removed, only marked as given up; so nobody can take a number that somebody else has passed already.
 *
 * @throws {BackendError} `denied` while another daemon has it; `rejected` where the path is too long for a socket, and on
 * a system without process start times
 */
export async function lockStateFolder(
  stateFolder: string,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<StateLock> {
  const table = await openProcessTable();
  const startedAt = (await table.view()).startedAt(process.pid);
  if (startedAt === undefined) throw new BackendError("rejected", "this process can't find itself among the processes");
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  // Before the lock is linked, so that a lock whose socket refuses is one whose daemon is gone.
  const socket = await openLockSocket(stateFolder, random);
  const self: Holder = { pid: process.pid, startedAt, bootId: table.bootId, socket: socket.name };
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const highest = numbers(stateFolder).at(-1) ?? 0;
      if (highest > 0) await refuseHeld(readLock(lockPath(stateFolder, highest)), { stateFolder, table, self, clock });
      if (!take(stateFolder, highest + 1, self)) continue;
      const lock = heldLock({ folder: stateFolder, number: highest + 1, socket, bootId: table.bootId });
      if (socket.isThere()) {
        await clearLeftovers(stateFolder, self, clock);
        return lock;
      }
      // Another one that was clearing up met our socket in the moment before it listened.
      lock.release();
      break;
    }
    throw new BackendError("denied", `several daemons are starting in ${stateFolder} at the same time`);
  } catch (error) {
    socket.close();
    throw error;
  }
}

async function refuseHeld(
  lock: Holder | "released" | "unreadable",
  context: {
    readonly stateFolder: string;
    readonly table: ProcessTable;
    readonly self: Holder;
    readonly clock: Clock;
  },
): Promise<void> {
  const { stateFolder, table, self, clock } = context;
  if (lock === "released") return;
  if (lock === "unreadable") {
    // A damaged file must not keep a daemon from starting: whether another one lives is asked of every socket there is.
    for (const name of lockSocketsIn(stateFolder)) {
      if (name !== self.socket && (await isListening(stateFolder, name, clock))) throw inUse(stateFolder, "");
    }
    return;
  }
  if (lock.bootId !== table.bootId) return;
  const ourOwnNumber = lock.pid === self.pid && lock.startedAt === self.startedAt;
  const lives = !ourOwnNumber && isAlive(lock, table, await table.view());
  if (lives || (await isListening(stateFolder, lock.socket, clock))) {
    throw inUse(stateFolder, ` (process ${lock.pid})`);
  }
}

function inUse(stateFolder: string, who: string): BackendError {
  return new BackendError(
    "denied",
    `another daemon${who} uses the state folder ${stateFolder}: end it, or give this one its own`,
  );
}

function take(folder: string, number: number, self: Holder): boolean {
  const draft = draftPath(folder, self.socket);
  writeFileSync(draft, `${JSON.stringify(self)}\n`, { mode: 0o600 });
  try {
    linkSync(draft, lockPath(folder, number));
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  // The number may have been passed, and cleared away, between the look at the folder and the link.
  const taken = numbers(folder);
  if (taken.at(-1) !== number) {
    rmSync(lockPath(folder, number), { force: true });
    return false;
  }
  for (const older of taken.slice(0, -1)) removeQuietly(lockPath(folder, older));
  return true;
}

/** Sockets and drafts of daemons that were killed. */
async function clearLeftovers(folder: string, self: Holder, clock: Clock): Promise<void> {
  for (const name of lockSocketsIn(folder)) {
    if (name !== self.socket && !(await isListening(folder, name, clock))) removeQuietly(join(folder, name));
  }
  const sockets = new Set(lockSocketsIn(folder));
  for (const name of readdirSync(folder)) {
    const [, socket] = DRAFT.exec(name) ?? [];
    if (socket !== undefined && !sockets.has(socket)) removeQuietly(join(folder, name));
  }
}

function heldLock(held: {
  readonly folder: string;
  readonly number: number;
  readonly socket: LockSocket;
  readonly bootId: string;
}): StateLock {
  const { folder, number, socket, bootId } = held;
  let released = false;
  const release = (): void => {
    if (released) return;
    released = true;
    try {
      const draft = draftPath(folder, socket.name);
      writeFileSync(draft, RELEASED, { mode: 0o600 });
      renameSync(draft, lockPath(folder, number));
    } finally {
      socket.close();
    }
  };
  return { bootId, release, [Symbol.dispose]: release };
}

function lockPath(folder: string, number: number): string {
  return join(folder, `lock.${number}`);
}

function draftPath(folder: string, socket: string): string {
  return join(folder, `.${socket}`);
}

function numbers(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => Number(LOCK.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0)
    .sort((a, b) => a - b);
}

/** What can't be removed is in nobody's way. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // It is tried again at the next start.
  }
}

function readLock(path: string): Holder | "released" | "unreadable" {
  try {
    const text = readSmallFile(path, MAX_BYTES);
    if (text === RELEASED) return "released";
    const held: unknown = JSON.parse(text);
    return isHolder(held) ? held : "unreadable";
  } catch {
    return "unreadable";
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== "object" || value === null) return false;
  return (
    "pid" in value &&
    typeof value.pid === "number" &&
    "startedAt" in value &&
    typeof value.startedAt === "string" &&
    "bootId" in value &&
    typeof value.bootId === "string" &&
    "socket" in value &&
    typeof value.socket === "string" &&
    isLockSocketName(value.socket)
  );
}
