import { constants } from "node:fs";
import { chmod, copyFile, link, mkdir, readdir, readlink, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "./failures.js";

/** Folders of the actions runner that it only reads: what makes it 500 MB, and what instances can share. */
const SHARED = new Set(["bin", "externals"]);

/** What a runner writes into its own root: a leftover of another runner in the original is not for ours. */
const NOT_COPIED = new Set([
  "_work",
  "_diag",
  ".runner",
  ".runner_migrated",
  ".credentials",
  ".credentials_migrated",
  ".credentials_rsaparams",
  ".service",
]);

/** How one file gets into the copy, best first; the next one where the file system can't do it. */
const WAYS = [
  /** A copy that shares its blocks until one side writes: as cheap as a link, and nobody can change another's. */
  (from: string, to: string) => copyFile(from, to, constants.COPYFILE_FICLONE_FORCE),
  (from: string, to: string) => link(from, to),
  (from: string, to: string) => copyFile(from, to),
] as const;

const CANNOT = new Set(["ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EINVAL", "EPERM", "EMLINK", "ENOTTY"]);

/**
 * A runner folder of an instance's own, since the runner writes its config into its root. Files under `bin` and
 * `externals` are shared with the original as far as the file system allows, all others are copied.
 */
export async function cloneRunner(from: string, to: string, signal: AbortSignal): Promise<void> {
  let way = 0;
  const share = async (source: string, target: string): Promise<void> => {
    for (;;) {
      try {
        return await (WAYS[way] ?? WAYS[2])(source, target);
      } catch (error) {
        const code = errnoOf(error);
        if (code === undefined || !CANNOT.has(code) || way >= WAYS.length - 1) throw error;
        way += 1;
      }
    }
  };
  const clone = async (source: string, target: string, shared: boolean, root: boolean): Promise<void> => {
    signal.throwIfAborted();
    await mkdir(target, { recursive: true });
    for (const entry of await readdir(source, { withFileTypes: true })) {
      if (root && NOT_COPIED.has(entry.name)) continue;
      const [one, other] = [join(source, entry.name), join(target, entry.name)];
      if (entry.isDirectory()) await clone(one, other, shared || (root && isShared(entry.name)), false);
      else if (entry.isSymbolicLink()) await symlink(await readlink(one), other);
      else if (entry.isFile()) await (shared ? share(one, other) : copyFile(one, other, constants.COPYFILE_FICLONE));
    }
  };
  await clone(from, to, false, true);
}

/** Also `bin.2.336.0`, as an update of the runner leaves them. */
function isShared(name: string): boolean {
  return SHARED.has(name.split(".")[0] ?? name);
}

/** Removes a folder and all in it, also folders that forbid writing (as package caches like to be). */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 });
  } catch (error) {
    const code = errnoOf(error);
    if (code !== "EACCES" && code !== "EPERM" && code !== "ENOTEMPTY") throw error;
    await allowWriting(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function allowWriting(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await allowWriting(join(folder, entry.name));
  }
}
