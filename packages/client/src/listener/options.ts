import type { Clock, Random } from "../clock.js";
import type { Logger } from "../logger.js";
import { defined, positive } from "../options.js";
import type { MessageSession } from "../session/message-session.js";
import type { AcquirableJob, CallOptions, OpenSessionOptions, RunnerScaleSet } from "../types.js";
import type { ListenerHandler } from "./handler.js";
import type { ListenerObserver } from "./observer.js";

/** A session that an earlier process of this owner left open, as it was recorded. */
export interface RecordedSession {
  /** The scale set it belongs to: of another one it is not used. */
  readonly scaleSetId: number;
  /** The service's id of the session, a UUID: anything else is not used. */
  readonly sessionId: string;
}

/** What a listener uses of the client: a {@link ScaleSetClient}, or what wraps or fakes one. */
export interface ListenerClient {
  /** Where time comes from. */
  readonly clock: Clock;
  /** Where chance comes from. */
  readonly random: Random;
  /** Where log records go. */
  readonly logger: Logger;
  /** Finds the scale set by name when it is gone, or when its id is not given. */
  getRunnerScaleSet(runnerGroupId: number, name: string, options?: CallOptions): Promise<RunnerScaleSet | undefined>;
  /** Reads statistics, where refreshes bring none. */
  getRunnerScaleSetById(scaleSetId: number, options?: CallOptions): Promise<RunnerScaleSet>;
  /** Opens the session. */
  openMessageSession(scaleSetId: number, options: OpenSessionOptions): Promise<MessageSession>;
  /** Lists jobs that are offered and that no message offers again (GHES). */
  listAcquirableJobs(scaleSetId: number, options?: CallOptions): Promise<readonly AcquirableJob[]>;
  /** Closes a session that an earlier process left open. */
  closeMessageSession(scaleSetId: number, sessionId: string, options?: CallOptions): Promise<void>;
}

/** Each wait of a listener. Those that grow do so by doubling, with jitter. */
export interface ListenerTimings {
  /** The first wait after a poll that failed, or was answered with nothing at once. @unit milliseconds @default 250 */
  readonly pollRetryMinMs: number;
  /** The longest of them. @unit milliseconds @default 30_000 */
  readonly pollRetryMaxMs: number;
  /** The first wait while a session of our own lives on from a process that ended. @unit milliseconds @default 1_000 */
  readonly ownSessionMinMs: number;
  /** The longest of them. @unit milliseconds @default 30_000 */
  readonly ownSessionMaxMs: number;
  /** The first wait while another one holds the session, or the scale set is missing. @unit milliseconds @default 10_000 */
  readonly standbyMinMs: number;
  /** The longest of them. @unit milliseconds @default 30_000 */
  readonly standbyMaxMs: number;
  /** A handler that takes longer has the session refreshed, again and again after as long. @unit milliseconds @default 10_000 */
  readonly handlerRefreshMs: number;
  /** Acquiring jobs without an answer leaves the message unacknowledged after this. @unit milliseconds @default 20_000 */
  readonly acquireDeadlineMs: number;
  /** A changed capacity ends the running poll at most once in this. @unit milliseconds @default 2_000 */
  readonly capacityRaiseMs: number;
  /**
   * The shortest time from the start of a poll without a message to the start of the next, unless the capacity changed.
   *
   * @unit milliseconds
   * @default 5_000
   */
  readonly pollIntervalMs: number;
  /** A poll held for at least this and then cut off (reset, 5xx, empty body) is no failure. @unit milliseconds @default 10_000 */
  readonly pollHeldMs: number;
  /** What closing the session may take when the listener ends. @unit milliseconds @default 3_000 */
  readonly closeDeadlineMs: number;
  /** Attempts to handle a message, after which it is acknowledged all the same. A count. @default 5 */
  readonly poisonAttempts: number;
}

/** How a listener is made. */
export interface ListenerOptions {
  /** Whose scale set it is. One client may serve many listeners. */
  readonly client: ListenerClient;
  /**
   * The scale set: its id, or its name and group (then it is looked up; and looked up again when it goes away).
   * With an id alone a set that stays away for a minute ends `run`.
   */
  readonly scaleSet:
    | number
    | { readonly name: string; readonly runnerGroupId: number; readonly id?: number | undefined };
  /** Name of the holder of the session: unique to this daemon, the same after its restart. */
  readonly owner: string;
  /**
   * Most runners the set may have, at least 1: announced capacity is accepted work, and jobs queued while 0 was announced
   * may never come (F24). `setMaxCapacity` changes it.
   */
  readonly maxCapacity: number;
  /**
   * Whether polls are sent at first. Without polls the session is held and no job is accepted; the caller keeps the session
   * alive by `refresh`. `setPolling` changes it. @default true
   */
  readonly polling?: boolean | undefined;
  /**
   * The session that an earlier process of this owner left open, as that process recorded it. When the first opening meets a
   * conflict that names this owner, or no owner, that session is closed and another one is opened at once. @default none
   */
  readonly recordedSession?: RecordedSession | undefined;
  /** What is done about messages. */
  readonly handler: ListenerHandler;
  /** Told of everything, for metrics. @default nobody is told */
  readonly observer?: ListenerObserver | undefined;
  /**
   * Finds (or makes anew) a scale set that is gone, and answers its id; undefined = not there yet, ask again later.
   * @default a look-up by name and group, when both are known
   */
  readonly resolveScaleSet?:
    | ((context: {
        readonly lostId: number | undefined;
        /** How often it was asked for since the set was seen last. */
        readonly attempt: number;
        readonly signal: AbortSignal;
      }) => Promise<number | undefined>)
    | undefined;
  /**
   * Awaited before every repeated attempt to open a session: a budget that all listeners of a process share.
   * @default no budget, the waits alone
   */
  readonly beforeReopen?: ((options: { readonly signal: AbortSignal }) => Promise<void>) | undefined;
  /** How long it waits. @default see {@link ListenerTimings} */
  readonly timings?: Partial<ListenerTimings> | undefined;
  /** Where time comes from. @default the client's */
  readonly clock?: Clock | undefined;
  /** Where chance comes from, for jitter. @default the client's */
  readonly random?: Random | undefined;
  /** Where log records go. @default the client's */
  readonly logger?: Logger | undefined;
}

const DEFAULT_TIMINGS: ListenerTimings = {
  pollRetryMinMs: 250,
  pollRetryMaxMs: 30_000,
  ownSessionMinMs: 1_000,
  ownSessionMaxMs: 30_000,
  standbyMinMs: 10_000,
  standbyMaxMs: 30_000,
  handlerRefreshMs: 10_000,
  acquireDeadlineMs: 20_000,
  capacityRaiseMs: 2_000,
  pollIntervalMs: 5_000,
  pollHeldMs: 10_000,
  closeDeadlineMs: 3_000,
  poisonAttempts: 5,
};

export function resolveTimings(timings: Partial<ListenerTimings> | undefined): ListenerTimings {
  return positive("timings", { ...DEFAULT_TIMINGS, ...defined(timings) });
}
