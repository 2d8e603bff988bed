export type {
  AutoscalerConfig,
  CredentialsConfig,
  LimitsConfig,
  LogConfig,
  LogFormat,
  LogLevel,
  ScaleSetConfig,
} from "./config/config.js";
export type { Phase } from "./core/model.js";
export { defaultTimings, type Limits, type Timings } from "./core/settings.js";
export { type Autoscaler, type AutoscalerPorts, type AutoscalerStatus, createAutoscaler } from "./daemon.js";
export { identityOf } from "./engine/labels.js";
export type { ScaleSetStatus } from "./engine/status.js";
export { VERSION } from "./version.js";
