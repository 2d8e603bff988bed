import type {
  JobCompleted,
  JobStarted,
  RunnerScaleSetMessage,
  RunnerScaleSetStatistics,
  SessionAnswer,
} from "../types.js";

/** Why a listener waits before it opens a session again. */
export type WaitingReason =
  /** A session of our own owner name lives on at the service, from a process that ended (F1). */
  | "own-session"
  /** The session could not be opened, or what was opened is of no use (F2, F5). */
  | "open-failed"
  /** The scale set is not there (F4). */
  | "scale-set-missing"
  /** Sessions are opened and lost again at once. */
  | "sessions-lost";

/** Why a listener waits with its session in hand. */
export type RecoveringReason = "poll-failed" | "handler-failed" | "acquire-failed" | "acknowledge-failed" | "hurried";

/** What a listener does right now. */
export type ListenerState =
  | { readonly state: "opening"; readonly scaleSetId: number | undefined; readonly attempt: number }
  /** Somebody else holds the session: `holder`, unless the service did not say. */
  | {
      readonly state: "standby";
      readonly holder: string | undefined;
      readonly error: unknown;
      readonly retryInMs: number;
    }
  | { readonly state: "waiting"; readonly reason: WaitingReason; readonly error: unknown; readonly retryInMs: number }
  | {
      readonly state: "polling";
      readonly generation: number;
      readonly capacity: number;
      readonly lastMessageId: number;
    }
  | { readonly state: "handling"; readonly generation: number; readonly messageId: number; readonly attempt: number }
  | {
      readonly state: "recovering";
      readonly generation: number;
      readonly reason: RecoveringReason;
      readonly error: unknown;
      readonly retryInMs: number;
    }
  /** `run` has ended; `error` is undefined when it was asked to. */
  | { readonly state: "closed"; readonly error: unknown };

export interface SessionOpened {
  /** Counts the sessions of this listener, from 1. */
  readonly generation: number;
  readonly sessionId: string;
  /** A new one when the scale set came back under another id (F4). */
  readonly scaleSetId: number;
  readonly statistics: RunnerScaleSetStatistics;
}

/** What is between the times that a job message carries; undefined where one of them is not set. @unit milliseconds */
export interface JobDurations {
  /** From being queued to being given to the scale set. */
  readonly queuedMs: number | undefined;
  /** From there to having a runner: what the autoscaler is responsible for. */
  readonly startupMs: number | undefined;
  /** From there to the end. */
  readonly executionMs: number | undefined;
}

/** A message that is given up after its last attempt (F12). It is acknowledged next, and never comes again. */
export interface PoisonMessage {
  readonly messageId: number;
  readonly scaleSetId: number;
  readonly generation: number;
  readonly attempts: number;
  /** Why the last attempt failed. */
  readonly error: unknown;
  /** Undefined when not even its body could be read; then `body` has it. */
  readonly message: RunnerScaleSetMessage | undefined;
  /** The body as it came, redacted, where it could not be read. */
  readonly body: string | undefined;
}

/** A reading of statistics that a handler took in. */
export interface StatisticsRead {
  readonly statistics: RunnerScaleSetStatistics;
  readonly generation: number;
  readonly scaleSetId: number;
  /** Undefined for the reading that the session was opened with. */
  readonly messageId: number | undefined;
}

/**
 * Told of everything a listener goes through. Callbacks are called synchronously, before what follows from them; one that
 * throws is logged and ignored.
 */
export interface ListenerObserver {
  onState?(state: ListenerState): void;
  onSessionOpened?(event: SessionOpened): void;
  /** The session is gone; another one is opened in place. Not called when the listener closes it itself. */
  onSessionLost?(event: { readonly generation: number; readonly error: unknown }): void;
  onPollStarted?(event: { readonly generation: number; readonly capacity: number }): void;
  /** The service answered a call of the session: the lease lives from here. Errors are no answers. */
  onAnswered?(answer: SessionAnswer): void;
  /** A message is given up after its last attempt, and acknowledged next (F12). */
  onPoison?(poison: PoisonMessage): void;
  /** A reading was handled. */
  onStatistics?(read: StatisticsRead): void;
  /** The handler's `onStatistics` answered how many runners it wants now. */
  onDesiredCount?(event: { readonly count: number; readonly scaleSetId: number; readonly generation: number }): void;
  /** A job of ours started: once a message, however often that is delivered. */
  onJobStarted?(event: { readonly job: JobStarted } & JobDurations): void;
  onJobCompleted?(event: { readonly job: JobCompleted } & JobDurations): void;
}
