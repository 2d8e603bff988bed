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
export type RecoveringReason =
  /** A poll failed in a way that may pass (F2). */
  | "poll-failed"
  /** The handler threw: the message comes again. */
  | "handler-failed"
  /** Available jobs could not be acquired: the message comes again. */
  | "acquire-failed"
  /** The message was handled and could not be acknowledged: it comes again, and is not handled again. */
  | "acknowledge-failed"
  /** The service answers with nothing, at once, where it should hold the poll. */
  | "hurried";

/**
 * What a listener does right now. Switch on `state`.
 *
 * @example
 * ```ts
 * const onState = (now: ListenerState): void => {
 *   if (now.state === "standby") console.log(`${now.holder ?? "somebody"} holds the session, again in ${now.retryInMs} ms`);
 *   if (now.state === "polling") console.log(`session ${now.generation} announces ${now.capacity}`);
 * };
 * ```
 */
export type ListenerState =
  | ListenerOpening
  | ListenerStandby
  | ListenerWaiting
  | ListenerPolling
  | ListenerUnpolled
  | ListenerHandling
  | ListenerRecovering
  | ListenerClosed;

/** It opens a session, or looks for the scale set first. */
export interface ListenerOpening {
  /** The state. */
  readonly state: "opening";
  /** Undefined while the scale set has to be found. */
  readonly scaleSetId: number | undefined;
  /** 1 for the first since there was a session. */
  readonly attempt: number;
}

/** Somebody else holds the session: it waits to take over. */
export interface ListenerStandby {
  /** The state. */
  readonly state: "standby";
  /** The owner's name of who holds it; undefined when the service did not say. */
  readonly holder: string | undefined;
  /** The conflict. */
  readonly error: unknown;
  /** Until the next attempt. @unit milliseconds */
  readonly retryInMs: number;
}

/** It waits before it opens a session again. */
export interface ListenerWaiting {
  /** The state. */
  readonly state: "waiting";
  /** Why. */
  readonly reason: WaitingReason;
  /** What the last attempt failed with. */
  readonly error: unknown;
  /** Until the next attempt. @unit milliseconds */
  readonly retryInMs: number;
}

/** It waits for a message. */
export interface ListenerPolling {
  /** The state. */
  readonly state: "polling";
  /** Counts the sessions of this listener, from 1. */
  readonly generation: number;
  /** What the poll announces. */
  readonly capacity: number;
  /** Later messages are asked for. */
  readonly lastMessageId: number;
}

/** It holds the session and sends no poll: `setPolling(false)`. */
export interface ListenerUnpolled {
  /** The state. */
  readonly state: "unpolled";
  /** Counts the sessions of this listener, from 1. */
  readonly generation: number;
}

/** It has a message, and the handler is at work. */
export interface ListenerHandling {
  /** The state. */
  readonly state: "handling";
  /** Counts the sessions of this listener, from 1. */
  readonly generation: number;
  /** The message. */
  readonly messageId: number;
  /** 1 at first; more when handling it failed before. */
  readonly attempt: number;
}

/** It waits with its session in hand. */
export interface ListenerRecovering {
  /** The state. */
  readonly state: "recovering";
  /** Counts the sessions of this listener, from 1. */
  readonly generation: number;
  /** What failed. */
  readonly reason: RecoveringReason;
  /** What it failed with; undefined for `hurried`. */
  readonly error: unknown;
  /** Until it polls again. @unit milliseconds */
  readonly retryInMs: number;
}

/** `run` has ended. */
export interface ListenerClosed {
  /** The state. */
  readonly state: "closed";
  /** What `run` rejects with; undefined when it was asked to end. */
  readonly error: unknown;
}

/** A session is open. */
export interface SessionOpened {
  /** Counts the sessions of this listener, from 1. */
  readonly generation: number;
  /** The service's id of it. */
  readonly sessionId: string;
  /** A new one when the scale set came back under another id (F4). */
  readonly scaleSetId: number;
  /** The reading that it was opened with: the handler is told of it next. */
  readonly statistics: RunnerScaleSetStatistics;
  /** When the opening was sent, by `Clock.uptime`: the session was ours then. @unit milliseconds */
  readonly sentAt: number;
}

/** What is between the times that a job message carries; undefined where one of them is not set. */
export interface JobDurations {
  /** From being queued to being given to the scale set. @unit milliseconds */
  readonly queuedMs: number | undefined;
  /** From there to having a runner: what the autoscaler is responsible for. @unit milliseconds */
  readonly startupMs: number | undefined;
  /** From there to the end; undefined until then. @unit milliseconds */
  readonly executionMs: number | undefined;
}

/** A message that is given up after its last attempt (F12). It is acknowledged next, and never comes again. */
export interface PoisonMessage {
  /** The message. */
  readonly messageId: number;
  /** Of the session that it came by. */
  readonly scaleSetId: number;
  /** Counts the sessions of this listener, from 1. */
  readonly generation: number;
  /** How often it was tried: `timings.poisonAttempts`. */
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
  /** The reading. */
  readonly statistics: RunnerScaleSetStatistics;
  /** Counts the sessions of this listener, from 1. */
  readonly generation: number;
  /** Of the session that it came by. */
  readonly scaleSetId: number;
  /** Undefined for the reading that the session was opened with. */
  readonly messageId: number | undefined;
}

/**
 * Told of everything a listener goes through, for metrics and status pages. Each part is optional. Callbacks are called
 * synchronously, before what follows from them; one that throws is logged and ignored.
 *
 * @example
 * ```ts
 * const observer: ListenerObserver = {
 *   onStatistics: ({ statistics }) => console.log("assigned", statistics.totalAssignedJobs),
 *   onJobStarted: ({ startupMs }) => console.log("started after", startupMs),
 *   onDesiredCount: ({ count }) => console.log("desired", count),
 *   onState: ({ state }) => console.log(state),
 * };
 * ```
 */
export interface ListenerObserver {
  /** It does something else from now on. */
  onState?(state: ListenerState): void;
  /** A session is open, and its first reading is handled next. */
  onSessionOpened?(event: SessionOpened): void;
  /**
   * The session is gone; another one is opened in place. Called as soon as that is known, also while a handler is at work.
   * Not called when the listener closes the session itself.
   */
  onSessionLost?(event: { readonly generation: number; readonly error: unknown }): void;
  /** The service answered the closing of a session, a lost one's too: it is in nobody's way. */
  onSessionClosed?(event: { readonly sessionId: string; readonly scaleSetId: number }): void;
  /** A poll is sent, and announces that capacity. */
  onPollStarted?(event: { readonly generation: number; readonly capacity: number }): void;
  /** The service answered a call of the session: the lease lives from here. Errors are no answers. */
  onAnswered?(answer: SessionAnswer): void;
  /** A message is given up after its last attempt, and acknowledged next (F12). */
  onPoison?(poison: PoisonMessage): void;
  /** A reading was handled. */
  onStatistics?(read: StatisticsRead): void;
  /** The handler's `onStatistics` answered how many runners it wants now. */
  onDesiredCount?(event: { readonly count: number; readonly scaleSetId: number; readonly generation: number }): void;
  /** A job of ours started: once a message, however often that is delivered. Its `executionMs` is undefined yet. */
  onJobStarted?(event: { readonly job: JobStarted } & JobDurations): void;
  /** A job of ours ended: once a message, however often that is delivered. */
  onJobCompleted?(event: { readonly job: JobCompleted } & JobDurations): void;
}
