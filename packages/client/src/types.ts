import type { Secret } from "./secret.js";

/** Every call can be ended early; it then rejects with the signal's reason. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface Label {
  readonly name: string;
  /** `System` unless told otherwise. */
  readonly type: string;
}

/** How many jobs and runners a scale set has. `totalAssignedJobs`, not the messages, says how many runners are needed. */
export interface RunnerScaleSetStatistics {
  /** Offered, acquired by nobody yet (GHES). */
  readonly totalAvailableJobs: number;
  /** Acquired, not assigned yet (GHES). */
  readonly totalAcquiredJobs: number;
  /** Waiting for a runner of this set, and running on one. */
  readonly totalAssignedJobs: number;
  readonly totalRunningJobs: number;
  /** Idle and busy runners together. */
  readonly totalRegisteredRunners: number;
  readonly totalBusyRunners: number;
  readonly totalIdleRunners: number;
}

export interface RunnerScaleSet {
  readonly id: number;
  readonly name: string;
  readonly runnerGroupId: number;
  readonly runnerGroupName: string;
  readonly labels: readonly Label[];
  readonly runnerSetting: { readonly disableUpdate: boolean };
  readonly createdOn: Date | undefined;
  readonly runnerJitConfigUrl: string | undefined;
  readonly statistics: RunnerScaleSetStatistics | undefined;
}

export interface NewRunnerScaleSet {
  /** The name, by which workflows find it unless `labels` say otherwise. */
  readonly name: string;
  readonly runnerGroupId: number;
  /** What `runs-on` may ask for. @default one label, the name */
  readonly labels?: readonly (string | { readonly name: string; readonly type?: string })[] | undefined;
  /** Whether runners of this set are kept from updating themselves. @default false */
  readonly disableUpdate?: boolean | undefined;
}

/** Fields that are left out stay as they are. */
export type RunnerScaleSetChanges = Partial<NewRunnerScaleSet>;

/** Something that was asked for and did not come back: GHES drops labels silently, for one. */
export interface Drift {
  readonly field: "labels" | "disableUpdate";
  readonly wanted: string;
  readonly actual: string;
}

export interface EnsuredRunnerScaleSet extends RunnerScaleSet {
  readonly outcome: "found" | "created" | "updated";
  /** Where the service ignored what it was asked; empty when all is as wanted. */
  readonly drift: readonly Drift[];
}

export interface RunnerGroup {
  readonly id: number;
  readonly name: string;
  /** How many runners it holds. */
  readonly size: number;
  readonly isDefaultGroup: boolean;
}

/** A registered runner. The service does not tell whether it is online. */
export interface RunnerReference {
  readonly id: number;
  readonly name: string;
  readonly runnerScaleSetId: number | undefined;
}

export interface JitRunnerConfig {
  readonly runner: RunnerReference;
  /** Good for one start of one runner: `./run.sh --jitconfig …`, or `ACTIONS_RUNNER_INPUT_JITCONFIG` in its environment. */
  readonly encodedJitConfig: Secret;
}

/** Where a version of the runner can be had. */
export interface RunnerDownload {
  readonly os: string;
  readonly architecture: string;
  readonly downloadUrl: string;
  readonly filename: string;
  readonly sha256Checksum: string | undefined;
}

/** What every job message tells. Ids that can pass 2^53 are decimal strings; times that are not set yet are undefined. */
export interface JobDetails {
  /** int64; `"0"` in messages of github.com's direct assignment. */
  readonly runnerRequestId: string;
  readonly repositoryName: string;
  readonly ownerName: string;
  readonly jobId: string;
  readonly jobWorkflowRef: string;
  readonly jobDisplayName: string;
  /** int64 */
  readonly workflowRunId: string;
  readonly eventName: string;
  readonly requestLabels: readonly string[];
  readonly queueTime: Date | undefined;
  readonly scaleSetAssignTime: Date | undefined;
  readonly runnerAssignTime: Date | undefined;
  readonly finishTime: Date | undefined;
}

/** A job that can be acquired (GHES): nothing happens to it until it is. */
export interface JobAvailable extends JobDetails {
  readonly messageType: "JobAvailable";
  readonly acquireJobUrl: string;
}

/** A job that waits for a runner of this set. */
export interface JobAssigned extends JobDetails {
  readonly messageType: "JobAssigned";
}

/** A job that runs on one of our runners. Can come up to a poll late. */
export interface JobStarted extends JobDetails {
  readonly messageType: "JobStarted";
  readonly runnerId: number;
  readonly runnerName: string;
}

/** A job that ended. With `result: "canceled"` and an empty `runnerName` no runner took it in time; it may come again. */
export interface JobCompleted extends JobDetails {
  readonly messageType: "JobCompleted";
  readonly result: string;
  readonly runnerId: number;
  readonly runnerName: string;
}

/** Something newer than this package, or that could not be read. */
export interface UnknownJobMessage {
  readonly messageType: "unknown";
  /** What the service called it. */
  readonly kind: string;
  /** The whole of it, as it came: decode it before you use it. */
  readonly raw: unknown;
}

export type JobMessage = JobAvailable | JobAssigned | JobStarted | JobCompleted | UnknownJobMessage;

export type AcquirableJob = Omit<JobAvailable, "messageType">;

/** One message of the queue. Redelivered until it is acknowledged. */
export interface RunnerScaleSetMessage {
  readonly messageId: number;
  /** `RunnerScaleSetJobMessages`; of any other kind `jobs` is empty. */
  readonly messageType: string;
  /** Undefined when the service sent none: then the last reading stands. */
  readonly statistics: RunnerScaleSetStatistics | undefined;
  /** At most 50, in order. Never count them to scale. */
  readonly jobs: readonly JobMessage[];
}

/** A call of a session that the service answered: the session is alive, and ours. */
export interface SessionAnswer {
  readonly call: "open" | "poll" | "acknowledge" | "acquire" | "refresh";
  /** From sending to the answer. @unit milliseconds */
  readonly heldMs: number;
}

export interface GetMessageOptions extends CallOptions {
  /** The last one that was handled: only later ones are answered. @default 0, any */
  readonly lastMessageId?: number | undefined;
  /** The total of runners that the set may have, not the free ones. Jobs queued while it was 0 may never come (F24). */
  readonly maxCapacity: number;
}

export interface MessagesOptions extends CallOptions {
  /** A function is asked before every poll. */
  readonly maxCapacity: number | (() => number);
  /** Where to go on. @default 0 */
  readonly lastMessageId?: number | undefined;
}

export interface OpenSessionOptions extends CallOptions {
  /** Who holds the session; conflicts name it to others. Let it survive restarts. */
  readonly owner: string;
  /** Told of every call of the session that the service answered, this one first. */
  readonly onAnswered?: ((answer: SessionAnswer) => void) | undefined;
}
