import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { BackendError } from "../../ports/provisioner.js";
import { errnoOf } from "./failures.js";
import { isAlive, openProcessTable, type ProcessIdentity, type ProcessTable } from "./process-table.js";

/** `lock.N`: who had the folder N-th. The highest counts. */
const LOCK = /^lock\.(\d+)$/;

/** Tries before giving up: each one lost means that another daemon is starting at this very moment. */
const ATTEMPTS = 10;

export interface StateLock extends Disposable {
  /** Gives the folder up. Idempotent. */
  release(): void;
}

/**
 * Makes this process the one daemon of a state folder. A lock whose daemon died holds nobody up: it names that very
 * process (number, start time, boot), so neither its number reused nor a reboot makes it look alive.
 *
 * Locks are numbered. Taking one over makes the next number by a hard link, which only one can; the highest is never
 * removed, only marked as given up; so nobody can take a number that somebody else has passed already.
 *
 * @throws {BackendError} `denied` while another daemon has it; `rejected` on a system without process start times
 */
export async function lockStateFolder(stateFolder: string): Promise<StateLock> {
  const table = await openProcessTable();
  const startedAt = (await table.view()).startedAt(process.pid);
  if (startedAt === undefined) throw new BackendError("rejected", "this process can't find itself among the processes");
  const self: ProcessIdentity = { pid: process.pid, startedAt, bootId: table.bootId };
  mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const highest = numbers(stateFolder).at(-1) ?? 0;
    const holder = highest === 0 ? undefined : readHolder(lockPath(stateFolder, highest));
    if (holder !== undefined) await refuseLiving(holder, table, stateFolder);
    if (take(stateFolder, highest + 1, self)) return heldLock(stateFolder, highest + 1);
  }
  throw new BackendError("denied", `several daemons are starting in ${stateFolder} at the same time`);
}

async function refuseLiving(holder: ProcessIdentity, table: ProcessTable, stateFolder: string): Promise<void> {
  if (!isAlive(holder, table, await table.view())) return;
  throw new BackendError(
    "denied",
    `another daemon (process ${holder.pid}) uses the state folder ${stateFolder}: end it, or give this one its own`,
  );
}

function take(folder: string, number: number, self: ProcessIdentity): boolean {
  const draft = join(folder, `.lock-${self.pid}-${number}`);
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
  for (const older of taken.slice(0, -1)) rmSync(lockPath(folder, older), { force: true });
  return true;
}

function heldLock(folder: string, number: number): StateLock {
  let held = true;
  const release = (): void => {
    if (!held) return;
    held = false;
    const draft = join(folder, `.lock-${process.pid}-${number}`);
    writeFileSync(draft, "released\n", { mode: 0o600 });
    renameSync(draft, lockPath(folder, number));
  };
  return { release, [Symbol.dispose]: release };
}

function lockPath(folder: string, number: number): string {
  return join(folder, `lock.${number}`);
}

function numbers(folder: string): number[] {
  return readdirSync(folder)
    .map((name) => Number(LOCK.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0)
    .sort((a, b) => a - b);
}

/** Undefined when it was released, or passed on and removed since we listed it. */
function readHolder(path: string): ProcessIdentity | undefined {
  try {
    const held: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isIdentity(held) ? held : undefined;
  } catch {
    return undefined;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== "object" || value === null) return false;
  return (
    "pid" in value &&
    typeof value.pid === "number" &&
    "startedAt" in value &&
    typeof value.startedAt === "string" &&
    "bootId" in value &&
    typeof value.bootId === "string"
  );
}
