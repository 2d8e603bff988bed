import type { Connection } from "../auth/connection.js";
import { isScaleSetError, type Operation } from "../errors.js";
import type { Repeat } from "../http/retry.js";
import type { Decode, Delivered, Exchange, Sender } from "../http/sender.js";
import { withoutLastSlashes } from "../http/slashes.js";
import type { Secret } from "../secret.js";

const API_VERSION = "6.0-preview";
/** The queue wants it there, not in the query. */
const QUEUE_ACCEPT = `application/json; api-version=${API_VERSION}`;

export const SCALE_SETS = "_apis/runtime/runnerscalesets";
export const RUNNER_GROUPS = "_apis/runtime/runnergroups/";
export const RUNNERS = "_apis/distributedtask/pools/0/agents";

export interface ServiceCall<T> {
  readonly operation: Operation;
  readonly method: Exchange<T>["method"];
  /** Below the service's base, segments escaped. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: string;
  /** @default safe */
  readonly repeat?: Repeat;
  readonly success: number | readonly number[];
  readonly decode: Decode<T>;
  readonly scaleSetId?: number;
  readonly owner?: string | undefined;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface QueueCall<T> {
  readonly operation: Operation;
  readonly method: Exchange<T>["method"];
  readonly url: URL;
  readonly token: Secret;
  readonly headers?: Readonly<Record<string, string>>;
  readonly poll: boolean;
  readonly repeat: Repeat;
  readonly success: readonly number[];
  readonly decode: Decode<T>;
  readonly scaleSetId: number;
  readonly owner: string;
  readonly signal?: AbortSignal | undefined;
}

/** Calls to the Actions service with its admin token, and to a session's queue with the queue's. */
export class ActionsService {
  readonly sender: Sender;
  readonly #connection: Connection;

  constructor(sender: Sender, connection: Connection) {
    this.sender = sender;
    this.#connection = connection;
  }

  /** With the admin token; one that was refused is replaced and the call repeated, once. */
  async call<T>(call: ServiceCall<T>): Promise<Delivered<T>> {
    const admin = this.#connection.current() ?? (await this.#connection.admin(call.signal));
    try {
      return await this.sender.send(exchangeOf(call, admin.baseUrl, admin.token));
    } catch (error) {
      if (!isScaleSetError(error, "UNAUTHORIZED") || !this.#connection.refuse(admin)) throw error;
      const other = await this.#connection.admin(call.signal);
      return this.sender.send(exchangeOf(call, other.baseUrl, other.token));
    }
  }

  /** At the service's address, but with the queue's token: acquiring jobs. */
  async callWithQueueToken<T>(call: ServiceCall<T>, token: Secret): Promise<Delivered<T>> {
    const admin = await this.#connection.admin(call.signal);
    return this.sender.send(exchangeOf(call, admin.baseUrl, token));
  }

  queue<T>(call: QueueCall<T>): Promise<Delivered<T>> {
    return this.sender.send({
      operation: call.operation,
      method: call.method,
      url: call.url,
      authorization: { scheme: "Bearer", token: call.token },
      headers: { accept: QUEUE_ACCEPT, ...call.headers },
      lane: call.poll ? "poll" : "call",
      repeat: call.repeat,
      success: (status) => call.success.includes(status),
      decode: call.decode,
      scaleSetId: call.scaleSetId,
      owner: call.owner,
      signal: call.signal,
    });
  }
}

function exchangeOf<T>(call: ServiceCall<T>, baseUrl: URL, token: Secret): Exchange<T> {
  const { success } = call;
  return {
    operation: call.operation,
    method: call.method,
    url: serviceUrl(baseUrl, call.path, call.query),
    authorization: { scheme: "Bearer", token },
    headers: { "content-type": "application/json" },
    body: call.body,
    repeat: call.repeat ?? "safe",
    success: (status) => (typeof success === "number" ? status === success : success.includes(status)),
    decode: call.decode,
    scaleSetId: call.scaleSetId,
    owner: call.owner,
    ...(call.deadlineMs === undefined ? {} : { deadlineMs: call.deadlineMs }),
    signal: call.signal,
  };
}

/** The base may carry a path and a query of its own: both are kept. */
export function serviceUrl(baseUrl: URL, path: string, query: ServiceCall<unknown>["query"] = {}): URL {
  const { origin, pathname, search } = baseUrl;
  const url = new URL(`${origin}${withoutLastSlashes(pathname)}/${path}`);
  const asked = Object.entries(query);
  // The usual case by hand: it is every call's, and a parsed query costs as much as the rest of the URL.
  if (search === "" && asked.length === 0) {
    url.search = `api-version=${API_VERSION}`;
    return url;
  }
  url.search = search;
  for (const [name, value] of asked) url.searchParams.set(name, String(value));
  if (!url.searchParams.has("api-version")) url.searchParams.set("api-version", API_VERSION);
  return url;
}
