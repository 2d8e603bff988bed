import { isBackendError } from "../ports/provisioner.js";
import { lockStateFolder, type StateLock } from "../provisioners/process/state-lock.js";

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
    return await lockStateFolder(folder);
  } catch (error) {
    if (isBackendError(error)) throw new StateFolderError(error.message, { cause: error });
    const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
    const why = code === undefined ? undefined : WHY[code];
    if (why === undefined) throw error;
    throw new StateFolderError(`the state folder ${folder} can't be used: ${why}`, { cause: error });
  }
}

const ANOTHER = "or give another one with stateFolder (--state-folder)";

const WHY: Readonly<Record<string, string>> = {
  EROFS: `it is on a read-only disk; mount it for writing, ${ANOTHER}`,
  ENOSPC: `its disk is full; make room, ${ANOTHER}`,
  EDQUOT: `this user's quota on its disk is used up; make room, ${ANOTHER}`,
  EACCES: `this user may not write there; change its rights, ${ANOTHER}`,
  EPERM: `this user may not write there; change its rights, ${ANOTHER}`,
  ENOTDIR: `a part of its path is no folder; move that, ${ANOTHER}`,
  EEXIST: `there is a file of that name; move it, ${ANOTHER}`,
};
