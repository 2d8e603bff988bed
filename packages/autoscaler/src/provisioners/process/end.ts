import { kill } from "node:process";
import type { Clock } from "@scaleset/client";
import { BackendError } from "../../ports/provisioner.js";
import { errnoOf } from "./failures.js";
import { MARK, type ProcessIdentity, type ProcessTable, sessionOf } from "./process-table.js";

/** Between two looks at whether the processes have ended: short at first, since most end at once. @unit milliseconds */
const LOOK_AGAIN_MS = [5, 10, 20, 50] as const;

/** A process that a SIGKILL did not end by then hangs in the kernel (a dead network disk): a person must look. */
const KILL_PATIENCE_MS = 10_000;

export interface EndOptions {
  readonly name: string;
  /** The leader of its session, where one was ever recorded. */
  readonly leader: ProcessIdentity | undefined;
  readonly graceMs: number;
  /** Whether to ask with SIGTERM first: asked a second time, some programs drop what they are at. */
  readonly ask: boolean;
  readonly signal: AbortSignal;
}

/** Ends every process of an instance: asked politely first, by force after the grace. Looks before each signal it sends. */
export async function endProcesses(table: ProcessTable, clock: Clock, options: EndOptions): Promise<void> {
  const { name, leader, graceMs, ask, signal } = options;
  const living = async (): Promise<number[]> => {
    const view = await table.view();
    const session = leader === undefined ? [] : sessionOf(leader, table, view);
    return [...new Set([...session, ...view.marked(`${MARK}=${name}`)])];
  };
  const asked = await living();
  if (asked.length === 0) return;
  if (ask) for (const pid of asked) send(pid, "SIGTERM");
  if (await ended(living, clock, graceMs, signal)) return;
  const forceUntil = clock.monotonic() + KILL_PATIENCE_MS;
  while (clock.monotonic() < forceUntil) {
    const left = await living();
    if (left.length === 0) return;
    const refused = left.filter((pid) => !send(pid, "SIGKILL"));
    if (refused.length > 0) {
      throw new BackendError(
        "denied",
        `process ${refused.join(", ")} of ${name} belongs to another user: end it by hand`,
      );
    }
    await clock.sleep(LOOK_AGAIN_MS[1], { signal });
  }
  throw new BackendError("transient", `a process of ${name} does not end, even by SIGKILL`);
}

async function ended(
  living: () => Promise<number[]>,
  clock: Clock,
  graceMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const end = clock.monotonic() + graceMs;
  for (let look = 0; ; look += 1) {
    if ((await living()).length === 0) return true;
    const left = end - clock.monotonic();
    if (left <= 0) return false;
    await clock.sleep(Math.min(left, LOOK_AGAIN_MS[look] ?? 50), { signal });
  }
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
