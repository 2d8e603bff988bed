import type { Refusal, RefusalKind } from "../service/refusal.js";

/** Status and full type name of each refusal, as the Actions service words them. Clients match parts of the name. */
const exceptions: Record<RefusalKind, readonly [status: number, namespace: string]> = {
  ArgumentException: [400, "System"],
  RunnerScaleSetNotFoundException: [404, "GitHub.Actions.Runtime.WebApi"],
  RunnerScaleSetExistsException: [400, "GitHub.Actions.Runtime.WebApi"],
  RunnerGroupNotFoundException: [400, "GitHub.Actions.Runtime.WebApi"],
  RunnerScaleSetSessionConflictException: [409, "GitHub.Actions.Runtime.WebApi"],
  RunnerScaleSetSessionExpiredException: [400, "GitHub.Actions.Runtime.WebApi"],
  RunnerAdminException: [404, "GitHub.Actions.Runtime.WebApi"],
  AgentExistsException: [409, "GitHub.DistributedTask.WebApi"],
  AgentNotFoundException: [404, "GitHub.DistributedTask.WebApi"],
  JobStillRunningException: [400, "GitHub.DistributedTask.WebApi"],
  UnauthorizedException: [401, "GitHub.Services.Common"],
  ForbiddenException: [403, "GitHub.Services.Common"],
  VersionNotSpecifiedException: [400, "GitHub.Services.WebApi.Vss"],
  UnsupportedMediaTypeException: [415, "GitHub.Services.WebApi"],
  NotFoundException: [404, "GitHub.Services.WebApi"],
  MethodNotAllowedException: [405, "GitHub.Services.WebApi"],
  TaskAgentSessionConflictException: [409, "GitHub.DistributedTask.WebApi"],
  TaskAgentSessionExpiredException: [404, "GitHub.DistributedTask.WebApi"],
  TaskAgentNotFoundException: [404, "GitHub.DistributedTask.WebApi"],
  TaskAgentVersionTooOldException: [403, "GitHub.DistributedTask.WebApi"],
  AcknowledgeJobNotFound: [404, "GitHub.DistributedTask.WebApi"],
  RunnerLoopsException: [404, "GitHub.DistributedTask.WebApi"],
  JobNotFoundException: [404, "GitHub.DistributedTask.WebApi"],
  JobTakenException: [409, "GitHub.DistributedTask.WebApi"],
};

function statusOf(refusal: Refusal): number {
  return exceptions[refusal.kind][0];
}

/** An error of the Actions service and its queue. */
export function actionsError(refusal: Refusal): Response {
  const [status, namespace] = exceptions[refusal.kind];
  return Response.json(
    { typeName: `${namespace}.${refusal.kind}, ${namespace}`, message: refusal.message },
    { status },
  );
}

/** An error of the GitHub API. */
export function gitHubError(refusal: Refusal): Response {
  const status = statusOf(refusal);
  return Response.json(
    { message: refusal.message, documentation_url: "https://docs.github.com/rest", status: String(status) },
    { status, headers: refusal.headers },
  );
}

/** Kinds that a runner knows by their name in the body (runner-protocol.md §6). */
const brokerKinds: Partial<Record<RefusalKind, string>> = {
  AcknowledgeJobNotFound: "AcknowledgeJobNotFound",
  TaskAgentNotFoundException: "RunnerNotFound",
  TaskAgentSessionExpiredException: "RunnerSessionInvalid",
  TaskAgentVersionTooOldException: "RunnerVersionTooOld",
};

/**
 * An error of the runner's broker. The official runner decides by the body; another implementation looks for the old
 * exception name in the text, and only that of an expired session makes it stop polling.
 */
export function brokerError(refusal: Refusal): Response {
  const status = statusOf(refusal);
  const gone = refusal.kind === "TaskAgentNotFoundException" || refusal.kind === "TaskAgentSessionExpiredException";
  const errorKind = brokerKinds[refusal.kind];
  return Response.json(
    {
      source: "actions-broker-listener",
      ...(errorKind === undefined ? {} : { errorKind }),
      statusCode: status,
      errorMessage: gone ? `${refusal.message} TaskAgentSessionExpiredException` : refusal.message,
    },
    { status },
  );
}

/** An error of the run service. */
export function runServiceError(refusal: Refusal): Response {
  const status = statusOf(refusal);
  return Response.json(
    { source: "actions-run-service", statusCode: status, errorMessage: refusal.message },
    { status },
  );
}
