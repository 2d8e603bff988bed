import { Lifetime } from "../async/lifetime.js";
import type { Clock, Random } from "../clock.js";
import { publish, RequestSpan, requestsObserved } from "../diagnostics.js";
import { type Operation, ScaleSetError } from "../errors.js";
import type { Logger } from "../logger.js";
import { type ClientObserver, tell } from "../observer.js";
import type { Secret } from "../secret.js";
import type { ClientTimings } from "../timings.js";
import { type Field, protocolError, UnexpectedShape } from "../wire/decode.js";
import { parseJson } from "../wire/json.js";
import { errorFromAnswer } from "./answer-error.js";
import { RequestPace } from "./pace.js";
import { errorCode, redact, redactedCause } from "./redact.js";
import { nextStep, type Repeat, type RetryPolicy } from "./retry.js";
import { type Answer, AnswerTooLargeError, type Lane, type Transport } from "./transport.js";
import { type SystemInfo, UserAgent } from "./user-agent.js";

/** One call, whatever it is for. */
export interface Exchange<T> {
  readonly operation: Operation;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly authorization: { readonly scheme: "Bearer" | "RemoteAuth"; readonly token: Secret };
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly lane?: Lane;
  readonly repeat: Repeat;
  /** Refusals that this call may meet for a moment, and that are tried again therefore. */
  readonly passing?: readonly number[];
  readonly success: (status: number) => boolean;
  /** Sees every answer, also refusals, before it is judged. */
  readonly inspect?: (answer: Answer) => void;
  readonly decode: Decode<T>;
  readonly scaleSetId?: number | undefined;
  /** Of the session that the call belongs to, for whoever traces. */
  readonly owner?: string | undefined;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export type Decode<T> = (answer: Answer, body: () => Field) => T;

/** What came of a call, and its last attempt: how long it took, and when it was sent by `Clock.uptime`. */
export interface Delivered<T> {
  readonly value: T;
  readonly heldMs: number;
  readonly sentAt: number;
  readonly answer: Answer;
}

interface Failure {
  readonly error: ScaleSetError;
  readonly sent: boolean;
}

/** Errors of the transport that prove that no byte of the request reached the service. */
const NEVER_SENT: readonly string[] = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
];

export interface SenderOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly observer: ClientObserver;
  readonly timings: ClientTimings;
  readonly systemInfo: SystemInfo;
  readonly retry: RetryPolicy;
  readonly maxRequestsPerSecond: number;
  readonly pace: RequestPace | undefined;
  readonly maxAnswerBytes: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** The one place that sends: pace, deadline, retry, decoding, correlation ids, redaction. */
export class Sender {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly observer: ClientObserver;
  readonly timings: ClientTimings;
  systemInfo: SystemInfo;
  readonly #options: SenderOptions;
  readonly #transport: Transport;
  readonly #pace: RequestPace;
  readonly #addedHeaders: Readonly<Record<string, string>>;
  readonly #userAgent = new UserAgent();
  readonly #lifetime = new Lifetime();

  constructor(options: SenderOptions, transport: Transport) {
    this.clock = options.clock;
    this.random = options.random;
    this.logger = options.logger;
    this.observer = options.observer;
    this.timings = options.timings;
    this.systemInfo = options.systemInfo;
    this.#options = options;
    const added = Object.entries(options.headers).map(([name, value]) => [name.toLowerCase(), value] as const);
    this.#addedHeaders = Object.fromEntries(added);
    this.#transport = transport;
    this.#pace = options.pace ?? new RequestPace(options.maxRequestsPerSecond, options.clock);
  }

