/** The rules of the service that are guesses, differ between installations, or are worth changing in a test. */
export interface ServiceOptions {
  /** Whether jobs are given to a scale set (`direct`, as github.com does) or offered until acquired (`acquire`, as GHES does). @default "direct" */
  readonly assignment: "direct" | "acquire";
  /** So many jobs more than the scale set announced are offered to it, where jobs are offered; acquiring them is the client's to decide. @default 0 */
  readonly offersBeyondAnnounced: number;
  /** A message session ends so long after its last poll or other call. @unit milliseconds @default 60_000 */
  readonly sessionTimeoutMs: number;
  /** Job messages in one message. @default 50 */
  readonly maxJobMessages: number;
  /** Whether events join a message that waits and was never handed out, or each moment makes a message of its own [guess]. @default true */
  readonly mergeUndelivered: boolean;
  /** Whether a message's statistics are those of its making or of its delivery [guess]. @default "making" */
  readonly statisticsAt: "making" | "delivery";
  /** Whether `totalRegisteredRunners` counts runners that never came online [guess]. @default false */
  readonly countOfflineRunners: boolean;
  /** An assigned job that no runner takes in this time lapses. @unit milliseconds @default 300_000 */
  readonly lapseMs: number;
  /** How long a lapsed job waits before it is assigned again; as many entries as there are further attempts. @unit milliseconds @default [30_000, 60_000, 120_000] */
  readonly requeueDelaysMs: readonly number[];
  /** Whether a job queued while its scale set announced capacity 0 is never delivered (protocol.md F24). @default true */
  readonly strandOnZeroCapacity: boolean;
  /** Whether a scale set may have several labels; without that feature the service keeps the first, and answers 200 (F18). @default true */
  readonly multiLabel: boolean;
  /** What acknowledging an unknown message does: nothing, with 204, or a refusal [guess]. @default "accept" */
  readonly acknowledgeUnknown: "accept" | "refuse";
  /** Whether an acknowledgement in a session that has ended is refused (401), or done all the same (204) [guess]. @default "refuse" */
  readonly acknowledgeInLostSession: "refuse" | "accept";
  /** Whether a refreshed session carries statistics, or null in their place [guess]. @default "filled" */
  readonly refreshStatistics: "filled" | "empty";
  /** Whether refreshing a session ends its held poll at once, with 202 [guess]. @default false */
  readonly refreshEndsPoll: boolean;
  /** Whether each refresh names another queue URL; a poll of an earlier one gets no message any more. @default false */
  readonly refreshMovesQueue: boolean;
  /**
   * What becomes of jobs that wait for a runner when the session of their scale set ends: they stay with the set, and
   * may lapse there, or are queued again, which costs them no attempt [guess]. @default "kept"
   */
  readonly assignedWithoutSession: "kept" | "freed";
  /** Whether the refusal of a second session says who owns the first. @default true */
  readonly conflictNamesOwner: boolean;
  /** A registration is removed up to so long after its job ended, at random. @unit milliseconds @default 0 */
  readonly deregistrationDelayMs: number;
  /** A message that nobody acknowledges is dropped from the queue after this time; absent = never. @unit milliseconds */
  readonly messageTtlMs: number | undefined;
  /** Ended jobs kept for whoever looks; older ones live on in the counts. @default 10_000 */
  readonly endedJobsKept: number;
  /** Runners, attempts and sessions that are over and still known to late callers, of each the newest. @default 1_000 */
  readonly goneKept: number;
  /** Whether runners are asked to acknowledge the job they are told of; whether the hosted service asks is unknown. @default true */
  readonly runnersAcknowledge: boolean;
  /** Whether `runnerRequestId` and `workflowRunId` pass 2^53, where a careless reader loses digits. @default false */
  readonly largeIds: boolean;
  /** A runner that does not poll for so long is offline. @unit milliseconds @default 60_000 */
  readonly runnerTimeoutMs: number;
  /** A runner that was told of a job and does not acquire it in this time loses it and its session. @unit milliseconds @default 120_000 */
  readonly acquireTimeoutMs: number;
  /** A running job that is not renewed for so long has failed. @unit milliseconds @default 600_000 */
  readonly jobLockMs: number;
  /** A registration that was never or is no longer online is removed after this time. @unit milliseconds @default 86_400_000 */
  readonly offlineRunnerTtlMs: number;
  /** An idle runner is dropped by the service after this time online without a job; absent = never. @unit milliseconds */
  readonly idleRunnerTtlMs: number | undefined;
  /** What the poll of a runner answers whose scale set was deleted: `exit` = that it is gone for good, `loop` = something it retries. @default "exit" */
  readonly orphanedRunners: "exit" | "loop";
  /** Life of an installation token and of a registration token. @unit milliseconds @default 3_600_000 */
  readonly registrationTokenTtlMs: number;
  /** Life of an admin token. @unit milliseconds @default 3_600_000 */
  readonly adminTokenTtlMs: number;
  /** Life of a queue token. @unit milliseconds @default 3_600_000 */
  readonly queueTokenTtlMs: number;
  /** Life of a runner's and of a job's token. @unit milliseconds @default 21_600_000 */
  readonly runnerTokenTtlMs: number;
}

/** The rules that can change while the service runs. */
export type ChangeableRules = Omit<ServiceOptions, "endedJobsKept" | "goneKept">;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export const defaultServiceOptions: ServiceOptions = {
  assignment: "direct",
  offersBeyondAnnounced: 0,
  sessionTimeoutMs: minuteMs,
  maxJobMessages: 50,
  mergeUndelivered: true,
  statisticsAt: "making",
  countOfflineRunners: false,
  lapseMs: 5 * minuteMs,
  requeueDelaysMs: [minuteMs / 2, minuteMs, 2 * minuteMs],
  strandOnZeroCapacity: true,
  multiLabel: true,
  acknowledgeUnknown: "accept",
  acknowledgeInLostSession: "refuse",
  refreshStatistics: "filled",
  refreshEndsPoll: false,
  refreshMovesQueue: false,
  assignedWithoutSession: "kept",
  conflictNamesOwner: true,
  deregistrationDelayMs: 0,
  messageTtlMs: undefined,
  endedJobsKept: 10_000,
  goneKept: 1_000,
  runnersAcknowledge: true,
  largeIds: false,
  runnerTimeoutMs: minuteMs,
  acquireTimeoutMs: 2 * minuteMs,
  jobLockMs: 10 * minuteMs,
  offlineRunnerTtlMs: 24 * hourMs,
  idleRunnerTtlMs: undefined,
  orphanedRunners: "exit",
  registrationTokenTtlMs: hourMs,
  adminTokenTtlMs: hourMs,
  queueTokenTtlMs: hourMs,
  runnerTokenTtlMs: 6 * hourMs,
};
