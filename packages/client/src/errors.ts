/**
 * What a call was doing when it failed, and its name in logs and metrics. The four of getting in are steps of the token
 * chain; the others are the methods of the same name.
 */
export type Operation =
  | "getAppInstallation"
  | "createInstallationToken"
  | "createRegistrationToken"
  | "registerRunnerAdmin"
  | "getRunnerScaleSet"
  | "listRunnerScaleSets"
  | "getRunnerScaleSetById"
  | "createRunnerScaleSet"
  | "updateRunnerScaleSet"
  | "deleteRunnerScaleSet"
  | "getRunnerGroupByName"
  | "generateJitRunnerConfig"
  | "getRunner"
  | "getRunnerByName"
  | "listRunners"
  | "removeRunner"
  | "listRunnerDownloads"
  | "listAcquirableJobs"
  | "openMessageSession"
  | "refreshMessageSession"
  | "closeMessageSession"
  | "getMessage"
  | "acknowledgeMessage"
  | "acquireJobs"
  | "configure"
  | "listen";

/**
 * What went wrong. Switch on this, never on a message.
 *
 * - `CONFIG`: an option can never work (config URL, private key, capacity);
 * - `CLOSED`: the client or session was closed before;
 * - `NETWORK`: no whole answer: refused, reset, cut off; `TIMEOUT`: none within the deadline;
 * - `PROTOCOL`: an answer that means nothing: empty, truncated, oversized, HTML, a missing field;
 * - `SERVER_ERROR`: 5xx; `RATE_LIMITED`: 429, or a 403 that is a rate limit;
 * - `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND`, `CONFLICT`, `BAD_REQUEST`: 401, 403, 404, 409 and the other 4xx (and 3xx)
 *   that say no more;
 * - `SCALE_SET_NOT_FOUND`, `SCALE_SET_EXISTS`, `RUNNER_NOT_FOUND`, `RUNNER_EXISTS`, `RUNNER_GROUP_NOT_FOUND`;
 * - `AMBIGUOUS`: more than one answer where one was asked for;
 * - `JOB_STILL_RUNNING`: the runner can't be removed, it has a job: a fact rather than a failure;
 * - `SESSION_CONFLICT`: another session of this scale set lives; `SESSION_EXPIRED`: this one does not any more;
 *   `SESSION_UNUSABLE`: it was opened without a queue, an id or statistics;
 * - `QUEUE_TOKEN_EXPIRED`: the queue refused its token again after a refresh.
 *
 * @example
 * ```ts
 * if (!isScaleSetError(error)) throw error;
 * switch (error.code) {
 *   case "SESSION_CONFLICT":
 *     console.log(`somebody else holds the session: ${error.serviceMessage}`);
 *     break;
 *   case "RATE_LIMITED":
 *     console.log(`left alone for ${error.retryAfterMs} ms`);
 *     break;
 *   default:
 *     throw error;
 * }
 * ```
 */
export type ScaleSetErrorCode =
  | "CONFIG"
  | "CLOSED"
  | "NETWORK"
  | "TIMEOUT"
  | "PROTOCOL"
  | "SERVER_ERROR"
  | "RATE_LIMITED"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "CONFLICT"
  | "BAD_REQUEST"
  | "SCALE_SET_NOT_FOUND"
  | "SCALE_SET_EXISTS"
  | "RUNNER_NOT_FOUND"
  | "RUNNER_EXISTS"
  | "RUNNER_GROUP_NOT_FOUND"
  | "AMBIGUOUS"
  | "JOB_STILL_RUNNING"
  | "SESSION_CONFLICT"
  | "SESSION_EXPIRED"
  | "SESSION_UNUSABLE"
  | "QUEUE_TOKEN_EXPIRED";

const RETRYABLE: ReadonlySet<ScaleSetErrorCode> = new Set([
  "NETWORK",
  "TIMEOUT",
  "PROTOCOL",
  "SERVER_ERROR",
  "RATE_LIMITED",
  "SESSION_UNUSABLE",
]);

