/** Why the service refuses. Each kind is one `typeName` on the wire, and one status (http/exceptions.ts). */
export const refusalKinds = [
  "ArgumentException",
  "RunnerScaleSetNotFoundException",
  "RunnerScaleSetExistsException",
  "RunnerGroupNotFoundException",
  "RunnerScaleSetSessionConflictException",
  "RunnerScaleSetSessionExpiredException",
  "RunnerAdminException",
  "AgentExistsException",
  "AgentNotFoundException",
  "JobStillRunningException",
  "UnauthorizedException",
  "ForbiddenException",
  "VersionNotSpecifiedException",
  "UnsupportedMediaTypeException",
  "NotFoundException",
  "MethodNotAllowedException",
  "TaskAgentSessionConflictException",
  "TaskAgentSessionExpiredException",
  "TaskAgentNotFoundException",
  "TaskAgentVersionTooOldException",
  "AcknowledgeJobNotFound",
  "RunnerLoopsException",
  "JobNotFoundException",
  "JobTakenException",
] as const;

export type RefusalKind = (typeof refusalKinds)[number];

/** A rule said no. Whoever speaks to the asker turns it into an answer. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
