/** Why the service refuses. Each kind is one `typeName` on the wire, and one status (wire/exceptions.ts). */
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

  /** Headers that tell more. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(kind: RefusalKind, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.kind = kind;
    this.headers = headers;
  }
}
