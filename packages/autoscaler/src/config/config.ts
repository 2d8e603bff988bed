import type { Secret } from "@scaleset/client";
import type { Timings } from "../core/settings.js";

/**
 * The configuration as the daemon takes it: checked, defaults filled in, secrets read, paths absolute.
 * `loadConfigFile` and `loadConfigFlags` make it; whoever embeds the daemon may write it by hand.
 */
export interface AutoscalerConfig {
  readonly github: { readonly url: string; readonly credentials: CredentialsConfig };
  /** Name that this daemon holds its message sessions under; the same after a restart. */
  readonly owner: string;
  /** Where backends keep records that outlive the daemon. Absolute. */
  readonly stateFolder: string;
  /** What relative paths in provisioner options are relative to: the config file's folder, else the working folder. */
  readonly baseFolder: string;
  readonly scaleSets: readonly ScaleSetConfig[];
  readonly log: LogConfig;
  readonly limits: LimitsConfig;
  readonly timings: Timings;
}

export type CredentialsConfig =
  | { readonly kind: "token"; readonly token: Secret }
  | {
      readonly kind: "app";
      /** The App's client id, or its numeric id as text. */
      readonly clientId: string;
      /** Looked up at the service where undefined. */
      readonly installationId: number | undefined;
      /** PEM, PKCS#1 or PKCS#8. */
      readonly privateKey: Secret;
    };

export interface ScaleSetConfig {
  readonly name: string;
  readonly labels: readonly string[];
  readonly runnerGroup: string;
  readonly minRunners: number;
  readonly maxRunners: number;
  /** Whether runners are told not to update themselves. */
  readonly disableUpdate: boolean;
  /** What the names of its runners begin with. */
  readonly namePrefix: string;
  readonly workFolder: string;
  /** `options` is what that kind's own schema made of them. */
  readonly provisioner: { readonly kind: string; readonly options: unknown };
}

export interface LimitsConfig {
  /** Launches under way at one time in this process. */
  readonly launchConcurrency: number;
}

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFormat = "text" | "json";

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: LogFormat;
}
