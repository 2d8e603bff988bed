import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { platform } from "node:process";
import { scheduler } from "node:timers/promises";
import { BackendError } from "@scaleset/provisioner";
import { coalesce } from "./coalesce.js";

/** Which process it is, beyond its number, which the system gives to another one sooner or later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in words of the system that are equal for the same process only. */
  readonly startedAt: string;
  /** Since when the machine runs: processes do not outlive it. */
  readonly bootId: string;
}

/** Single processes of this machine as they are at one moment (Linux: at the moment of each question). Costs little. */
export interface ProcessView {
  /** When that process began; undefined when there is none, or it is dead and only waits to be collected (a zombie). */
  startedAt(pid: number): string | undefined;
}

/** All processes of this machine, as they were after it was asked for. Costs as much as there are processes. */
export interface ProcessScan extends ProcessView {
  /** Living processes of the session that this process leads or led. */
  inSession(leader: number): readonly number[];
  /** Living processes that bear the mark of this instance, wherever they moved to. Empty where that can't be seen. */
  marked(instance: string): readonly number[];
}

export interface ProcessTable {
  readonly bootId: string;
  view(): Promise<ProcessView>;
  /** One scan serves all who ask at the same time. */
  scan(): Promise<ProcessScan>;
}

/** The variable that marks every process of an instance, also one that left its session. */
export const MARK = "SCALESET_INSTANCE";

export async function openProcessTable(): Promise<ProcessTable> {
  if (platform === "linux") return linuxTable();
  if (platform === "darwin") return await darwinTable();
  throw new BackendError("rejected", `the process provisioner runs on Linux and macOS, not on ${platform}`);
}

/** Whether that very process lives: not one that got its number later. */
export function isAlive(identity: ProcessIdentity, table: ProcessTable, view: ProcessView): boolean {
  return identity.bootId === table.bootId && view.startedAt(identity.pid) === identity.startedAt;
}

/**
 * Living processes of the session led by this process, also when the leader is dead. A number in use as a session's is
 * not given to a new process; so where another process has the leader's number, that session is empty.
 */
export function sessionOf(identity: ProcessIdentity, table: ProcessTable, scan: ProcessScan): readonly number[] {
  if (identity.bootId !== table.bootId) return [];
  const now = scan.startedAt(identity.pid);
  return now === undefined || now === identity.startedAt ? scan.inSession(identity.pid) : [];
}

interface Stat {
  readonly state: string;
  readonly session: number;
  readonly startedAt: string;
}

/** A line of `/proc/PID/stat`. The second field is a name that may hold spaces and parentheses: fields count from its end. */
export function parseStat(line: string): Stat | undefined {
  const fields = line
    .slice(line.lastIndexOf(")") + 1)
    .trim()
    .split(/\s+/);
  const [state, , , session] = fields;
  const startedAt = fields[19];
  if (state === undefined || session === undefined || startedAt === undefined) return undefined;
  return { state, session: Number(session), startedAt };
}

function linuxTable(): ProcessTable {
  const view: ProcessView = { startedAt: (pid) => readStat(pid)?.startedAt };
  return {
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    view: async () => view,
    scan: coalesce(linuxScanner()),
  };
}

/** Processes read without letting anybody else have a turn: some two milliseconds. */
const READ_IN_ONE_TURN = 64;

/** What is known of a process's mark; it costs more to read than all else. */
interface Mark {
  readonly startedAt: string;
  readonly instance: string | undefined;
}

/** Hundredths of a second after which a process without a mark gets none: only a shim does, as it begins. */
const SETTLED_TICKS = 500;

/** Reads the mark of each process once; of one that has none again, as long as it is young. */
function linuxScanner(): () => Promise<ProcessScan> {
  let known: ReadonlyMap<number, Mark> = new Map();
  let newest = 0;
  return async () => {
    const seen = new Map<number, Mark>();
    const scan = await scanLinux(known, seen);
    // Before this scan's newest process began, by the system's own count.
    newest = Math.max(newest, ...[...seen.values()].map((mark) => Number(mark.startedAt)));
    for (const [pid, { startedAt, instance }] of seen)
      if (instance === undefined && Number(startedAt) > newest - SETTLED_TICKS) seen.delete(pid);
    known = seen;
    return scan;
  };
}

