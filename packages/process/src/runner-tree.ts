import { constants } from "node:fs";
import { copyFile, lchown, link, mkdir, readdir, readlink, rm, stat, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { mapBounded } from "./bounded.js";
import { errnoOf } from "./failures.js";
import { runProgram } from "./run-program.js";
import { removeTree } from "./wipe.js";

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

/** A full copy onto a slow disk. @unit milliseconds */
const CLONE_DEADLINE_MS = 300_000;

/** Files of one folder that are made at once. */
const AT_ONCE = 16;

export interface Clone {
  readonly from: string;
  readonly to: string;
  /** Who is to own its folders and the files of its own. @default who makes it */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * A runner folder of an instance's own, since the runner writes its config into its root. Files under `bin` and
 * `externals` are shared with the original as far as the file system allows, and stay their owner's, so that no other
 * user can write them; all others are copied.
 */
export async function cloneRunner({ from, to, owner }: Clone, signal: AbortSignal): Promise<void> {
  let way = 0;
  const own = async (path: string): Promise<void> => {
    if (owner !== undefined) await lchown(path, owner.uid, owner.gid);
  };
  const share = async (source: string, target: string): Promise<void> => {
    for (;;) {
      const tried = way;
      try {
        return await (WAYS[tried] ?? WAYS[2])(source, target);
      } catch (error) {
        const code = errnoOf(error);
        if (code === undefined || !CANNOT.has(code) || tried >= WAYS.length - 1) throw error;
        way = Math.max(way, tried + 1);
      }
    }
  };
  const copy = async (source: string, target: string): Promise<void> => {
    await copyFile(source, target, constants.COPYFILE_FICLONE);
    await own(target);
  };
  const clone = async (source: string, target: string, shared: boolean, root: boolean): Promise<void> => {
    signal.throwIfAborted();
    await mkdir(target, { recursive: true, mode: 0o755 });
    const entries = await readdir(source, { withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory() && !(root && NOT_COPIED.has(entry.name)));
    await mapBounded(files, AT_ONCE, async (entry) => {
      const [one, other] = [join(source, entry.name), join(target, entry.name)];
      if (entry.isSymbolicLink()) {
        await symlink(await readlink(one), other);
        await own(other);
      } else if (entry.isFile()) await (shared ? share(one, other) : copy(one, other));
    });
    for (const { name } of entries.filter((entry) => entry.isDirectory() && !(root && NOT_COPIED.has(entry.name)))) {
      const [one, other] = [join(source, name), join(target, name)];
      const shares = shared || (root && isShared(name));
      if (!(root && shares && (await shareFolder({ from: one, to: other, owner }))))
        await clone(one, other, shares, false);
    }
    await own(target);
  };
  await clone(from, to, false, true);
}

/**
 * A whole folder at once, by the system's `cp`: a runner has some 9,000 files, and one by one they would keep the daemon
 * busy for half a second an instance. False when it can't; then one by one must do, and says why it can't either.
 */
async function shareFolder({ from, to, owner }: Clone): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const isSame = (await stat(from)).dev === (await stat(dirname(to))).dev;
  const how = isSame ? ((await sharesBlocks(from, to)) ? ["--reflink=always"] : ["-l"]) : [];
  const made =
    (await runProgram("cp", ["-a", ...how, "--", from, to], CLONE_DEADLINE_MS)).code === 0 &&
    (owner === undefined || (await giveFolders(to, owner)));
  if (!made) await removeTree(to, { large: true });
  return made;
}

/** Whether the file system can make copies that share blocks. Tried with one file. */
async function sharesBlocks(from: string, to: string): Promise<boolean> {
  const probe = `${to}.probe`;
  const file = (await readdir(from, { withFileTypes: true })).find((entry) => entry.isFile());
  if (file === undefined) return false;
  try {
    await copyFile(join(from, file.name), probe, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  } finally {
    await rm(probe, { force: true });
  }
}

async function giveFolders(
  folder: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): Promise<boolean> {
  const give = ["-type", "d", "-exec", "chown", "-h", `${uid}:${gid}`, "{}", "+"];
  return (await runProgram("find", [folder, ...give], CLONE_DEADLINE_MS)).code === 0;
}

/** Also `bin.2.336.0`, as an update of the runner leaves them. */
function isShared(name: string): boolean {
  return SHARED.has(name.split(".")[0] ?? name);
}
