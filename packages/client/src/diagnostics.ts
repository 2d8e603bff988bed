import { channel } from "node:diagnostics_channel";
import type { Operation, ScaleSetErrorCode } from "./errors.js";

/**
 * Names of the `node:diagnostics_channel` channels that this package publishes to, so that a tracer can hook in without
 * being depended on. Nothing is built or published while nobody subscribes. No event holds a token, key, JIT config or URL.
 *
 * ```ts
 * import { subscribe } from "node:diagnostics_channel";
 * subscribe(diagnosticsChannels.request, (message) => {
 *   const event = message as RequestEvent;
 *   if (event.phase === "start") spans.set(event.span, tracer.startSpan(event.operation));
 *   else spans.get(event.span)?.end();
 * });
 * ```
 */
export const diagnosticsChannels = {
  /** {@link RequestEvent}: every attempt, when it starts and when it ends. */
  request: "scaleset:request",
  /** {@link RetryEvent}: a failed attempt that is repeated. */
  retry: "scaleset:retry",
  /** {@link SessionEvent}: the life of message sessions. */
  session: "scaleset:session",
  /** {@link MessageEvent}: the life of messages. */
  message: "scaleset:message",
} as const;

/** What every event tells. */
export interface DiagnosticsEvent {
  /** Owner of the session that the call belongs to; undefined outside a session. */
  readonly owner: string | undefined;
  readonly scaleSetId: number | undefined;
}

/** One attempt of a call. `span` is the same object at its start and at its end, and at no other's. */
export type RequestEvent = DiagnosticsEvent & {
  readonly span: object;
  readonly operation: Operation;
  /** 1 for the first. */
  readonly attempt: number;
  readonly method: string;
  /** Name and port of the server. */
  readonly host: string;
} & (
    | { readonly phase: "start" }
    | {
        readonly phase: "end";
        /** @unit milliseconds */
        readonly durationMs: number;
        /** Undefined when there was no answer. */
        readonly status: number | undefined;
        /** Undefined when it succeeded. */
        readonly code: ScaleSetErrorCode | undefined;
        /** `X-GitHub-Request-Id`, of refusals. */
        readonly requestId: string | undefined;
        /** `ActivityId`, of refusals. */
        readonly activityId: string | undefined;
      }
  );

/** An attempt failed and is repeated after a wait. */
export interface RetryEvent extends DiagnosticsEvent {
  readonly operation: Operation;
  /** The one that failed; 1 for the first. */
  readonly attempt: number;
  readonly code: ScaleSetErrorCode;
  readonly status: number | undefined;
  /** @unit milliseconds */
  readonly waitMs: number;
}

/** A session was opened, refreshed or closed; or lost, which only a listener can tell. */
export interface SessionEvent extends DiagnosticsEvent {
  readonly event: "opened" | "refreshed" | "closed" | "lost";
  readonly sessionId: string;
  /** Why it was lost. */
  readonly code?: ScaleSetErrorCode | undefined;
}

/** A message was received or acknowledged; a listener also tells when it was handled, failed or given up. */
export interface MessageEvent extends DiagnosticsEvent {
  readonly event: "received" | "handled" | "failed" | "poison" | "acknowledged";
  readonly messageId: number;
  /** How many job messages it holds, where that is known. */
  readonly jobs?: number | undefined;
  /** Listeners: whether it came before. */
  readonly redelivered?: boolean | undefined;
  /** Listeners: 1 at first; more when handling it failed before. */
  readonly attempt?: number | undefined;
  /** Of `handled` and `failed`: how long the handler took. @unit milliseconds */
  readonly durationMs?: number | undefined;
}

interface Events {
  readonly request: RequestEvent;
  readonly retry: RetryEvent;
  readonly session: SessionEvent;
  readonly message: MessageEvent;
}

const channels = {
  request: /* @__PURE__ */ channel(diagnosticsChannels.request),
  retry: /* @__PURE__ */ channel(diagnosticsChannels.retry),
  session: /* @__PURE__ */ channel(diagnosticsChannels.session),
  message: /* @__PURE__ */ channel(diagnosticsChannels.message),
};

/** Whether anybody would hear it. */
export function observed(name: keyof Events): boolean {
  return channels[name].hasSubscribers;
}

/** Publishes what `event` makes, if anybody listens. A subscriber that throws harms nobody: Node reports it by itself. */
export function publish<Name extends keyof Events>(name: Name, event: () => Events[Name]): void {
  if (channels[name].hasSubscribers) channels[name].publish(event());
}
