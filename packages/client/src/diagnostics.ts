import { channel, tracingChannel } from "node:diagnostics_channel";
import type { Operation, ScaleSetError, ScaleSetErrorCode } from "./errors.js";

/**
 * Names of the `node:diagnostics_channel` channels that this package publishes to, so that a tracer can hook in without
 * being depended on. While nobody subscribes nothing is built or published. No event holds a token, key, JIT config
 * or query of a URL. A subscriber must not throw: Node reports that as an uncaught exception.
 *
 * @example
 * ```ts
 * import { subscribe, tracingChannel } from "node:diagnostics_channel";
 *
 * subscribe(diagnosticsChannels.session, (message) => {
 *   const { event, owner, scaleSetId } = message as SessionDiagnostics;
 *   console.log(`${owner} ${event} the session of ${scaleSetId}`);
 * });
 *
 * const startedAt = new WeakMap<object, number>();
 * tracingChannel<unknown, RequestDiagnostics>(diagnosticsChannels.request).subscribe({
 *   start: (request) => startedAt.set(request, performance.now()),
 *   asyncEnd: (request) => console.log(request.operation, request.status, startedAt.get(request)),
 *   error: (request) => console.error(request.error),
 *   end: () => {},
 *   asyncStart: () => {},
 * });
 * ```
 */
export const diagnosticsChannels = {
  /**
   * A `tracingChannel` whose context is a {@link RequestDiagnostics}, one an attempt: `start` and `end` around sending,
   * `error` when it failed, then `asyncStart` and `asyncEnd` when it is over. `start` can bind a store, for a parent span.
   */
  request: "scaleset:client:request",
  /** A plain channel of {@link RetryDiagnostics}: a failed attempt that is repeated. */
  retry: "scaleset:client:retry",
  /** A plain channel of {@link SessionDiagnostics}: the life of message sessions. */
  session: "scaleset:client:session",
  /** A plain channel of {@link MessageDiagnostics}: the life of messages. */
  message: "scaleset:client:message",
} as const;

/** What every event tells. */
export interface DiagnosticsEvent {
  /** Owner of the session that the call belongs to; undefined outside a session. */
  readonly owner: string | undefined;
  /** Of the call; undefined where it is about none. */
  readonly scaleSetId: number | undefined;
}

/** One attempt of a call: the same object in all its events. What is optional is set when the attempt is over. */
export interface RequestDiagnostics extends DiagnosticsEvent {
  /** Which call it is. */
  readonly operation: Operation;
  /** 1 for the first. */
  readonly attempt: number;
  /** Of HTTP. */
  readonly method: string;
  /** Name and port of the server. */
  readonly host: string;
  /** From sending to the whole answer, decoded. @unit milliseconds */
  readonly durationMs?: number;
  /** HTTP status, when there was an answer. */
  readonly status?: number | undefined;
  /** `X-GitHub-Request-Id`. */
  readonly requestId?: string | undefined;
  /** `ActivityId` of the Actions service. */
  readonly activityId?: string | undefined;
  /** Why it failed. It may be tried again: see {@link RetryDiagnostics}. */
  readonly error?: ScaleSetError;
  /** True when the caller ended it: no failure, and no `error` is published. */
  readonly aborted?: boolean;
}

/** An attempt failed, and is repeated after a wait. */
export interface RetryDiagnostics extends DiagnosticsEvent {
  /** Which call it is. */
  readonly operation: Operation;
  /** The attempt that failed; 1 for the first. */
  readonly attempt: number;
  /** Why it failed. */
  readonly code: ScaleSetErrorCode;
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** `X-GitHub-Request-Id` of the failed attempt. */
  readonly requestId: string | undefined;
  /** Until the next attempt. @unit milliseconds */
  readonly waitMs: number;
}

/** A session's life. */
export interface SessionDiagnostics extends DiagnosticsEvent {
  /** `lost` is told by a {@link Listener} alone; it then closes the session as well, in case it lives on at the service. */
  readonly event: "opened" | "refreshed" | "closed" | "lost";
  /** The service's id of it. */
  readonly sessionId: string;
  /** Of `lost`: why. */
  readonly code?: ScaleSetErrorCode | undefined;
}

/** A message's life. `received` and `acknowledged` are told by every session, the others by a {@link Listener} alone. */
export interface MessageDiagnostics extends DiagnosticsEvent {
  /** `failed`: the handler threw, the message comes again; `poison`: it threw for the last time. */
  readonly event: "received" | "handled" | "failed" | "poison" | "acknowledged";
  /** The service's id of it. */
  readonly messageId: number;
  /** How many job messages it holds, where that is known. */
  readonly jobs?: number | undefined;
  /** Of `handled` and `failed`: whether it came before. */
  readonly redelivered?: boolean | undefined;
  /** Of `handled`, `failed` and `poison`: 1 at first; more when handling it failed before. */
  readonly attempt?: number | undefined;
  /** Of `handled` and `failed`: how long the handler took. @unit milliseconds */
  readonly durationMs?: number | undefined;
}

interface Events {
  readonly retry: RetryDiagnostics;
  readonly session: SessionDiagnostics;
  readonly message: MessageDiagnostics;
}

const channels = {
  retry: /* @__PURE__ */ channel(diagnosticsChannels.retry),
  session: /* @__PURE__ */ channel(diagnosticsChannels.session),
  message: /* @__PURE__ */ channel(diagnosticsChannels.message),
};

const requests = /* @__PURE__ */ tracingChannel<unknown, RequestDiagnostics>(diagnosticsChannels.request);

/** Publishes what `event` makes, if anybody listens. */
export function publish<Name extends keyof Events>(name: Name, event: () => Events[Name]): void {
  if (channels[name].hasSubscribers) channels[name].publish(event());
}

/** Whether anybody would hear of a request. */
export function requestsObserved(): boolean {
  return (
    requests.start.hasSubscribers ||
    requests.asyncEnd.hasSubscribers ||
    requests.error.hasSubscribers ||
    requests.end.hasSubscribers ||
    requests.asyncStart.hasSubscribers
  );
}

/** One attempt, for those who trace. Adds no turn of the loop: a world under a virtual clock goes on as without it. */
export class RequestSpan {
  readonly #context: RequestDiagnostics;

  constructor(context: RequestDiagnostics) {
    this.#context = context;
  }

  /** Tells that it starts, and sends it within the stores that a tracer bound. */
  run<T>(send: () => T): T {
    const sent = requests.start.runStores(this.#context, send);
    requests.end.publish(this.#context);
    return sent;
  }

  finish(
    outcome: Pick<RequestDiagnostics, "durationMs" | "status" | "requestId" | "activityId" | "error" | "aborted">,
  ) {
    Object.assign(this.#context, outcome);
    if (outcome.error !== undefined) requests.error.publish(this.#context);
    requests.asyncStart.publish(this.#context);
    requests.asyncEnd.publish(this.#context);
  }
}
