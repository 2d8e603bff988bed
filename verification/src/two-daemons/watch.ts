import type { Clock } from "@scaleset/simulator";
import type { Stage } from "./stage.js";

const LOOK_MS = 50;

/** What was seen at one moment on both machines and at the service. */
export interface Moment {
  /** Owner of the open session. */
  readonly holder: string | undefined;
  readonly sessionId: string | undefined;
  /** Runners that are online. */
  readonly online: number;
  /** Instances of each machine, by name. */
  readonly instances: readonly [ReadonlySet<string>, ReadonlySet<string>];
}

export function look({ simulator, machines }: Stage): Moment {
  const [set] = simulator.state().scaleSets;
  const [first, second] = machines;
  return {
    holder: set?.session?.ownerName,
    sessionId: set?.session?.sessionId,
    online: simulator.state().runners.filter(({ state }) => state !== "offline").length,
    instances: [new Set(first.instances()), new Set(second.instances())],
  };
}

/** Waits until something holds. False when it did not in time. */
export async function waitFor(clock: Clock, holds: () => boolean, limitMs: number): Promise<boolean> {
  const until = clock.monotonic() + limitMs;
  while (!holds()) {
    if (clock.monotonic() > until) return false;
    await clock.sleep(LOOK_MS);
  }
  return true;
}

/** What was counted while it watched. */
export interface Counted {
  /** Most runners online at one moment. */
  mostOnline: number;
  /** Instances that the first machine made while the second held the session. */
  madeWithoutSession: number;
}

/** Counts over the whole case, from now until the signal aborts. */
export async function watchCase(stage: Stage, clock: Clock, signal: AbortSignal, counted: Counted): Promise<void> {
  let before: Moment | undefined;
  const [, second] = stage.machines;
  while (!signal.aborted) {
    const now = look(stage);
    counted.mostOnline = Math.max(counted.mostOnline, now.online);
    // Both looks must see the second as holder: one that was made just before it took over does not count.
    if (before?.holder === second.owner && now.holder === second.owner) {
      for (const name of now.instances[0]) if (!before.instances[0].has(name)) counted.madeWithoutSession += 1;
    }
    before = now;
    await clock.sleep(LOOK_MS, { signal }).catch(() => {});
  }
}
