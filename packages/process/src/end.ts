import { kill } from "node:process";
import type { Clock } from "@scaleset/provisioner";
import { BackendError } from "@scaleset/provisioner";
import { errnoOf } from "./failures.js";
import { type ProcessIdentity, type ProcessTable, sessionOf } from "./process-table.js";

/** Between two looks at whether the processes have ended: short at first, since most end at once. @unit milliseconds */
const LOOK_AGAIN_MS = [5, 10, 20, 50] as const;

/** A process that a SIGKILL did not end by then hangs in the kernel (a dead network disk): a person must look. */
const KILL_PATIENCE_MS = 10_000;

/** What was killed may have started something just before. @unit milliseconds */
const KILL_AGAIN_MS = 1_000;

export interface EndOptions {
  readonly name: string;
  /** The leader of its session, where one was ever recorded. */
  readonly leader: ProcessIdentity | undefined;
  readonly graceMs: number;
  /** Whether to ask with SIGTERM first: asked a second time, some programs drop what they are at. */
  readonly ask: boolean;
  readonly signal: AbortSignal;
}

/** Each process by its number, and when it began. */
type Processes = ReadonlyMap<number, string>;

/**
 * Ends every process of an instance: asked politely first, by force after the grace. While those that were found end,
 * only they are looked at; that nothing else came after them is seen by another look at all there is.
 */
export async function endProcesses(table: ProcessTable, clock: Clock, options: EndOptions): Promise<void> {
  const { name, graceMs, ask, signal } = options;
  let left = await membersOf(table, options);
  if (left.size === 0) return;
  if (ask) await sendAll(table, left, "SIGTERM");
  const graceUntil = clock.monotonic() + graceMs;
  while (await outlived(table, left, clock, graceUntil, signal)) {
    left = await membersOf(table, options);
    if (left.size === 0) return;
  }
  const forceUntil = clock.monotonic() + KILL_PATIENCE_MS;
  for (;;) {
    left = await membersOf(table, options);
    if (left.size === 0) return;
    if (clock.monotonic() > forceUntil) break;
    const refused = await sendAll(table, left, "SIGKILL");
    if (refused.length > 0) {
      throw new BackendError(
        "denied",
        `process ${refused.join(", ")} of ${name} belongs to another user: end it by hand`,
      );
    }
    await outlived(table, left, clock, Math.min(forceUntil, clock.monotonic() + KILL_AGAIN_MS), signal);
  }
  throw new BackendError("transient", `a process of ${name} does not end, even by SIGKILL`);
}

/** The living processes of the instance: its session, and whatever bears its mark. */
async function membersOf(table: ProcessTable, { name, leader }: EndOptions): Promise<Processes> {
  const scan = await table.scan();
  const members = new Map<number, string>();
  for (const pid of [...(leader === undefined ? [] : sessionOf(leader, table, scan)), ...scan.marked(name)]) {
    const startedAt = scan.startedAt(pid);
    if (startedAt !== undefined) members.set(pid, startedAt);
  }
  return members;
}

/** True as soon as none of them lives any more; false when some still do by then. */
async function outlived(
  table: ProcessTable,
  processes: Processes,
  clock: Clock,
  until: number,
  signal: AbortSignal,
): Promise<boolean> {
  for (let look = 0; ; look += 1) {
    const view = await table.view();
    if ([...processes].every(([pid, startedAt]) => view.startedAt(pid) !== startedAt)) return true;
    const left = until - clock.monotonic();
    if (left <= 0) return false;
    await clock.sleep(Math.min(left, LOOK_AGAIN_MS[look] ?? 50), { signal });
  }
}

/** The numbers of those that we lack the right to end. Looks at each once more: a number may be another's by now. */
async function sendAll(table: ProcessTable, processes: Processes, signal: "SIGTERM" | "SIGKILL"): Promise<number[]> {
  const view = await table.view();
  return [...processes]
    .filter(([pid, startedAt]) => view.startedAt(pid) === startedAt && !send(pid, signal))
    .map(([pid]) => pid);
}

/** False when we lack the right; one that has ended meanwhile needs no signal. */
function send(pid: number, signal: "SIGTERM" | "SIGKILL"): boolean {
  try {
    kill(pid, signal);
    return true;
  } catch (error) {
    return errnoOf(error) !== "EPERM";
  }
}
