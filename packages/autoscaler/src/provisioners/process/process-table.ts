import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { platform } from "node:process";
import { BackendError } from "../../ports/provisioner.js";

/** Which process it is, beyond its number, which the system gives to another one sooner or later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in words of the system that are equal for the same process only. */
  readonly startedAt: string;
  /** Since when the machine runs: processes do not outlive it. */
  readonly bootId: string;
}

/** The processes of this machine as they are at one moment (Linux: at the moment of each question). */
export interface ProcessView {
  /** When that process began; undefined when there is none, or it is dead and only waits to be collected (a zombie). */
  startedAt(pid: number): string | undefined;
  /** Living processes of the session that this process leads or led. */
  inSession(leader: number): number[];
  /** Living processes whose environment began with this entry, wherever they moved to. Empty where that can't be seen. */
  marked(entry: string): number[];
}

export interface ProcessTable {
  readonly bootId: string;
  view(): Promise<ProcessView>;
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
export function sessionOf(identity: ProcessIdentity, table: ProcessTable, view: ProcessView): number[] {
  if (identity.bootId !== table.bootId) return [];
  const now = view.startedAt(identity.pid);
  return now === undefined || now === identity.startedAt ? view.inSession(identity.pid) : [];
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
  const readStat = (pid: number): Stat | undefined => {
    const line = readIfThere(`/proc/${pid}/stat`);
    const stat = line === undefined ? undefined : parseStat(line);
    return stat === undefined || stat.state === "Z" || stat.state === "X" ? undefined : stat;
  };
  const pids = (): number[] =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  const view: ProcessView = {
    startedAt: (pid) => readStat(pid)?.startedAt,
    inSession: (leader) => pids().filter((pid) => readStat(pid)?.session === leader),
    marked: (entry) =>
      pids().filter((pid) => {
        const environment = readIfThere(`/proc/${pid}/environ`);
        return environment?.split("\0").includes(entry) === true && readStat(pid) !== undefined;
      }),
  };
  return {
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    view: async () => view,
  };
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
  return {
    bootId,
    view: async () => darwinView(await run("/bin/ps", ["-A", "-o", "pid=,ppid=,pgid=,stat=,lstart="])),
  };
}

/** macOS does not show sessions: a process counts when it is of the leader's group, or descends from the leader. */
export function darwinView(listing: string): ProcessView {
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
