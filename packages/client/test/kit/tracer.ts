import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import {
  diagnosticsChannels,
  type MessageDiagnostics,
  type RequestDiagnostics,
  type RetryDiagnostics,
  type SessionDiagnostics,
} from "../../src/index.js";

export interface Span {
  readonly name: string;
  readonly parent: Span | undefined;
  readonly attributes: Record<string, unknown>;
  ended: boolean;
  failed: boolean;
}

/**
 * What a tracer does with the channels: a span for each request, under the span that the caller was in, and made the parent
 * of what is done to send it; notes for the rest.
 */
export class Tracer implements Disposable {
  readonly spans: Span[] = [];
  /** All that there is to see of each request, errors and their causes with it. */
  readonly inspected: string[] = [];
  readonly retries: RetryDiagnostics[] = [];
  readonly sessions: SessionDiagnostics[] = [];
  readonly messages: MessageDiagnostics[] = [];
  readonly #current = new AsyncLocalStorage<Span>();
  readonly #open = new WeakMap<RequestDiagnostics, Span>();
  readonly #requests = tracingChannel<Span, RequestDiagnostics>(diagnosticsChannels.request);
  readonly #subscribers = {
    start: () => {},
    end: () => {},
    asyncStart: () => {},
    asyncEnd: (request: RequestDiagnostics) => this.#finish(request),
    error: (request: RequestDiagnostics) => this.#fail(request),
  };
  readonly #notes = {
    [diagnosticsChannels.retry]: (event: unknown) => this.retries.push(event as RetryDiagnostics),
    [diagnosticsChannels.session]: (event: unknown) => this.sessions.push(event as SessionDiagnostics),
    [diagnosticsChannels.message]: (event: unknown) => this.messages.push(event as MessageDiagnostics),
  };

  constructor() {
    this.#requests.start.bindStore(this.#current, (request) => this.#begin(request));
    this.#requests.subscribe(this.#subscribers);
    for (const [name, note] of Object.entries(this.#notes)) subscribe(name, note);
  }

  /** The span that whoever asks is in. */
  get current(): Span | undefined {
    return this.#current.getStore();
  }

  within<T>(name: string, work: () => T): T {
    return this.#current.run(this.#span(name, {}), work);
  }

  [Symbol.dispose](): void {
    this.#requests.start.unbindStore(this.#current);
    this.#requests.unsubscribe(this.#subscribers);
    for (const [name, note] of Object.entries(this.#notes)) unsubscribe(name, note);
  }

  #begin(request: RequestDiagnostics): Span {
    const { operation, attempt, owner, scaleSetId, method, host } = request;
    const span = this.#span(operation, { attempt, owner, scaleSetId, method, host });
    this.#open.set(request, span);
    return span;
  }

  #span(name: string, attributes: Record<string, unknown>): Span {
    const span = { name, parent: this.current, attributes, ended: false, failed: false };
    this.spans.push(span);
    return span;
  }

  #fail(request: RequestDiagnostics): void {
    const span = this.#open.get(request);
    if (span !== undefined) span.failed = true;
  }

  #finish(request: RequestDiagnostics): void {
    const span = this.#open.get(request);
    if (span === undefined) return;
    span.ended = true;
    this.inspected.push(inspect(request, { depth: 9, showHidden: true }));
    const { status, durationMs, requestId, error, aborted } = request;
    Object.assign(span.attributes, { status, durationMs, requestId, code: error?.code, aborted });
  }
}
