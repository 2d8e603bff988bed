import { watch } from "node:fs";
import type { Clock, JournalEntry, Random } from "@scaleset/simulator";
import type { Stage } from "./stage.js";

/** When a daemon is killed. */
export type Moment =
  /** So long after its start. */
  | { readonly kind: "time"; readonly afterMs: number }
  /** While the service has its n-th call of this name since its start, and before the answer is out. */
  | { readonly kind: "call"; readonly call: string; readonly nth: number }
  /** When something has changed in the folder of its instances for the n-th time since its start. */
  | { readonly kind: "instances"; readonly nth: number };

/** A moment that does not come in this time is passed over: the daemon is killed as it is. */
const LONGEST_WAIT_MS = 6_000;
const LONGEST_TIME_MS = 4_000;

/** The daemon's own calls that change something, and its poll. */
const CALLS = [
  "open-session",
  "get-message",
  "acknowledge-message",
  "generate-jit-config",
  "generate-jit-config",
  "remove-runner",
  "remove-runner",
  "list-runners",
];

export function chooseMoment(random: Random): Moment {
  const roll = random();
  if (roll < 0.3) return { kind: "time", afterMs: Math.floor(random() * LONGEST_TIME_MS) };
  const nth = 1 + Math.floor(random() * 5);
  if (roll < 0.75) return { kind: "call", call: CALLS[Math.floor(random() * CALLS.length)] ?? "get-message", nth };
  return { kind: "instances", nth: 1 + Math.floor(random() * 12) };
}

export function nameOf(moment: Moment): string {
  return moment.kind === "call" ? moment.call : moment.kind;
}

/**
 * Calls `strike` at the moment, in the very turn in which it is seen, once. Resolves then: with true, or with false when
 * the moment did not come in time.
 */
export async function strikeAt(
  moment: Moment,
  { simulator, instancesFolder }: Stage,
  { clock, strike }: { readonly clock: Clock; readonly strike: () => void },
): Promise<boolean> {
  if (moment.kind === "time") {
    await clock.sleep(moment.afterMs);
    strike();
    return true;
  }
  using limit = clock.deadline(LONGEST_WAIT_MS);
  let left = moment.nth;
  let came = false;
  return await new Promise<boolean>((resolve) => {
    const end = (): void => {
      if (came) return;
      came = true;
      stop();
      strike();
      resolve(!limit.signal.aborted);
    };
    const count = (): void => {
      left -= 1;
      if (left === 0) end();
    };
    const stop =
      moment.kind === "call"
        ? simulator.journal.subscribe((entry) => {
            if (isCall(entry, moment.call)) count();
          })
        : closing(watch(instancesFolder, count));
    limit.signal.addEventListener("abort", end, { once: true });
  });
}

function isCall({ subject, call }: JournalEntry, name: string): boolean {
  return subject === "request" && call === name;
}

function closing(watcher: { close(): void }): () => void {
  return () => watcher.close();
}
