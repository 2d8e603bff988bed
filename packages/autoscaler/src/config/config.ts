import type { Secret } from "@scaleset/client";
import type { Timings } from "../core/settings.js";

/**
 * The configuration as the daemon takes it: checked, defaults filled in, paths absolute.
 * `loadConfigFile` and `loadConfigFlags` make it; whoever embeds the daemon may write it by hand.
 */
export interface AutoscalerConfig {
  /** Where scale sets that name no target register. */
  readonly github?: TargetConfig | undefined;
  /** More places to register, by name. */
  readonly targets?: Readonly<Record<string, TargetConfig>> | undefined;
  /** Name that this daemon holds its message sessions under; the same after a restart. */
  readonly owner: string;
  /** Where backends keep records that outlive the daemon. Absolute. */
  readonly stateFolder: string;
  /** What relative paths in provisioner options are relative to: the config file's folder, else the working folder. */
  readonly baseFolder: string;
  readonly scaleSets: readonly ScaleSetConfig[];
  readonly log: LogConfig;
  readonly limits: LimitsConfig;
  /** Of the whole process, and of scale sets that have none of their own. */
  readonly timings: Timings;
}

/** An organization, repository or enterprise, on github.com or a GHES, and how to get in. */
export interface TargetConfig {
  readonly url: string;
  /** Targets that are to share tokens share this very object. */
  readonly credentials: CredentialsConfig;
}

export type CredentialsConfig =
  | { readonly kind: "token"; readonly token: SecretConfig }
  | {
      readonly kind: "app";
      /** The App's client id, or its numeric id as text. */
      readonly clientId: string;
      /** Looked up at the service where undefined. */
      readonly installationId: number | undefined;
      /** PEM, PKCS#1 or PKCS#8. */
      readonly privateKey: SecretConfig;
    };

/** A secret, or where it is fetched whenever it is needed: a changed file or a renewed token is found by itself. */
export type SecretConfig = Secret | SecretFile | SecretCommand;

export interface SecretFile {
  /** Absolute. Holds the secret and nothing else. */
  readonly file: string;
}

export interface SecretCommand {
  /** Program and arguments; run without a shell. It prints the secret and nothing else. */
  readonly command: readonly string[];
  /** Absolute; where it runs. */
  readonly folder: string;
}

export interface ScaleSetConfig {
  readonly name: string;
  /** A name of `targets`. @default `github` */
  readonly target?: string | undefined;
  readonly labels: readonly string[];
  readonly runnerGroup: string;
  readonly minRunners: number;
  readonly maxRunners: number;
  /** Weight among scale sets that share a limit. @default 1 */
  readonly priority?: number | undefined;
  /** Whether runners are told not to update themselves. */
  readonly disableUpdate: boolean;
  /** Whether a scale set that went away at the service is made anew. @default true */
  readonly recreate?: boolean | undefined;
  /** What the names of its runners begin with. */
  readonly namePrefix: string;
  readonly workFolder: string;
  /** `options` is what that kind's own schema made of them. */
  readonly provisioner: ProvisionerConfig;
  /** @default those of the process */
  readonly timings?: Timings | undefined;
}

export interface ProvisionerConfig {
  readonly kind: string;
  readonly options: unknown;
}

export interface LimitsConfig {
  /** Launches under way at one time on each provisioner, that is on each distinct set of its options. */
  readonly launchConcurrency: number;
  /** Most runners of all scale sets together, shared fairly. @default no limit but their own */
  readonly maxRunners?: number | undefined;
  /** Most scale sets that this daemon works for at one time; others wait, and go to other daemons. @default all */
  readonly maxScaleSets?: number | undefined;
  /** Requests a second to one host. @default 100 */
  readonly requestsPerSecond?: number | undefined;
  /** Attempts a second to open sessions that somebody else held. @default 5 */
  readonly standbyProbesPerSecond?: number | undefined;
}

/** Where limits say nothing. */
export const defaultLimits = { launchConcurrency: 10, requestsPerSecond: 100, standbyProbesPerSecond: 5 };

export function limitsOf(limits: LimitsConfig): LimitsConfig & typeof defaultLimits {
  return {
    ...limits,
    requestsPerSecond: limits.requestsPerSecond ?? defaultLimits.requestsPerSecond,
    standbyProbesPerSecond: limits.standbyProbesPerSecond ?? defaultLimits.standbyProbesPerSecond,
  };
}

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFormat = "text" | "json";

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** How `github` is called where a target is named. */
export const GITHUB_TARGET = "github";

/**
 * Where a scale set registers.
 *
 * @throws {RangeError} for a target that is not there
 */
export function targetOf(config: AutoscalerConfig, scaleSet: ScaleSetConfig): TargetConfig {
  const name = scaleSet.target ?? GITHUB_TARGET;
  const target = name === GITHUB_TARGET ? config.github : config.targets?.[name];
  if (target === undefined)
    throw new RangeError(`the scale set ${scaleSet.name} names the target ${name}: there is none`);
  return target;
}
