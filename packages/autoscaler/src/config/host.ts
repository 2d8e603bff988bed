import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { Provisioner } from "@scaleset/provisioner";
import type { Environment } from "./environment.js";

/** What a configuration takes from the machine and the process it is read in. */
export interface ConfigHost {
  readonly environment: Environment;
  /** Absolute. */
  readonly workingFolder: string;
  readonly homeFolder: string;
  readonly hostname: string;
  /** Finds it among those built in, or loads its package, looked for from the configuration's folder first. Never rejects. */
  readonly findProvisioner: (kind: string, baseFolder: string) => Promise<ProvisionerLookup>;
}

/** The provisioner of a kind, or why there is none. */
export type ProvisionerLookup =
  | { readonly provisioner: Provisioner }
  | {
      readonly provisioner: undefined;
      /** Kinds that have a short name. */
      readonly known: readonly string[];
      /** Whether there is such a package, which can't be used. */
      readonly installed: boolean;
      readonly problem: string;
      readonly remedy: string;
    };

/** systemd says where a service keeps its state; else the user's place for it. */
export function defaultStateFolder({ environment, homeFolder }: ConfigHost): string {
  const { STATE_DIRECTORY, XDG_STATE_HOME: states } = environment;
  const given = STATE_DIRECTORY?.split(":")[0];
  if (given !== undefined && isAbsolute(given)) return given;
  return join(states !== undefined && isAbsolute(states) ? states : join(homeFolder, ".local", "state"), "scaleset");
}

/** The same after every restart, and another for each state folder of a machine: those are two daemons. */
export function defaultOwner(host: string, stateFolder: string): string {
  const suffix = createHash("sha256").update(stateFolder).digest("hex").slice(0, 8);
  return `${host.slice(0, 80) || "host"}-${suffix}`;
}

export type FileText =
  | { readonly text: string; readonly openToOthers: boolean }
  | { readonly text: undefined; readonly why: string };

/** Reads a small text file, or says in a few words why not. */
export function readText(file: string): FileText {
  try {
    const { mode } = statSync(file);
    return { text: readFileSync(file, "utf8"), openToOthers: process.platform !== "win32" && (mode & 0o007) !== 0 };
  } catch (error) {
    return { text: undefined, why: whyNot(error) };
  }
}

export function absolutePath(path: string, baseFolder: string): string {
  return resolve(baseFolder, path);
}

function whyNot(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return "does not exist";
    case "EACCES":
    case "EPERM":
      return "may not be read by this user";
    case "EISDIR":
      return "is a folder";
    case "ENOTDIR":
      return "is below something that is no folder";
    default:
      return "can't be read";
  }
}
