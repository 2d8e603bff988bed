/** Where a config URL points: an organisation, a repository or an enterprise of one host. */
export interface Scope {
  /** Canonical and lower case, e.g. `org:acme`, `repo:acme/app`, `enterprise:big`. */
  readonly key: string;
  readonly kind: "org" | "repo" | "enterprise";
  /** As the path of the config URL names it. */
  readonly path: string;
  readonly groups: Map<number, RunnerGroupRow>;
}

export interface RunnerGroupRow {
  readonly id: number;
  readonly name: string;
  readonly isDefault: boolean;
  /** `owner/name` in lower case; only jobs of these may use its scale sets. Undefined = every repository. */
  readonly repositories: ReadonlySet<string> | undefined;
}

export interface Label {
  readonly type: string;
  readonly name: string;
}

export interface ScaleSetRow {
  readonly id: number;
  readonly scope: Scope;
  readonly createdAtMs: number;
  name: string;
  runnerGroupId: number;
  labels: readonly Label[];
  disableUpdate: boolean;
  deleted: boolean;
  session: SessionRow | undefined;
  /** Unacknowledged messages, in the order of their ids. */
  readonly messages: Map<number, MessageRow>;
  lastMessageId: number;
  /** Until then the queue hears of nothing: what happens is put into no message. */
  deafUntilMs: number;
  /** What happened since the last message was made. */
  outbox: JobMessage[];
  /** Offered, assigned and waiting for a runner, running. A job is in at most one of them. */
  readonly available: Set<JobRow>;
  readonly assigned: Set<JobRow>;
  readonly running: Set<JobRow>;
  readonly runners: Set<RunnerRow>;
}

export interface SessionRow {
  readonly id: string;
  readonly scaleSet: ScaleSetRow;
  readonly ownerName: string;
  readonly openedAtMs: number;
  lastSeenAtMs: number;
  heldPolls: number;
  /** What the newest poll announced; undefined before the first, infinite when a poll announced nothing. */
  capacity: number | undefined;
  /** Refreshes that ended the poll held at that time. */
  refreshes: number;
  /** Which of its queue URLs is the one that gets messages. */
  queueNumber: number;
  ended: "closed" | "expired" | undefined;
}

export interface MessageRow {
  id: number;
  readonly jobMessages: JobMessage[];
  statistics: Statistics;
  deliveries: number;
  /** Takes back the timer that drops it. */
  readonly stopTimer: () => void;
}

export interface Statistics {
  readonly totalAvailableJobs: number;
  readonly totalAcquiredJobs: number;
  readonly totalAssignedJobs: number;
  readonly totalRunningJobs: number;
  readonly totalRegisteredRunners: number;
  readonly totalBusyRunners: number;
  readonly totalIdleRunners: number;
}

/** A job message as it stands in a message's body. */
export interface JobMessage {
  readonly messageType: "JobAvailable" | "JobAssigned" | "JobStarted" | "JobCompleted";
  /** Decimal digits: 64 bits on the wire, where it stands as a bare number. */
  readonly runnerRequestId: string;
  readonly repositoryName: string;
  readonly ownerName: string;
  readonly jobId: string;
  readonly jobWorkflowRef: string;
  readonly jobDisplayName: string;
  /** Decimal digits, as above. */
  readonly workflowRunId: string;
  readonly eventName: string;
  readonly requestLabels: readonly string[];
  readonly queueTime: string;
  readonly scaleSetAssignTime: string;
  readonly runnerAssignTime: string;
  readonly finishTime: string;
  readonly result?: string;
  readonly runnerId?: number;
  readonly runnerName?: string;
}

export type JobResult = "succeeded" | "failed" | "canceled";

