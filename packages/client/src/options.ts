import { realClock, realRandom } from "./async/real-clock.js";
import type { Credentials } from "./auth/credentials.js";
import type { Clock, Random } from "./clock.js";
import { ScaleSetError } from "./errors.js";
import { type ConfigTarget, parseConfigUrl } from "./http/config-url.js";
import type { RequestPace } from "./http/pace.js";
import type { RetryPolicy } from "./http/retry.js";
import type { FetchLike, NetworkOptions } from "./http/transport.js";
import type { SystemInfo } from "./http/user-agent.js";
import { type Logger, silentLogger } from "./logger.js";
import type { ClientObserver } from "./observer.js";
import type { ClientTimings } from "./timings.js";

/** How a client is made. What is left out or undefined has its default. */
export interface ScaleSetClientOptions {
  /** `https://HOST/ORG`, `https://HOST/OWNER/REPO` or `https://HOST/enterprises/NAME`, hosted or GHES. */
  readonly configUrl: string | URL;
  /** See {@link personalAccessToken}, {@link githubApp}, {@link tokenProvider}. May be shared between clients. */
  readonly credentials: Credentials;
  /** Who calls, for the `User-Agent`. @default empty; `setSystemInfo` can say it later */
  readonly systemInfo?: SystemInfo | undefined;
  /** Where log records go. @default `silentLogger`, nowhere */
  readonly logger?: Logger | undefined;
  /** Told of every attempt, for metrics. @default nobody is told */
  readonly observer?: ClientObserver | undefined;
  /** Deadlines. @default 15 s a call, 75 s a poll, 3 s to close a session */
  readonly timings?: Partial<ClientTimings> | undefined;
  /** How often and after how long a failed call is repeated. @default 4 attempts, 0.25 to 10 s apart, jittered */
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Most requests that this client sends in a second; more wait. @default 100 */
  readonly maxRequestsPerSecond?: number | undefined;
  /** Shared with other clients of the same host, in place of `maxRequestsPerSecond`. @default none, a pace of its own */
  readonly pace?: RequestPace | undefined;
  /** An answer with a longer body is refused, as `PROTOCOL`. @unit bytes @default 16 MiB */
  readonly maxAnswerBytes?: number | undefined;
  /** Headers to add to every request, for a gateway in between. They never replace the protocol's own. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Proxy, CA, client certificate. Refused together with `fetch`. @default what the environment and Node say */
  readonly network?: NetworkOptions | undefined;
  /** Sends requests in place of the built-in transport: a simulator in process, or a runtime's own. @default the built-in one */
  readonly fetch?: FetchLike | undefined;
  /** Where time comes from. @default `realClock` */
  readonly clock?: Clock | undefined;
  /** Where chance comes from, for jitter. @default `realRandom` */
  readonly random?: Random | undefined;
  /** Where `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` and `GITHUB_ACTIONS_FORCE_GHES` are read, once. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface ResolvedOptions {
  readonly target: ConfigTarget;
  readonly credentials: Credentials;
  readonly systemInfo: SystemInfo;
  readonly logger: Logger;
  readonly observer: ClientObserver;
  readonly timings: ClientTimings;
  readonly retry: RetryPolicy;
  readonly maxRequestsPerSecond: number;
  readonly pace: RequestPace | undefined;
  readonly maxAnswerBytes: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly network: NetworkOptions;
  readonly fetch: FetchLike | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_TIMINGS: ClientTimings = { callDeadlineMs: 15_000, pollDeadlineMs: 75_000, closeDeadlineMs: 3_000 };
const DEFAULT_RETRY: RetryPolicy = { attempts: 4, baseMs: 250, maxMs: 10_000, maxRetryAfterMs: 60_000 };

export function resolveOptions(options: ScaleSetClientOptions): ResolvedOptions {
  const env = options.env ?? process.env;
  if (options.fetch !== undefined && options.network !== undefined) {
    throw new ScaleSetError("CONFIG", "network options have no effect on a fetch of your own: set them there", {
      operation: "configure",
    });
  }
  return {
    target: parseConfigUrl(options.configUrl, { forceGhes: env["GITHUB_ACTIONS_FORCE_GHES"] !== undefined }),
    credentials: options.credentials,
    systemInfo: options.systemInfo ?? {},
    logger: options.logger ?? silentLogger,
    observer: options.observer ?? {},
    timings: positive("timings", { ...DEFAULT_TIMINGS, ...defined(options.timings) }),
    retry: positive("retry", { ...DEFAULT_RETRY, ...defined(options.retry) }),
    maxRequestsPerSecond: options.maxRequestsPerSecond ?? 100,
    pace: options.pace,
    maxAnswerBytes: options.maxAnswerBytes ?? 16 * 1024 * 1024,
    headers: options.headers ?? {},
    network: options.network ?? {},
    fetch: options.fetch,
    clock: options.clock ?? realClock,
    random: options.random ?? realRandom,
    env,
  };
}

/** Without the fields that are there but undefined, which would else hide the defaults. */
export function defined<T extends object>(values: Partial<T> | undefined): Partial<T> {
  const kept: Partial<T> = { ...values };
  for (const key in kept) if (kept[key] === undefined) delete kept[key];
  return kept;
}

/** Refuses settings that would make every call fail, or never end. */
export function positive<T extends object>(what: string, values: T): T {
  for (const [key, value] of Object.entries(values)) {
    if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) {
      throw new ScaleSetError("CONFIG", `${what}.${key} must be a positive number`, { operation: "configure" });
    }
  }
  return values;
}
