import { demandOf } from "../core/demand.js";
import type { Fleet } from "../core/fleet.js";
import { byPhase, type Phase, type Statistics } from "../core/model.js";
import { holds } from "../core/rights.js";

/** One scale set as it is now; every page, log line and test reads this. */
export interface ScaleSetStatus {
  readonly name: string;
  /**
   * - `starting`: no session yet; `standby`: somebody else holds it;
   * - `holding`: it launches, retires and destroys;
   * - `recovering`: it holds the session and may not act just now;
   * - `stopped`: its worker has ended.
   */
  readonly state: "starting" | "standby" | "holding" | "recovering" | "stopped";
  /** What the service last said. `ageMs`: how long ago. */
  readonly reading: (Statistics & { readonly ageMs: number }) | undefined;
  readonly target: number;
  readonly runners: Readonly<Record<Phase, number>>;
  /** Every instance not gone, and launches under way. */
  readonly live: number;
  /** Most that were live at once since the daemon started. */
  readonly maxLive: number;
  readonly totals: Readonly<Fleet["totals"]>;
  /** When it last decided (milliseconds since the epoch), and why things are as they are. */
  readonly lastDecision: { readonly at: number; readonly reasons: readonly string[] } | undefined;
  /** What a person should know of, in words. Empty when all is well. */
  readonly problems: readonly string[];
}

export function statusOf(
  fleet: Fleet,
  worker: {
    readonly name: string;
    /** Monotonic milliseconds. */
    readonly now: number;
    readonly lastDecision: ScaleSetStatus["lastDecision"];
    readonly stopped: boolean;
    readonly problems: readonly string[];
  },
): ScaleSetStatus {
  const { now } = worker;
  const reading = fleet.reading(now);
  const paused = now < fleet.launchPause.until ? [`launches are paused: ${fleet.launchPause.reason}`] : [];
  return {
    name: worker.name,
    state: worker.stopped ? "stopped" : stateOf(fleet, now),
    reading: reading && {
      assigned: reading.assigned,
      running: reading.running,
      registered: reading.registered,
      busy: reading.busy,
      idle: reading.idle,
      ageMs: now - reading.asOf,
    },
    target: demandOf(fleet, now).target,
    runners: byPhase((phase) => fleet.roster.count(phase)),
    live: fleet.occupying,
    maxLive: fleet.totals.maxLive,
    totals: { ...fleet.totals },
    lastDecision: worker.lastDecision,
    problems: [...worker.problems, ...paused],
  };
}

function stateOf(fleet: Fleet, now: number): ScaleSetStatus["state"] {
  if (fleet.session.state === "none") return "starting";
  if (fleet.session.state === "standby") return "standby";
  return holds(fleet, now) ? "holding" : "recovering";
}
