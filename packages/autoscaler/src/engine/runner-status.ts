import type { Fleet } from "../core/fleet.js";
import type { Belief, CommandType, Phase, Runner } from "../core/model.js";

/**
 * What a runner does, as far as one can tell; the service tells nobody when a runner comes online, so this is a word for
 * a page and nothing is decided by it.
 *
 * - `starting`: launched, not for so long that it must be online, and the service does not count it yet;
 * - `idle`: started, and no job is known of; `busy`: a message named its job;
 * - `unknown`: found running, or the service said that it works;
 * - `ending`: its job is done, or it is being removed.
 */
export type RunnerActivity = "starting" | "idle" | "busy" | "unknown" | "ending";

export type RunnerCounts = Readonly<Record<RunnerActivity, number>>;

/** One runner. Ages are in milliseconds. */
export interface RunnerStatus {
  readonly name: string;
  readonly activity: RunnerActivity;
  /** The fact behind it. */
  readonly phase: Phase;
  readonly belief: Belief["kind"];
  readonly jobId?: string | undefined;
  /** Since the job began, as far as is known. */
  readonly jobAgeMs?: number | undefined;
  /** Since its launch, or since it was adopted. */
  readonly ageMs: number;
  /** Since its phase began. */
  readonly phaseAgeMs: number;
  /** The step under way. */
  readonly pending?: CommandType | undefined;
  /** Failed attempts of what its phase is waiting for. */
  readonly attempts: number;
  readonly exitCode?: number | undefined;
  /** Found when the daemon started or took over, not launched by it. */
  readonly adopted: boolean;
  /** Made from a spec that is configured no more. */
  readonly oldSpec: boolean;
}

/** More than anybody reads of one scale set; it keeps a snapshot bounded. */
const MOST_LISTED = 1_000;

export function runnersOf(
  fleet: Fleet,
  now: number,
): { readonly list: RunnerStatus[]; readonly omitted: number; readonly counts: RunnerCounts } {
  const counts = { starting: 0, idle: 0, busy: 0, unknown: 0, ending: 0 };
  const list: RunnerStatus[] = [];
  const onlineSince = allOnlineSince(fleet, now);
  for (const runner of fleet.roster.all()) {
    const activity = activityOf(runner, now, fleet.traits.bootDeadlineMs, onlineSince);
    counts[activity] += 1;
    if (list.length < MOST_LISTED) list.push(statusOf(runner, activity, now, fleet.traits.spec));
  }
  return { list, omitted: fleet.roster.size - list.length, counts };
}

/** Whoever was started by then is online: the newest reading has as many idle as there are that may be. */
function allOnlineSince(fleet: Fleet, now: number): number {
  const reading = fleet.reading(now);
  if (reading === undefined) return Number.NEGATIVE_INFINITY;
  let without = 0;
  for (const { phase, belief, startedAt, mayBeRegistered } of fleet.roster.all()) {
    const going = (phase === "retiring" || phase === "abandoned") && mayBeRegistered;
    const started = phase === "started" && belief.kind !== "job" && (startedAt ?? now) < reading.asOf;
    if (going || started) without += 1;
  }
  return reading.idle - fleet.foreign.count >= without ? reading.asOf : Number.NEGATIVE_INFINITY;
}

function activityOf(
  { phase, belief, startedAt = Number.POSITIVE_INFINITY }: Runner,
  now: number,
  bootDeadlineMs: number,
  onlineSince: number,
): RunnerActivity {
  switch (phase) {
    case "creating":
    case "created":
    case "registered":
      return "starting";
    case "started":
      if (belief.kind === "job") return "busy";
      if (belief.kind === "unknown") return "unknown";
      return now < startedAt + bootDeadlineMs && startedAt >= onlineSince ? "starting" : "idle";
    default:
      return "ending";
  }
}

function statusOf(runner: Runner, activity: RunnerActivity, now: number, spec: string): RunnerStatus {
  const { belief, jobSince } = runner;
  const job = belief.kind === "job";
  return {
    name: runner.name,
    activity,
    phase: runner.phase,
    belief: belief.kind,
    jobId: job ? belief.jobId : undefined,
    jobAgeMs: job && jobSince !== undefined ? Math.round(now - jobSince) : undefined,
    ageMs: Math.round(now - runner.launchedAt),
    phaseAgeMs: Math.round(now - runner.since),
    pending: runner.pending,
    attempts: runner.attempts,
    exitCode: runner.exit?.code,
    adopted: runner.adopted,
    oldSpec: runner.spec !== spec && !runner.foreignSchema,
  };
}
