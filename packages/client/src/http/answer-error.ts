import { type Operation, type Permissions, ScaleSetError, type ScaleSetErrorCode } from "../errors.js";
import type { Secret } from "../secret.js";
import { isRecord, parseJson } from "../wire/json.js";
import { retryAfterMs } from "./rate-limit.js";
import { redact, shorten } from "./redact.js";
import type { Answer } from "./transport.js";

/**
 * The service names its exceptions by their full .NET type; a part of it is matched, as the reference does.
 * The only place where text decides.
 */
const TYPE_NAMES: readonly (readonly [part: string, code: ScaleSetErrorCode, only?: readonly Operation[]])[] = [
  ["AgentExistsException", "RUNNER_EXISTS"],
  ["AgentNotFoundException", "RUNNER_NOT_FOUND"],
  ["JobStillRunningException", "JOB_STILL_RUNNING"],
  ["RunnerScaleSetNotFoundException", "SCALE_SET_NOT_FOUND"],
  ["RunnerScaleSetExistsException", "SCALE_SET_EXISTS"],
  ["RunnerScaleSetSessionConflictException", "SESSION_CONFLICT"],
  ["RunnerScaleSetSessionExpiredException", "SESSION_EXPIRED"],
  // Of a session call it means that the session is gone from the service's store (F3).
  ["RunnerAdminException", "SESSION_EXPIRED", ["refreshMessageSession", "closeMessageSession"]],
];

/** Calls that carry the queue's token; its 401 is not GitHub's. */
const QUEUE_CALLS: readonly Operation[] = ["getMessage", "acknowledgeMessage", "acquireJobs"];

export interface Refusal {
  readonly operation: Operation;
  readonly answer: Answer;
  readonly nowMs: number;
  readonly secrets: readonly Secret[];
}

/** One answer that is no success, as an error. */
export function errorFromAnswer(refusal: Refusal): ScaleSetError {
  const { operation, answer, nowMs, secrets } = refusal;
  const exception = readException(answer.text);
  const waitMs = retryAfterMs(answer.header, nowMs);
  const code = codeOf(operation, answer, exception.typeName, waitMs !== undefined);
  const serviceMessage = exception.message === undefined ? undefined : shorten(redact(exception.message, secrets));
  const permissions = code === "FORBIDDEN" || code === "UNAUTHORIZED" ? permissionsOf(answer) : undefined;
  const said = serviceMessage === undefined || serviceMessage === "" ? "" : `: ${serviceMessage}`;
  const missing = permissions?.accepted === undefined ? "" : ` (needs ${permissions.accepted})`;
  return new ScaleSetError(code, `${operation} was answered with ${answer.status}${said}${missing}`, {
    operation,
    status: answer.status,
    requestId: answer.header("x-github-request-id"),
    activityId: answer.header("activityid"),
    retryAfterMs: waitMs,
    serviceMessage,
    permissions,
  });
}

function codeOf(
  operation: Operation,
  answer: Answer,
  typeName: string | undefined,
  asksToWait: boolean,
): ScaleSetErrorCode {
  const { status } = answer;
  for (const [part, code, only] of TYPE_NAMES) {
    if (typeName?.includes(part) && (only === undefined || only.includes(operation))) return code;
  }
  if (status === 429 || (status === 403 && asksToWait)) return "RATE_LIMITED";
  if (status === 401) return QUEUE_CALLS.includes(operation) ? "QUEUE_TOKEN_EXPIRED" : "UNAUTHORIZED";
  if (status === 403) return "FORBIDDEN";
  if (status === 404 || status === 410) return "NOT_FOUND";
  if (status === 409) return "CONFLICT";
  if (status === 408) return "TIMEOUT";
  if (status >= 500) return "SERVER_ERROR";
  // A 2xx of the wrong kind is an answer that means nothing here.
  return status < 300 ? "PROTOCOL" : "BAD_REQUEST";
}

function permissionsOf(answer: Answer): Permissions | undefined {
  const accepted = answer.header("x-accepted-github-permissions") ?? answer.header("x-accepted-oauth-scopes");
  const granted = answer.header("x-oauth-scopes");
  return accepted === undefined && granted === undefined ? undefined : { accepted, granted };
}

/** Bodies of refusals are JSON, plain text, HTML or nothing. Of HTML nothing is worth repeating. */
function readException(text: string): { readonly typeName?: string; readonly message?: string } {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.startsWith("<")) return {};
  const json = parseJson(trimmed);
  if (!isRecord(json)) return { message: trimmed };
  const typeName = json["typeName"];
  const message = json["message"];
  return {
    ...(typeof typeName === "string" ? { typeName } : {}),
    ...(typeof message === "string" ? { message } : {}),
  };
}
