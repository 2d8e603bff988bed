export type {
  AutoscalerConfig,
  CredentialsConfig,
  LimitsConfig,
  LogConfig,
  LogFormat,
  LogLevel,
  ProvisionerConfig,
  ScaleSetConfig,
  SecretCommand,
  SecretConfig,
  SecretFile,
  TargetConfig,
} from "./config/config.js";
export type { Environment } from "./config/environment.js";
export type { ConfigHost, ProvisionerLookup } from "./config/host.js";
export { ConfigError, type ConfigIssue, formatIssue } from "./config/issue.js";
export { loadConfigFile } from "./config/load.js";
export type { LoadedConfig } from "./config/resolve.js";
export type { Belief, CommandType, Phase, Statistics } from "./core/model.js";
export { defaultTimings, type Limits, type Timings } from "./core/settings.js";
export type { AppliedChanges } from "./daemon/fleets.js";
export { type Autoscaler, type AutoscalerPorts, createAutoscaler } from "./daemon.js";
export { identityOf } from "./engine/labels.js";
export type { Problem, ProblemCode } from "./engine/problem.js";
export type { RunnerActivity, RunnerCounts, RunnerStatus } from "./engine/runner-status.js";
export type { ScaleSetState, ScaleSetStatus, SessionStatus } from "./engine/status.js";
export type { FailedRunnerStatus } from "./engine/worker-facts.js";
export type { AutoscalerObserver } from "./engine/worker-options.js";
export type { SessionRecord, SessionRecords } from "./ports/session-records.js";
export type { ExtraProvisioners } from "./provisioners/registry.js";
export { NoDaemonError, readStatus, type StatusReadOptions } from "./status/read.js";
export { type StatusServer, type StatusServerOptions, serveStatus } from "./status/server.js";
export { type AutoscalerStatus, type DaemonProblem, STATUS_SCHEMA } from "./status/snapshot.js";
export { StatusSocketError, statusSocketPath } from "./status/socket.js";
export { thisHost } from "./this-host.js";
export { VERSION } from "./version.js";
