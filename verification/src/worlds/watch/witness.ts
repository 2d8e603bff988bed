import type { Lease } from "./lease.js";
import type { RunnerFact } from "./registrations.js";

const MINUTE_MS = 60_000;
/** Clocks of daemons run up to half a percent fast; answers travel. */
const RATE = 0.994;
const AFTER_MS = 30 * MINUTE_MS;
const AFTER_NAMED_MS = 6 * 60 * MINUTE_MS;
const LOOK_UPS = 3;
const NEWEST_MS = 2 * MINUTE_MS + 5_000;
const BETWEEN_MS = 60_000;
/** Where no exit is seen. */
const COMPLETED_MS = MINUTE_MS;
/** A reading is sent so long after it is asked for: it waits for its pace. @unit milliseconds */
const SENT_MS = 500;

/**
 * The witness rule (lifecycle.md §2), as the ports show it: why it was not followed, or undefined where it was. One 404
 * is a rumor; what ends a live process is a row of them and two readings that need no further worker.
 */
export function followed(options: {
  readonly lease: Lease;
  readonly runner: RunnerFact;
  readonly nowMs: number;
  readonly observesExit: boolean;
}): string | undefined {
  const { lease, runner, nowMs, observesExit } = options;
  const absent = lease.absent.get(runner.name);
  if (absent === undefined) return "no look-up answered that it is unknown";
  if (lease.state !== "held") return "without a session";
  if (runner.orphaned) {
    const within = absent.count >= 2 && absent.lastMs - absent.firstMs >= BETWEEN_MS * RATE;
    return within ? undefined : "an orphan needs two look-ups 60 s apart";
  }
  const completedMs = lease.completedAtMs.get(runner.name);
  if (!observesExit && completedMs !== undefined) {
    if (nowMs - completedMs < COMPLETED_MS * RATE) return "its completion is less than a minute old";
    return readingsAfter(lease, runner, completedMs).length >= 1 ? undefined : "no reading since its completion agrees";
  }
  const afterMs = lease.named.has(runner.name) ? AFTER_NAMED_MS : AFTER_MS;
  const rowMs = nowMs - absent.firstMs;
  if (rowMs < afterMs * RATE) return `unknown to the service for ${seconds(rowMs)} s, of ${seconds(afterMs)} s`;
  if (absent.count < LOOK_UPS) return `${absent.count} look-ups, of ${LOOK_UPS}`;
  if (nowMs - absent.lastMs > NEWEST_MS) return `the newest look-up is ${seconds(nowMs - absent.lastMs)} s old`;
  const agreeing = readingsAfter(lease, runner, absent.firstMs + afterMs * RATE);
  const [first] = agreeing;
  const last = agreeing.at(-1);
  if (first === undefined || last === undefined || last.sentMs - first.sentMs < BETWEEN_MS * RATE - SENT_MS) {
    return "no two readings 60 s apart, asked for after the look-ups, count only others at work";
  }
  return undefined;
}

/** Asked readings since then that count no more running jobs than other runners that work, up to the newest. */
function readingsAfter(lease: Lease, { name }: RunnerFact, fromMs: number): Lease["readings"] {
  return lease.readings.filter(({ sentMs, running, working }) => {
    return sentMs >= fromMs && running <= working.size - (working.has(name) ? 1 : 0);
  });
}

function seconds(ms: number): number {
  return Math.round(ms / 1_000);
}