/** What a {@link ScaleSetError} is made of besides its code and message: its fields of the same names. */
export interface ScaleSetErrorDetails {
  /** What was being done. */
  readonly operation: Operation;
  /** HTTP status, when there was an answer. */
  readonly status?: number | undefined;
  /** `X-GitHub-Request-Id` of the answer. */
  readonly requestId?: string | undefined;
  /** `ActivityId` of the answer. */
  readonly activityId?: string | undefined;
  /** How long the service asked to be left alone. @unit milliseconds */
  readonly retryAfterMs?: number | undefined;
  /** What the service said, redacted. */
  readonly serviceMessage?: string | undefined;
  /** What was missing, by GitHub's word. */
  readonly permissions?: Permissions | undefined;
  /** The queue message whose body could not be read. */
  readonly messageId?: number | undefined;
  /** What that body was, redacted. */
  readonly messageBody?: string | undefined;
  /** The error from below, redacted. */
  readonly cause?: unknown;
}

/** What GitHub said about rights when it refused: what would have been enough, and what the token has. */
export interface Permissions {
  /** `X-Accepted-GitHub-Permissions` (Apps, fine-grained tokens) or `X-Accepted-OAuth-Scopes` (classic tokens). */
  readonly accepted: string | undefined;
  /** `X-OAuth-Scopes`: the scopes of a classic token. */
  readonly granted: string | undefined;
}

const BRAND = Symbol.for("scaleset.ScaleSetError");

/**
 * The one error of this package. It holds no token, key, JIT config or query of a URL. Tell it by
 * {@link isScaleSetError}, and switch on its `code`.
 */
export class ScaleSetError extends Error {
  /** Always `ScaleSetError`. */
  override readonly name = "ScaleSetError";
  /** What went wrong. */
  readonly code: ScaleSetErrorCode;
  /** What was being done. */
  readonly operation: Operation;
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** `X-GitHub-Request-Id`: what GitHub's support asks for. */
  readonly requestId: string | undefined;
  /** `ActivityId` of the Actions service: the same, for its side. */
  readonly activityId: string | undefined;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** How long the service asked to be left alone. @unit milliseconds */
  readonly retryAfterMs: number | undefined;
  /** What the service said, shortened and redacted. */
  readonly serviceMessage: string | undefined;
  /** On a refusal by GitHub: what was missing. */
  readonly permissions: Permissions | undefined;
  /** The queue message whose body could not be read, when its id could. */
  readonly messageId: number | undefined;
  /** What that body was, redacted. */
  readonly messageBody: string | undefined;
  /** @internal Tells it apart across copies of this package. */
  readonly [BRAND] = true;

  constructor(code: ScaleSetErrorCode, message: string, details: ScaleSetErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.operation = details.operation;
    this.status = details.status;
    this.requestId = details.requestId;
    this.activityId = details.activityId;
    this.retryable = RETRYABLE.has(code);
    this.retryAfterMs = details.retryAfterMs;
    this.serviceMessage = details.serviceMessage;
    this.permissions = details.permissions;
    this.messageId = details.messageId;
    this.messageBody = details.messageBody;
  }
}

/**
 * True for a {@link ScaleSetError} (of the given code), also one made by another copy of this package. Narrows to it.
 *
 * @param code - the only one that counts. @default any
 *
 * @example
 * ```ts
 * await client.removeRunner(7).catch((error: unknown) => {
 *   if (!isScaleSetError(error, "JOB_STILL_RUNNING")) throw error;
 * });
 * ```
 */
export function isScaleSetError<C extends ScaleSetErrorCode = ScaleSetErrorCode>(
  error: unknown,
  code?: C,
): error is ScaleSetError & { readonly code: C } {
  if (!(error instanceof Error) || !(BRAND in error)) return false;
  return code === undefined || ("code" in error && error.code === code);
}
