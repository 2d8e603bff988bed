import type { defineProvisioner } from "@scaleset/provisioner";
import {
  engineFields,
  fileFields,
  innerEngineFields,
  limitFields,
  machineFields,
  networkFields,
  optionParts,
  recordFields,
  runnerFields,
} from "./option-fields.js";

/** When the image is fetched from its registry; the words are those of `docker run --pull`. */
export type PullPolicy = "missing" | "always" | "never";

export interface MountOptions {
  readonly type?: "bind" | "volume" | undefined;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface RegistryOptions {
  readonly server?: string | undefined;
  readonly username: string;
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
}

export interface DockerInDockerOptions {
  readonly image: string;
  readonly command?: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly cpus?: number | undefined;
  readonly memory?: number | string | undefined;
  readonly privileged: boolean;
  readonly runtime?: string | undefined;
  readonly mounts: readonly MountOptions[];
}

export interface EngineOptions {
  readonly host?: string | undefined;
  readonly tls?: { readonly ca?: string | undefined; readonly cert: string; readonly key: string } | undefined;
}

/** Options of the `docker` provisioner, checked. What each does is told by its description in the schema. */
export interface DockerOptions {
  readonly image: string;
  readonly pull: PullPolicy;
  readonly registry?: RegistryOptions | undefined;
  readonly command?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly jitConfig: "env" | "file";
  readonly cpus?: number | undefined;
  readonly cpuset?: string | undefined;
  readonly memory?: number | string | undefined;
  readonly memorySwap?: number | string | undefined;
  readonly pids?: number | undefined;
  readonly shm?: number | string | undefined;
  readonly ulimits: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly mounts: readonly MountOptions[];
  readonly readOnly: boolean;
  readonly networks: readonly string[];
  readonly extraHosts: readonly string[];
  readonly dns: readonly string[];
  readonly devices: readonly string[];
  readonly gpus?: "all" | number | readonly string[] | undefined;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly securityOpt: readonly string[];
  readonly privileged: boolean;
  readonly init?: boolean | undefined;
  readonly runtime?: string | undefined;
  readonly platform?: string | undefined;
  readonly log?: { readonly driver: string; readonly options: Readonly<Record<string, string>> } | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly dockerInDocker?: DockerInDockerOptions | undefined;
  readonly prewarm: number;
  readonly engine: EngineOptions;
  readonly createOptions: Readonly<Record<string, unknown>>;
}

type Definition = Parameters<typeof defineProvisioner<DockerOptions>>[0];
type Schema = ReturnType<Definition["options"]>;

/** The options as a person writes them. */
export const dockerOptions: Definition["options"] = (z): Schema => {
  const parts = optionParts(z);
  return z
    .strictObject({
      ...runnerFields(z, parts),
      ...limitFields(z, parts),
      ...fileFields(z, parts),
      ...networkFields(z, parts),
      ...machineFields(z, parts),
      ...recordFields(z, parts),
      ...innerEngineFields(z, parts),
      ...engineFields(z, parts),
    })
    .superRefine((options, context) => {
      if (options.networks.length > 1 && options.networks.includes("host")) {
        context.addIssue({
          code: "custom",
          path: ["networks"],
          message: "host can't be joined together with other networks",
        });
      }
      if (options.dockerInDocker !== undefined && options.networks.includes("host")) {
        context.addIssue({
          code: "custom",
          path: ["networks"],
          message: "a runner with an engine of its own has a network of its own: leave host out, or dockerInDocker",
        });
      }
    });
};
