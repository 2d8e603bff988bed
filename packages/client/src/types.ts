import type { ScaleSetError } from "./errors.js";
import type { Secret } from "./secret.js";

/** What every call takes last. */
export interface CallOptions {
  /** Ends the call early: it then rejects with the signal's reason. @default none, the deadlines alone end it */
  readonly signal?: AbortSignal | undefined;
}

/** One of the labels by which `runs-on` finds a scale set. */
export interface Label {
  /** Compared without regard to case. */
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
  /** Waiting for a runner of this set, and running on one: as many runners are needed. */
  readonly totalAssignedJobs: number;
  /** Running on a runner of this set; part of `totalAssignedJobs`. */
  readonly totalRunningJobs: number;
  /** Idle and busy runners together. */
  readonly totalRegisteredRunners: number;
  /** Runners that have a job. */
  readonly totalBusyRunners: number;
  /** Runners that are online and wait for a job. */
  readonly totalIdleRunners: number;
}

/** A scale set as the service has it. */
export interface RunnerScaleSet {
  /** The service's id of it; another one when the set was deleted and made again. */
  readonly id: number;
  /** Unique in its runner group. */
  readonly name: string;
  /** The runner group it is in; 0 when the service did not say. */
  readonly runnerGroupId: number;
  /** The group's name; empty when the service did not say. */
  readonly runnerGroupName: string;
  /** What `runs-on` may ask for. */
  readonly labels: readonly Label[];
  /** Whether runners of this set are kept from updating themselves. */
  readonly runnerSetting: { readonly disableUpdate: boolean };
  /** When it was made; undefined when the service did not say. */
  readonly createdOn: Date | undefined;
  /** Where the service makes JIT configs of it; `generateJitRunnerConfig` does not need it. */
  readonly runnerJitConfigUrl: string | undefined;
  /** Its current reading; undefined when the service sent none, which does not mean that all is 0. */
  readonly statistics: RunnerScaleSetStatistics | undefined;
}

/** A scale set to make. */
export interface NewRunnerScaleSet {
  /** The name, by which workflows find it unless `labels` say otherwise. Unique in its runner group. */
  readonly name: string;
  /** The group whose policies say which repositories may use it: see `getRunnerGroupByName`. The default group is 1. */
  readonly runnerGroupId: number;
  /** What `runs-on` may ask for. @default one label, the name */
  readonly labels?: readonly (string | { readonly name: string; readonly type?: string })[] | undefined;
  /** Whether runners of this set are kept from updating themselves. @default false */
  readonly disableUpdate?: boolean | undefined;
}

/** What to change of a scale set. Fields that are left out stay as they are. */
export type RunnerScaleSetChanges = Partial<NewRunnerScaleSet>;

/** Something that was asked for and did not come back: GHES drops labels silently, for one (F18). */
export interface Drift {
  /** What differs. */
  readonly field: "labels" | "disableUpdate";
  /** What was asked for; labels in lower case, sorted, comma-separated. */
  readonly wanted: string;
  /** What the service has, in the same form. */
  readonly actual: string;
}

/** A scale set that is there now, and how it came to be. */
export interface EnsuredRunnerScaleSet extends RunnerScaleSet {
  /** Whether it was there as wanted, was made, or was changed. */
  readonly outcome: "found" | "created" | "updated";
  /** Where the service ignored what it was asked; empty when all is as wanted. */
  readonly drift: readonly Drift[];
}

/** A runner group: its policies say which repositories may use its runners. */
export interface RunnerGroup {
  /** The default group has id 1. */
  readonly id: number;
  /** Unique for the config URL. */
  readonly name: string;
  /** How many runners it holds. */
  readonly size: number;
  /** Whether it is the one that is always there. */
  readonly isDefaultGroup: boolean;
}

/** A registered runner. The service does not tell whether it is online. */
export interface RunnerReference {
  /** The service's id of the registration, which ends with the runner's job. */
  readonly id: number;
  /** Unique for the config URL. */
  readonly name: string;
  /** The scale set that it belongs to; undefined for a runner of none. */
  readonly runnerScaleSetId: number | undefined;
}

/** A new runner's registration, and what the runner needs to start. */
export interface JitRunnerConfig {
  /** The registration: its id is what `removeRunner` takes. */
  readonly runner: RunnerReference;
  /** Good for one start of one runner: `./run.sh --jitconfig …`, or `ACTIONS_RUNNER_INPUT_JITCONFIG` in its environment. */
  readonly encodedJitConfig: Secret;
}

/** Where a version of the official runner can be had. */
export interface RunnerDownload {
  /** `linux`, `osx` or `win`. */
  readonly os: string;
  /** `x64`, `arm64` or `arm`. */
  readonly architecture: string;
  /** The archive's address; it needs no token. */
  readonly downloadUrl: string;
  /** The archive's name, with the version in it. */
  readonly filename: string;
  /** In hexadecimal; undefined when GitHub did not say. */
  readonly sha256Checksum: string | undefined;
}

