import { accessSync, constants, statSync } from "node:fs";
import type { Finding } from "@scaleset/provisioner";
import { errnoOf } from "./failures.js";

/** Scripts that the actions runner runs around each job, as absolute paths. */
export interface Hooks {
  readonly jobStarted?: string | undefined;
  readonly jobCompleted?: string | undefined;
}

/** What is wrong with the hooks. An error fails every job in its first step; so nothing is launched with one. */
export function checkHooks(hooks: Hooks): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [name, path] of Object.entries(hooks)) {
    if (typeof path === "string") findings.push(...checkHook(`the hook ${name}`, path));
  }
  return findings;
}

function checkHook(what: string, path: string): readonly Finding[] {
  const error = (message: string, remedy: string): readonly Finding[] => [{ level: "error", message, remedy }];
  try {
    if (!statSync(path).isFile()) return error(`${what} (${path}) is no file`, "give the path of a script");
    accessSync(path, constants.R_OK);
  } catch (failure) {
    const code = errnoOf(failure);
    return code === "ENOENT"
      ? error(`${what} (${path}) is not there`, "a relative path is relative to the config file")
      : error(`${what} (${path}) can't be read (${code ?? String(failure)})`, "let the runner's user read it");
  }
  if (!/\.(?:sh|ps1)$/.test(path)) {
    return error(`${what} (${path}) is neither a .sh nor a .ps1 file`, "the actions runner takes no other: rename it");
  }
  try {
    accessSync(path, constants.X_OK);
    return [];
  } catch {
    const message = `${what} (${path}) is not executable: the actions runner hands it to a shell, other runners may not`;
    return [{ level: "warning", message, remedy: `chmod +x ${path}` }];
  }
}