  /** @throws {ScaleSetError}, or the signal's reason. */
  async send<T>(exchange: Exchange<T>): Promise<Delivered<T>> {
    for (let attempt = 1; ; attempt++) {
      await this.#pause(this.#pace.turnMs(), exchange.signal);
      this.#throwIfOver(exchange.signal);
      const startedAt = this.clock.monotonic();
      const sentAt = this.clock.uptime();
      const span = requestsObserved() ? spanOf(exchange, attempt) : undefined;
      const send = () => this.#attempt(exchange);
      const outcome = await (span === undefined ? send() : span.run(send));
      const durationMs = this.clock.monotonic() - startedAt;
      if ("answer" in outcome) {
        span?.finish({ durationMs, ...correlationOf(outcome.answer) });
        this.#report(exchange, { attempt, durationMs, status: outcome.answer.status });
        return { ...outcome, heldMs: durationMs, sentAt };
      }
      const { error, sent } = outcome;
      if (exchange.signal?.aborted || this.#lifetime.ended) {
        span?.finish({ durationMs, aborted: true });
        this.#throwIfOver(exchange.signal);
      }
      const { status, requestId, activityId, code } = error;
      span?.finish({ durationMs, status, requestId, activityId, error });
      const passing = error.status !== undefined && exchange.passing?.includes(error.status) === true;
      const step = nextStep(
        { attempt, error, sent, repeat: exchange.repeat, passing },
        this.#options.retry,
        this.random,
      );
      const waitMs = step === "stop" ? undefined : step.waitMs;
      this.#report(exchange, { attempt, durationMs, status, error, retryInMs: waitMs });
      if (waitMs === undefined) throw error;
      const { operation, owner, scaleSetId } = exchange;
      publish("retry", () => ({ operation, owner, scaleSetId, attempt, code, status, requestId, waitMs }));
      await this.#pause(waitMs, exchange.signal);
    }
  }

  #throwIfOver(signal: AbortSignal | undefined): void {
    if (this.#lifetime.ended) throw closed();
    signal?.throwIfAborted();
  }

  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (ms <= 0) return;
    using both = this.#lifetime.link(signal);
    await this.clock.sleep(ms, { signal: both.signal });
  }

  get closed(): boolean {
    return this.#lifetime.ended;
  }

  /** Ends what is under way with `CLOSED`. */
  async close(): Promise<void> {
    this.#lifetime.end(closed());
    await this.#transport.close();
  }

  async #attempt<T>(exchange: Exchange<T>): Promise<{ readonly value: T; readonly answer: Answer } | Failure> {
    const { callDeadlineMs, pollDeadlineMs } = this.timings;
    const lane = exchange.lane ?? "call";
    const deadlineMs = exchange.deadlineMs ?? (lane === "poll" ? pollDeadlineMs : callDeadlineMs);
    // By hand: what `using` is compiled to lives as long as the poll does, a thousand times.
    const deadline = this.clock.deadline(deadlineMs, { signal: exchange.signal });
    let answer: Answer;
    try {
      const request = {
        method: exchange.method,
        url: exchange.url,
        headers: this.#headers(exchange),
        body: exchange.body,
        lane,
        maxAnswerBytes: this.#options.maxAnswerBytes,
        signal: deadline.signal,
      };
      answer = await this.#transport.send(request);
    } catch (error) {
      return this.#noAnswer(exchange, error, deadline.signal.aborted ? deadlineMs : undefined);
    } finally {
      deadline[Symbol.dispose]();
    }
    return this.#read(exchange, answer);
  }

  #read<T>(exchange: Exchange<T>, answer: Answer): { readonly value: T; readonly answer: Answer } | Failure {
    const { operation } = exchange;
    exchange.inspect?.(answer);
    if (!exchange.success(answer.status)) {
      const secrets = [exchange.authorization.token];
      return { error: errorFromAnswer({ operation, answer, nowMs: this.clock.now(), secrets }), sent: true };
    }
    try {
      return { value: exchange.decode(answer, () => bodyOf(operation, answer)), answer };
    } catch (error) {
      return { error: unreadable(operation, answer, error), sent: true };
    }
  }

  #noAnswer<T>(exchange: Exchange<T>, error: unknown, lateMs: number | undefined): Failure {
    const { operation } = exchange;
    // The host's name, never the query, which holds a session's id.
    const host = exchange.url.host;
    const cause = redactedCause(error, [exchange.authorization.token]);
    if (lateMs !== undefined) {
      const message = `${operation} had no answer from ${host} within ${lateMs} ms`;
      return { error: new ScaleSetError("TIMEOUT", message, { operation, cause }), sent: true };
    }
    if (error instanceof ScaleSetError) return { error, sent: false };
    if (error instanceof AnswerTooLargeError) {
      return { error: new ScaleSetError("PROTOCOL", `${operation}: ${error.message}`, { operation }), sent: true };
    }
    const code = codeInChain(error);
    const message = `${operation} had no whole answer from ${host}${code === undefined ? "" : ` (${code})`}`;
    const sent = code === undefined || !NEVER_SENT.includes(code);
    return { error: new ScaleSetError("NETWORK", message, { operation, cause }), sent };
  }

  #headers<T>(exchange: Exchange<T>): Record<string, string> {
    const { scheme, token } = exchange.authorization;
    const headers: Record<string, string> = { ...this.#addedHeaders, accept: "application/json" };
    if (exchange.body !== undefined) headers["content-type"] = "application/json";
    Object.assign(headers, exchange.headers);
    headers["authorization"] = `${scheme} ${token.reveal()}`;
    headers["user-agent"] = this.#userAgent.of(this.systemInfo, exchange.scaleSetId);
    return headers;
  }

  #report<T>(
    exchange: Exchange<T>,
    ended: {
      readonly attempt: number;
      readonly durationMs: number;
      readonly status: number | undefined;
      readonly error?: ScaleSetError;
      readonly retryInMs?: number | undefined;
    },
  ): void {
    const { operation } = exchange;
    const { attempt, durationMs, status, error, retryInMs } = ended;
    const record = { operation, attempt, durationMs, status, code: error?.code, retryInMs };
    tell(this.logger, () => this.observer.onAttempt?.(record));
    if (error === undefined) this.logger.debug(record, "answered");
    else this.logger.debug({ ...record, requestId: error.requestId, activityId: error.activityId }, error.message);
  }
}