/** What every job message tells. Ids that can pass 2^53 are decimal strings; times that are not set yet are undefined. */
export interface JobDetails {
  /** What `acquireJobs` takes. int64 in decimal; `"0"` in messages of github.com's direct assignment. */
  readonly runnerRequestId: string;
  /** The repository's name, without its owner. */
  readonly repositoryName: string;
  /** The repository's owner: an organization or a user. */
  readonly ownerName: string;
  /** Of this attempt: a job that no runner took in time comes again under another one, with the same `workflowRunId`. */
  readonly jobId: string;
  /** The workflow file and its ref: `OWNER/REPO/.github/workflows/FILE@REF`. */
  readonly jobWorkflowRef: string;
  /** The job's name, as GitHub's pages show it. */
  readonly jobDisplayName: string;
  /** The workflow run. int64 in decimal. */
  readonly workflowRunId: string;
  /** What started the workflow: `push`, `pull_request`, … */
  readonly eventName: string;
  /** What its `runs-on` asked for. */
  readonly requestLabels: readonly string[];
  /** When the job was queued. */
  readonly queueTime: Date | undefined;
  /** When it was given to the scale set. */
  readonly scaleSetAssignTime: Date | undefined;
  /** When it was given to a runner. */
  readonly runnerAssignTime: Date | undefined;
  /** When it ended. */
  readonly finishTime: Date | undefined;
}

/** A job that can be acquired (GHES): nothing happens to it until it is. */
export interface JobAvailable extends JobDetails {
  /** The kind. */
  readonly messageType: "JobAvailable";
  /** Where the service would be asked for it; `acquireJobs` does not need it. */
  readonly acquireJobUrl: string;
}

/** A job that waits for a runner of this set. */
export interface JobAssigned extends JobDetails {
  /** The kind. */
  readonly messageType: "JobAssigned";
}

/** A job that runs on one of our runners. Can come up to a poll late. */
export interface JobStarted extends JobDetails {
  /** The kind. */
  readonly messageType: "JobStarted";
  /** The runner's id; 0 when the service did not say. */
  readonly runnerId: number;
  /** The name that the runner's JIT config was asked for with. */
  readonly runnerName: string;
}

/** A job that ended. With `result: "canceled"` and an empty `runnerName` no runner took it in time; it may come again. */
export interface JobCompleted extends JobDetails {
  /** The kind. */
  readonly messageType: "JobCompleted";
  /** `succeeded`, `failed`, `canceled`, …, as the service says it. */
  readonly result: string;
  /** The runner's id; 0 when the job had none. */
  readonly runnerId: number;
  /** The runner's name; empty when the job had none. */
  readonly runnerName: string;
}

/** Something newer than this package, or that could not be read. */
export interface UnknownJobMessage {
  /** The kind: never one of the service's own. */
  readonly messageType: "unknown";
  /** What the service called it; empty when it did not. */
  readonly kind: string;
  /** The whole of it, as it came: decode it before you use it. */
  readonly raw: unknown;
}

/**
 * What a message says of one job. Switch on `messageType`; leave a default, for `unknown`.
 *
 * @example
 * ```ts
 * for await (const message of session.messages({ maxCapacity: 10, signal })) {
 *   for (const job of message.jobs) {
 *     if (job.messageType === "JobStarted") console.log(`${job.runnerName} runs ${job.jobDisplayName}`);
 *   }
 *   await session.acknowledge(message.messageId);
 * }
 * ```
 */
export type JobMessage = JobAvailable | JobAssigned | JobStarted | JobCompleted | UnknownJobMessage;

/** A job that waits to be acquired, outside any message. */
export type AcquirableJob = Omit<JobAvailable, "messageType">;

/** One message of the queue. Redelivered until it is acknowledged. */
export interface RunnerScaleSetMessage {
  /** Rises from 1 for each scale set. What `acknowledge` takes, and what the next poll names as `lastMessageId`. */
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
  /** Which call it was. */
  readonly call: "open" | "poll" | "acknowledge" | "acquire" | "refresh";
  /** From sending to the answer. @unit milliseconds */
  readonly heldMs: number;
  /**
   * When the answered attempt was sent, by `Clock.uptime`. What the answer proves was true then: an answer that is read
   * long after it was sent proves nothing about now. @unit milliseconds
   */
  readonly sentAt: number;
}

/** How to ask for one message. */
export interface GetMessageOptions extends CallOptions {
  /** The last one that was handled: only later ones are answered. @default 0, any */
  readonly lastMessageId?: number | undefined;
  /**
   * The total of runners that the set may have, not the free ones. Whole, not negative. Jobs queued while it was 0 may
   * never come (F24).
   */
  readonly maxCapacity: number;
}

/** How to ask for messages, one after the other. */
export interface MessagesOptions extends CallOptions {
  /** The total of runners that the set may have, not the free ones. A function is asked before every poll. */
  readonly maxCapacity: number | (() => number);
  /** Where to go on. @default 0 */
  readonly lastMessageId?: number | undefined;
}

/** How to open a session. */
export interface OpenSessionOptions extends CallOptions {
  /** Who holds the session; conflicts name it to others. Let it survive restarts. */
  readonly owner: string;
  /** Told of every call of the session that the service answered, this one first. @default nobody is told */
  readonly onAnswered?: ((answer: SessionAnswer) => void) | undefined;
  /**
   * Called once when a refresh shows that the session is gone. Its running calls, a held poll too, reject with the same
   * error. @default no one is called
   */
  readonly onLost?: ((error: ScaleSetError) => void) | undefined;
}