/** One shell step of a job. */
interface JobStep {
  readonly name: string;
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What a job is, apart from how it fares. */
export interface JobSpec {
  readonly scaleSetId: number | undefined;
  readonly scaleSetName: string | undefined;
  readonly runsOn: readonly string[];
  /** `owner/name`; undefined = any scope may take the job. */
  readonly repository: string | undefined;
  readonly displayName: string;
  readonly steps: readonly JobStep[];
  readonly durationMs: number;
  readonly result: JobResult;
}

/** `waiting` = lapsed, not yet queued again; `stranded` = will never be delivered (F24). */
export type JobState = "queued" | "stranded" | "available" | "assigned" | "running" | "waiting" | "completed";

/** How a job came to its end, as the counters of lifecycle.md §7 tell them apart. */
export type JobEnd = "finished" | "cancelled" | "lost" | "host-died";

export interface JobRow {
  readonly id: number;
  readonly workflowRunId: string;
  readonly spec: JobSpec;
  readonly queuedAtMs: number;
  /** Counts from 1; whatever takes an assigned job from its set makes a new attempt under a new `jobId`. */
  attempt: number;
  /** Attempts that no runner took in time; only these are counted against `requeueDelaysMs`. */
  lapses: number;
  jobId: string;
  runnerRequestId: string;
  state: JobState;
  scaleSet: ScaleSetRow | undefined;
  runner: RunnerRow | undefined;
  assignedAtMs: number | undefined;
  matchedAtMs: number | undefined;
  startedAtMs: number | undefined;
  finishedAtMs: number | undefined;
  /** When the job first got a runner, over all attempts. */
  firstStartedAtMs: number | undefined;
  starts: number;
  cancelAsked: boolean;
  /** The service took it for completed while its runner still works (actions/runner#4492). */
  falselyCompleted: boolean;
  lockedUntilMs: number;
  planId: string;
  timelineId: string;
  result: JobResult | undefined;
  end: JobEnd | undefined;
  /** Takes back the timer that runs for the present state. */
  stopTimer: () => void;
}

export interface RunnerRow {
  readonly id: number;
  readonly name: string;
  readonly scaleSet: ScaleSetRow;
  readonly clientId: string;
  readonly createdAtMs: number;
  session: RunnerSessionRow | undefined;
  /** The newest session it asked for at the old API; it is its session when it polls there. */
  legacySessionId: string | undefined;
  /** Matched or running. */
  job: JobRow | undefined;
  /** When it was last found to have no session. */
  offlineSinceMs: number;
  everOnline: boolean;
  /** Its registration is gone. A runner that is removed is in no set any more. */
  removed: boolean;
  /** Its job has ended, and its registration is about to go: it gets no other. */
  leaving: boolean;
  /** Whoever runs the world said that it took this runner's host away, so that its job is nobody's loss. */
  hostDied: boolean;
  /** How its runner is to misbehave, as JSON, for those runners that read it. */
  readonly behaviour: string | undefined;
  /** The service drops it so long after it came online. @unit milliseconds */
  readonly droppedAfterMs: number | undefined;
  stopTimer: () => void;
}

export interface RunnerSessionRow {
  readonly id: string;
  readonly runner: RunnerRow;
  readonly openedAtMs: number;
  readonly ownerName: string;
  /** It was opened at the old API. */
  readonly legacy: boolean;
  lastSeenAtMs: number;
  heldPolls: number;
  /** Whether the runner knows already that its job is to be cancelled. */
  cancellationSent: boolean;
  nextMessageId: number;
}

/** Counts over the whole life of the service. */
interface Tally {
  queued: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  lost: number;
  hostDied: number;
  /** Attempts that two runners started. */
  twice: number;
  lapsed: number;
  /** Jobs in state `stranded` at present. */
  stranded: number;
  registrations: number;
  /** From queueing to the first start, of the newest ten thousand jobs at least that started and ended. @unit milliseconds */
  readonly queueToStartMs: number[];
}

/** Everything that the service knows. */
export interface State {
  readonly scopes: Map<string, Scope>;
  readonly scaleSets: Map<number, ScaleSetRow>;
  /** Sessions that live, and the newest that ended: late callers are told what became of theirs. */
  readonly sessions: Map<string, SessionRow>;
  readonly jobs: Map<number, JobRow>;
  readonly jobsByJobId: Map<string, JobRow>;
  readonly runners: Map<number, RunnerRow>;
  readonly runnersByClientId: Map<string, RunnerRow>;
  readonly runnerSessions: Map<string, RunnerSessionRow>;
  /** Jobs that no scale set has, by what they ask for, oldest first. */
  readonly backlog: Map<string, Set<JobRow>>;
  readonly tally: Tally;
  /** Runner versions are refused: exit code 7 (F19). */
  runnersDeprecated: boolean;
  nextId: number;
}

export function emptyState(): State {
  return {
    scopes: new Map(),
    scaleSets: new Map(),
    sessions: new Map(),
    jobs: new Map(),
    jobsByJobId: new Map(),
    runners: new Map(),
    runnersByClientId: new Map(),
    runnerSessions: new Map(),
    backlog: new Map(),
    tally: {
      queued: 0,
      succeeded: 0,
      failed: 0,
      cancelled: 0,
      lost: 0,
      hostDied: 0,
      twice: 0,
      lapsed: 0,
      stranded: 0,
      registrations: 0,
      queueToStartMs: [],
    },
    runnersDeprecated: false,
    nextId: 0,
  };
}