function closed(): ScaleSetError {
  return new ScaleSetError("CLOSED", "the client is closed", { operation: "configure" });
}

function spanOf<T>({ operation, method, url, owner, scaleSetId }: Exchange<T>, attempt: number): RequestSpan {
  return new RequestSpan({ operation, attempt, method, host: url.host, owner, scaleSetId });
}

function correlationOf(answer: Answer) {
  const requestId = answer.header("x-github-request-id");
  return { status: answer.status, requestId, activityId: answer.header("activityid") };
}

function bodyOf(operation: Operation, answer: Answer): Field {
  const value = parseJson(answer.text);
  if (value === undefined) throw protocolError(operation, answer.text.trim() === "" ? "it is empty" : "it is no JSON");
  return { value, path: "answer" };
}

/** Of a message that can't be read, so much is kept. @unit characters */
const LONGEST_BODY = 1_000_000;

function unreadable(operation: Operation, answer: Answer, error: unknown): ScaleSetError {
  if (!(error instanceof UnexpectedShape) && !(error instanceof ScaleSetError)) throw error;
  const known = error instanceof ScaleSetError ? error : protocolError(operation, error.message);
  return new ScaleSetError(known.code, known.message, {
    operation,
    ...correlationOf(answer),
    messageId: known.messageId,
    messageBody: known.messageBody === undefined ? undefined : redact(known.messageBody, [], LONGEST_BODY),
  });
}

/** `fetch` wraps what happened below in a cause. */
function codeInChain(error: unknown): string | undefined {
  for (let link = error, depth = 0; link instanceof Error && depth < 5; link = link.cause, depth++) {
    const code = errorCode(link);
    if (code !== undefined) return code;
    if (link instanceof AggregateError) return codeInChain(link.errors[0]);
  }
  return undefined;
}
