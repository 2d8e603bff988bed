import { CALL_NEEDS_MS, defaultTimings, type Timings } from "../core/settings.js";
import type { Path } from "./issue.js";
import { isMapping, valueAt } from "./source.js";

type TimingName = keyof Timings;

/** Two waiting times of which one bounds the other. */
interface Order {
  readonly lower: TimingName;
  readonly upper: TimingName;
  /** The bound itself is too long already. */
  readonly below?: boolean;
  /** How often the lower one must fit into the upper. @default 1 */
  readonly times?: number;
  /** What happens otherwise. */
  readonly why: string;
}

const orders: readonly Order[] = [
  { lower: "retryMinMs", upper: "retryMaxMs", why: "the first pause would be longer than the longest" },
  { lower: "breakerMinMs", upper: "breakerMaxMs", why: "the first pause would be longer than the longest" },
  { lower: "asideTrialMinMs", upper: "asideTrialMaxMs", why: "the first pause would be longer than the longest" },
  { lower: "askedReadingMinMs", upper: "askedReadingMaxMs", why: "there would be no moment between the two" },
  {
    lower: "askedReadingGapMs",
    upper: "askedReadingMinMs",
    why: "statistics would be asked for less often than the newest may be old",
  },
  {
    lower: "destroyGraceMs",
    upper: "provisionerStepDeadlineMs",
    below: true,
    why: "each destruction would be cut off before it may end the runner by force",
  },
  { lower: "exitRecheckMs", upper: "verdictMs", below: true, why: "the second answer would come after the verdict" },
  { lower: "standbyIdleMs", upper: "standbyUnnamedMs", why: "less would be known, and less time would pass" },
  { lower: "witnessMs", upper: "witnessNamedMs", why: "a runner with a job would be ended sooner than one without" },
  {
    lower: "lookUpMs",
    upper: "witnessMs",
    times: 3,
    why: "three look-ups would not fit in, and no runner that the service does not know would ever be ended",
  },
  {
    lower: "lookUpConfirmMs",
    upper: "witnessFreshMs",
    below: true,
    why: "the newest 404 would always be too old, and no runner that the service does not know would ever be ended",
  },
];

/** Below this a call to the service, which needs 15 s of the lease, has no time to be sent after a refresh. @unit milliseconds */
const LEASE_MIN_MS = CALL_NEEDS_MS + 5_000;
/** The service gives a silent daemon's session to another one after about a minute. @unit milliseconds */
const LEASE_MAX_MS = defaultTimings.leaseMs;

interface TimingIssue {
  readonly path: Path;
  readonly problem: string;
  readonly remedy: string;
}

/** Waiting times that contradict each other: of the process first, then of each scale set that has its own. */
export function timingIssues(raw: unknown): TimingIssue[] {
  const common = numbersAt(raw, ["timings"]);
  const base = { ...defaultTimings, ...common };
  const sets = valueAt(raw, ["scaleSets"]);
  return [
    ...issuesOf(base, common, ["timings"]),
    ...(Array.isArray(sets) ? sets : []).flatMap((_set, index) => {
      const path = ["scaleSets", index, "timings"];
      const own = numbersAt(raw, path);
      return issuesOf({ ...base, ...own }, own, path);
    }),
  ];
}

/** @param written those of this place: others are reported where they were written */
function issuesOf(timings: Timings, written: Partial<Timings>, path: Path): TimingIssue[] {
  const contradictions = orders.flatMap((order) => {
    const { lower, upper, times = 1, below = false, why } = order;
    const [low, high] = [timings[lower] * times, timings[upper]];
    const name = written[lower] !== undefined ? lower : upper;
    if (written[name] === undefined || (below ? low < high : low <= high)) return [];
    const factor = times === 1 ? "" : `${times} × `;
    const problem = `${factor}${lower} (${timings[lower]}) must ${below ? "be below" : "not be above"} ${upper} (${high}): ${why}`;
    return [{ path: [...path, name], problem, remedy: `lower ${lower} or raise ${upper}` }];
  });
  return [...leaseIssues(written.leaseMs, path), ...contradictions];
}

function leaseIssues(leaseMs: number | undefined, path: Path): TimingIssue[] {
  if (leaseMs === undefined || (leaseMs >= LEASE_MIN_MS && leaseMs <= LEASE_MAX_MS)) return [];
  const why =
    leaseMs < LEASE_MIN_MS
      ? `a call to the service needs ${CALL_NEEDS_MS} ms of the lease, so launches and removals would wait without end`
      : "another daemon may hold the session by then, and both would act";
  const problem = `expected ${LEASE_MIN_MS} to ${LEASE_MAX_MS} ms, found ${leaseMs}: ${why}`;
  return [{ path: [...path, "leaseMs"], problem, remedy: `leave it out; the default is ${defaultTimings.leaseMs}` }];
}

/** What is no number is left to the schema. */
function numbersAt(raw: unknown, path: Path): Partial<Timings> {
  const given = valueAt(raw, path);
  if (!isMapping(given)) return {};
  const known = Object.entries(given).flatMap(([name, value]) => {
    const number = value === "off" ? Number.POSITIVE_INFINITY : typeof value === "string" ? Number(value) : value;
    return name in defaultTimings && typeof number === "number" && number > 0 ? [[name, number] as const] : [];
  });
  return Object.fromEntries(known);
}
