export { realClock, realRandom } from "./async/real-clock.js";
export type { Signer } from "./auth/app-jwt.js";
export {
  type AppOptions,
  type Credentials,
  githubApp,
  personalAccessToken,
  tokenProvider,
} from "./auth/credentials.js";
export { DEFAULT_RUNNER_GROUP, ScaleSetClient } from "./client.js";
export type { Clock, Deadline, Random } from "./clock.js";
export type { DebugInfo } from "./debug-info.js";
export {
  type DiagnosticsEvent,
  diagnosticsChannels,
  type MessageDiagnostics,
  type RequestDiagnostics,
  type RetryDiagnostics,
  type SessionDiagnostics,
} from "./diagnostics.js";
export {
  isScaleSetError,
  type Operation,
  type Permissions,
  ScaleSetError,
  type ScaleSetErrorCode,
  type ScaleSetErrorDetails,
} from "./errors.js";
export { type ConfigTarget, parseConfigUrl } from "./http/config-url.js";
export { RequestPace } from "./http/pace.js";
export type { RetryPolicy } from "./http/retry.js";
export type { FetchLike, NetworkOptions } from "./http/transport.js";
export type { SystemInfo } from "./http/user-agent.js";
export type { ListenerHandler, MessageContext, StatisticsContext } from "./listener/handler.js";
export { Listener } from "./listener/listener.js";
export type {
  JobDurations,
  ListenerClosed,
  ListenerHandling,
  ListenerObserver,
  ListenerOpening,
  ListenerPolling,
  ListenerRecovering,
  ListenerStandby,
  ListenerState,
  ListenerUnpolled,
  ListenerWaiting,
  PoisonMessage,
  RecoveringReason,
  SessionOpened,
  StatisticsRead,
  WaitingReason,
} from "./listener/observer.js";
export type { ListenerClient, ListenerOptions, ListenerTimings, RecordedSession } from "./listener/options.js";
export { StopListening } from "./listener/stop-listening.js";
export { type Logger, silentLogger } from "./logger.js";
export type { Attempt, ClientObserver } from "./observer.js";
export type { ScaleSetClientOptions } from "./options.js";
export { Secret } from "./secret.js";
export type { MessageSession } from "./session/message-session.js";
export type { ClientTimings } from "./timings.js";
export type {
  AcquirableJob,
  CallOptions,
  Drift,
  EnsuredRunnerScaleSet,
  GetMessageOptions,
  JitRunnerConfig,
  JobAssigned,
  JobAvailable,
  JobCompleted,
  JobDetails,
  JobMessage,
  JobStarted,
  Label,
  MessagesOptions,
  NewRunnerScaleSet,
  OpenSessionOptions,
  RunnerDownload,
  RunnerGroup,
  RunnerReference,
  RunnerScaleSet,
  RunnerScaleSetChanges,
  RunnerScaleSetMessage,
  RunnerScaleSetStatistics,
  SessionAnswer,
  UnknownJobMessage,
} from "./types.js";
export { VERSION } from "./version.js";
