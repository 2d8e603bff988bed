// Checked by `npm run typecheck`; nothing here runs.
import type { Logger as PinoLogger } from "pino";
import { expectTypeOf } from "vitest";
import type * as api from "../../src/index.js";
import type {
  AcquirableJob,
  CallOptions,
  Clock,
  FetchLike,
  JobMessage,
  Listener,
  ListenerClient,
  ListenerOptions,
  ListenerState,
  Logger,
  MessageSession,
  RecordedSession,
  RunnerScaleSetMessage,
  RunnerScaleSetStatistics,
  ScaleSetClient,
  ScaleSetClientOptions,
  Secret,
  SessionOpened,
} from "../../src/index.js";
import type { VirtualClock } from "../kit/virtual-clock.js";

type Last<T extends readonly unknown[]> = Required<T> extends readonly [...unknown[], infer L] ? L : never;

/** Names of the methods that leave the process and take no signal. */
type Unabortable<T> = {
  [K in keyof T]: T[K] extends (...args: infer Args) => PromiseLike<unknown> | AsyncIterator<unknown>
    ? { readonly signal: AbortSignal } extends Pick<Last<Args> & { readonly signal?: unknown }, "signal">
      ? "signal" extends keyof Last<Args>
        ? never
        : K
      : K
    : never;
}[Exclude<keyof T, symbol>];

// Every call can be ended by a signal; only to let go of everything at once can't.
expectTypeOf<Unabortable<ScaleSetClient>>().toEqualTypeOf<"close">();
expectTypeOf<Unabortable<MessageSession>>().toEqualTypeOf<never>();
expectTypeOf<Unabortable<Listener>>().toEqualTypeOf<never>();

// A signal that may be there is passed on as it is, in spite of exactOptionalPropertyTypes.
declare const maybe: AbortSignal | undefined;
expectTypeOf({ signal: maybe }).toExtend<CallOptions>();

// `await using` and `for await`.
expectTypeOf<ScaleSetClient>().toExtend<AsyncDisposable>();
expectTypeOf<MessageSession>().toExtend<AsyncDisposable>();
expectTypeOf<ReturnType<MessageSession["messages"]>>().toExtend<AsyncIterable<RunnerScaleSetMessage>>();

// What exists fits as it is: fetch, a pino logger, a client for a listener, a clock of one's own.
expectTypeOf<typeof fetch>().toExtend<FetchLike>();
expectTypeOf<PinoLogger>().toExtend<Logger>();
expectTypeOf<ScaleSetClient>().toExtend<ListenerClient>();
expectTypeOf<VirtualClock>().toExtend<Clock>();

// Job messages and states are unions to switch on.
declare const job: JobMessage;
if (job.messageType === "JobStarted") expectTypeOf(job.runnerName).toEqualTypeOf<string>();
else if (job.messageType === "unknown") expectTypeOf(job.raw).toEqualTypeOf<unknown>();
else expectTypeOf(job.finishTime).toEqualTypeOf<Date | undefined>();
declare const now: ListenerState;
if (now.state === "standby") expectTypeOf(now.holder).toEqualTypeOf<string | undefined>();
// @ts-expect-error a poll has nobody else who holds the session
if (now.state === "polling") now.holder;

if (now.state === "unpolled") expectTypeOf(now.generation).toEqualTypeOf<number>();

// What a listener takes while it runs, and what it resumes from.
declare const listener: Listener;
expectTypeOf(listener.setMaxCapacity).toBeCallableWith(3, { lowerAtOnce: true });
expectTypeOf(listener.setPolling).toBeCallableWith(false);
expectTypeOf(listener.polling).toEqualTypeOf<boolean>();
expectTypeOf(listener.restartCursor).returns.toEqualTypeOf<void>();
expectTypeOf(listener.refresh).returns.resolves.toEqualTypeOf<RunnerScaleSetStatistics | undefined>();
expectTypeOf<ListenerOptions["recordedSession"]>().toEqualTypeOf<RecordedSession | undefined>();
expectTypeOf<SessionOpened["sentAt"]>().toEqualTypeOf<number>();
// @ts-expect-error a session is recorded with its scale set
export const halfRecorded: RecordedSession = { sessionId: "0b9d6a51-7c0e-4c3e-9f57-6d1f0b8b2a10" };

// Wide numbers are never numbers; what must not be seen is never a string.
expectTypeOf<AcquirableJob["runnerRequestId"]>().toEqualTypeOf<string>();
expectTypeOf<Parameters<MessageSession["acquireJobs"]>[0]>().toEqualTypeOf<readonly string[]>();
declare const secret: Secret;
// @ts-expect-error it has to be revealed
export const leaked: string = secret;

// Options that exclude each other or do not exist are refused.
declare const options: ScaleSetClientOptions;
// @ts-expect-error no such option
export const wrong: ScaleSetClientOptions = { ...options, timeout: 5 };
// @ts-expect-error it says where and who
export const empty: ScaleSetClientOptions = {};

// Named exports only.
expectTypeOf<"default" extends keyof typeof api ? true : false>().toEqualTypeOf<false>();
