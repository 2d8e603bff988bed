import { chmod, readdir, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize } from "node:path";
import { BackendError, messageOf } from "@scaleset/provisioner";
import { x as extract, type ReadEntry } from "tar";
import { errnoOf, toBackendError } from "./failures.js";

/** The official runner unpacks to about 700 MB in 9,000 files. */
const MAX_UNPACKED_BYTES = 8 * 1024 ** 3;
const MAX_ENTRIES = 200_000;

/**
 * Unpacks a .tar.gz into a folder that exists. Nothing in it can lead out of that folder, by name or by link; whoever
 * owned its files where it was packed owns none here.
 *
 * @throws {BackendError} `rejected` for an archive that is none, is cut off, or leads out; `capacity` for a full disk
 */
export async function unpack(archive: string, folder: string, signal: AbortSignal): Promise<void> {
  let offence: string | undefined;
  let bytes = 0;
  let entries = 0;
  const filter = (path: string, entry: unknown): boolean => {
    entries += 1;
    if (isEntry(entry)) {
      bytes += entry.size;
      offence ??= complaint(path, entry);
    }
    if (bytes > MAX_UNPACKED_BYTES || entries > MAX_ENTRIES) offence ??= "it unpacks to more than any runner";
    return offence === undefined && !signal.aborted;
  };
  try {
    await extract({ file: archive, cwd: folder, strict: true, preserveOwner: false, filter });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (offence !== undefined) throw bad(offence);
    const code = errnoOf(error);
    if (code === "ENOSPC" || code === "EDQUOT" || code === "EMFILE")
      throw toBackendError(error, "unpacking the runner");
    throw bad(messageOf(error));
  }
  signal.throwIfAborted();
  if (offence !== undefined) throw bad(offence);
  await openToAll(folder);
}

/** What its owner may read and run, all may, whatever the daemon's umask: runners may be another user. */
async function openToAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o111) === 0 ? 0o644 : 0o755);
  }
  await chmod(folder, 0o755);
}

function isEntry(value: unknown): value is ReadEntry {
  return typeof value === "object" && value !== null && "size" in value && "type" in value;
}

function complaint(path: string, { type, linkpath = "" }: ReadEntry): string | undefined {
  if (leadsOut(path)) return `${path} leads out of it`;
  if (type === "SymbolicLink" && (isAbsolute(linkpath) || leadsOut(join(dirname(path), linkpath))))
    return `the link ${path} leads out of it`;
  if (type === "Link" && leadsOut(linkpath)) return `the link ${path} leads out of it`;
  return undefined;
}

function leadsOut(path: string): boolean {
  return isAbsolute(path) || normalize(path).split("/")[0] === "..";
}

function bad(why: string): BackendError {
  return new BackendError("rejected", `the runner's archive can't be unpacked: ${why}`);
}