async function scanLinux(known: ReadonlyMap<number, Mark>, seen: Map<number, Mark>): Promise<ProcessScan> {
  const started = new Map<number, string>();
  const sessions = new Map<number, number[]>();
  const marks = new Map<string, number[]>();
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  for (const [index, name] of pids.entries()) {
    if (index % READ_IN_ONE_TURN === READ_IN_ONE_TURN - 1) await scheduler.yield();
    const pid = Number(name);
    const stat = readStat(pid);
    if (stat === undefined) continue;
    const { startedAt } = stat;
    started.set(pid, startedAt);
    append(sessions, stat.session, pid);
    const before = known.get(pid);
    const instance = before?.startedAt === startedAt ? before.instance : readMark(pid);
    seen.set(pid, { startedAt, instance });
    if (instance !== undefined) append(marks, instance, pid);
  }
  return {
    startedAt: (pid) => started.get(pid),
    inSession: (leader) => sessions.get(leader) ?? [],
    marked: (instance) => marks.get(instance) ?? [],
  };
}

function readStat(pid: number): Stat | undefined {
  const line = readIfThere(`/proc/${pid}/stat`);
  const stat = line === undefined ? undefined : parseStat(line);
  return stat === undefined || stat.state === "Z" || stat.state === "X" ? undefined : stat;
}

/** Which instance a process bears the mark of, in the environment that it began with. */
function readMark(pid: number): string | undefined {
  const environment = `\0${readIfThere(`/proc/${pid}/environ`) ?? ""}`;
  const at = environment.indexOf(`\0${MARK}=`);
  if (at < 0) return undefined;
  const start = at + MARK.length + 2;
  const end = environment.indexOf("\0", start);
  return environment.slice(start, end < 0 ? undefined : end);
}

function append<Key>(lists: Map<Key, number[]>, key: Key, pid: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [pid]);
  else list.push(pid);
}

/** Undefined for a process that has ended, and for one of somebody else. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

async function darwinTable(): Promise<ProcessTable> {
  const bootId = (await run("/usr/sbin/sysctl", ["-n", "kern.bootsessionuuid"])).trim();
  const scan = coalesce(async () => darwinScan(await run("/bin/ps", ["-A", "-o", "pid=,ppid=,pgid=,stat=,lstart="])));
  return { bootId, view: scan, scan };
}

/** macOS does not show sessions: a process counts when it is of the leader's group, or descends from the leader. */
export function darwinScan(listing: string): ProcessScan {
  const rows = new Map<number, { parent: number; group: number; startedAt: string }>();
  for (const line of listing.split("\n")) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line);
    if (match === null) continue;
    const [, pid, parent, group, state, startedAt] = match;
    if (startedAt === undefined || state?.startsWith("Z") === true) continue;
    rows.set(Number(pid), { parent: Number(parent), group: Number(group), startedAt });
  }
  const descends = (pid: number, leader: number): boolean => {
    const seen = new Set<number>();
    for (let at = pid; at > 1 && !seen.has(at); at = rows.get(at)?.parent ?? 0) {
      if (at === leader) return true;
      seen.add(at);
    }
    return false;
  };
  return {
    startedAt: (pid) => rows.get(pid)?.startedAt,
    inSession: (leader) =>
      [...rows].filter(([pid, row]) => row.group === leader || descends(pid, leader)).map(([pid]) => pid),
    marked: () => [],
  };
}

function run(program: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { LC_ALL: "C", TZ: "UTC" };
    execFile(program, args, { encoding: "utf8", timeout: 10_000, env, maxBuffer: 16_777_216 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
  });
}
