import { accessSync, constants } from "node:fs";
import { dirname } from "node:path";
import { realClock, realRandom } from "@scaleset/client";
import { isBackendError } from "@scaleset/provisioner";
import { lockStateFolder, type StateLock } from "../state/lock.js";

/** The daemon's folder can't be used; the message says why and what to do. */
export class StateFolderError extends Error {
  override readonly name = "StateFolderError";
}

/**
 * Makes this process the one daemon of its state folder.
 *
 * @throws {StateFolderError}
 */
export async function openStateFolder(folder: string): Promise<StateLock> {
  try {
    return leniently(await lockStateFolder(folder, { clock: realClock, random: realRandom }));
  } catch (error) {
    if (isBackendError(error)) throw new StateFolderError(error.message, { cause: error });
    const why = WHY[codeOf(error)] ?? WHY[whyNotWritable(folder)];
    if (why === undefined) throw error;
    throw new StateFolderError(`the state folder ${folder} can't be used: ${why}`, { cause: error });
  }
}

/** On a full disk the lock can't be given up in writing; it names this process, and ends with it all the same. */
function leniently(lock: StateLock): StateLock {
  const release = (): void => {
    try {
      lock.release();
    } catch {
      // A stop that went well must not end as a failure for this.
    }
  };
  return { bootId: lock.bootId, release, [Symbol.dispose]: release };
}

/** Making folders on a read-only disk may be answered as if they only were not there; what there is of the path says more. */
function whyNotWritable(folder: string): string {
  for (let part = folder; ; part = dirname(part)) {
    try {
      accessSync(part, constants.W_OK);
      return "";
    } catch (error) {
      if (codeOf(error) !== "ENOENT" || part === dirname(part)) return codeOf(error);
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

const MOVE = "give another one with stateFolder (--state-folder)";
const ANOTHER = `or ${MOVE}`;

const WHY: Readonly<Record<string, string>> = {
  EROFS: `it is on a read-only disk; mount it for writing, ${ANOTHER}`,
  ENOSPC: `its disk is full; make room, ${ANOTHER}`,
  EDQUOT: `this user's quota on its disk is used up; make room, ${ANOTHER}`,
  EACCES: `this user may not write there; change its rights, ${ANOTHER}`,
  EPERM: `this user may not write there; change its rights, ${ANOTHER}`,
  ENOTDIR: `a part of its path is no folder; move that, ${ANOTHER}`,
  EOPNOTSUPP: `its disk can't hold a unix socket (some folders shared with virtual machines can't); ${MOVE}`,
  ENOTSUP: `its disk can't hold a unix socket (some folders shared with virtual machines can't); ${MOVE}`,
  EEXIST: `there is a file of that name; move it, ${ANOTHER}`,
};
