import type { Clock, Random } from "../clock.js";
import type { Logger } from "../logger.js";
import { defined, positive } from "../options.js";
import type { MessageSession } from "../session/message-session.js";
import type { CallOptions, OpenSessionOptions, RunnerScaleSet } from "../types.js";
import type { ListenerHandler } from "./handler.js";
import type { ListenerObserver } from "./observer.js";

/** What a listener uses of the client. */
export interface ListenerClient {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  getRunnerScaleSet(runnerGroupId: number, name: string, options?: CallOptions): Promise<RunnerScaleSet | undefined>;
  openMessageSession(scaleSetId: number, options: OpenSessionOptions): Promise<MessageSession>;
}

/** Each wait of a listener. Those that grow do so by doubling, with jitter. @unit milliseconds */
export interface ListenerTimings {
  /** After a poll that failed, or was answered with nothing at once: first, and longest. @default 250, 30_000 */
  readonly pollRetryMinMs: number;
  readonly pollRetryMaxMs: number;
  /** While a session of our own lives on from a process that ended. @default 1_000, 30_000 */
  readonly ownSessionMinMs: number;
  readonly ownSessionMaxMs: number;
  /** While another one holds the session, or the scale set is missing. @default 10_000, 30_000 */
  readonly standbyMinMs: number;
  readonly standbyMaxMs: number;
  /** A handler that takes longer has the session refreshed, again and again after as long. @default 10_000 */
  readonly handlerRefreshMs: number;
  /** Acquiring jobs without an answer leaves the message unacknowledged after this. @default 20_000 */
  readonly acquireDeadlineMs: number;
  /** A raised capacity aborts the running poll at most once in this. @default 2_000 */
  readonly capacityRaiseMs: number;
  /** What closing the session may take when the listener ends. @default 3_000 */
  readonly closeDeadlineMs: number;
  /** Attempts to handle a message, after which it is acknowledged all the same. A count. @default 5 */
  readonly poisonAttempts: number;
}

export interface ListenerOptions {
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
  /** Most runners the set may have, at least 1: announced capacity is accepted work, and jobs queued while 0 was announced may never come (F24). */
  readonly maxCapacity: number;
  readonly handler: ListenerHandler;
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
  /** Awaited before every repeated attempt to open a session: a budget that all listeners of a process share. */
  readonly beforeReopen?: ((options: { readonly signal: AbortSignal }) => Promise<void>) | undefined;
  readonly timings?: Partial<ListenerTimings> | undefined;
  /** @default those of the client */
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
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
  closeDeadlineMs: 3_000,
  poisonAttempts: 5,
};

export function resolveTimings(timings: Partial<ListenerTimings> | undefined): ListenerTimings {
  return positive("timings", { ...DEFAULT_TIMINGS, ...defined(timings) });
}
