import { Buffer } from "node:buffer";
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, type Stats, symlinkSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import type { Clock } from "@scaleset/client";

/** The socket that a daemon with this state folder answers on. It lies in a folder that only the daemon's user may enter. */
export function statusSocketPath(stateFolder: string): string {
  return join(stateFolder, "run", "status.sock");
}

/** The socket can't be opened or used; the message says why and what to do. */
export class StatusSocketError extends Error {
  override readonly name = "StatusSocketError";
}

/** The system's limit for a socket's path, in bytes, without the zero at its end: 104 on macOS and BSD, 108 on Linux. */
const LONGEST_PATH = process.platform === "linux" ? 107 : 103;

/**
 * Runs something with a path short enough for the system. Where the real one is too long, a link in the temporary folder
 * stands for its folder meanwhile; the socket itself is where it belongs.
 */
export async function withShortPath<Result>(path: string, use: (path: string) => Promise<Result>): Promise<Result> {
  if (Buffer.byteLength(path) <= LONGEST_PATH) return await use(path);
  const folder = mkdtempSync(join(tmpdir(), "scaleset-"));
  try {
    const link = join(folder, "s");
    const short = join(link, basename(path));
    if (Buffer.byteLength(short) > LONGEST_PATH) {
      throw new StatusSocketError(
        `the path ${path} is longer than the ${LONGEST_PATH} bytes that a socket's may have: choose a shorter state folder`,
      );
    }
    symlinkSync(dirname(path), link);
    return await use(short);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Makes the folder of a socket, for its user alone.
 *
 * @throws {StatusSocketError} when it is somebody else's, or no folder
 */
export function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory()) throw new StatusSocketError(`${folder} is no folder: remove it`);
  const user = process.getuid?.();
  if (user !== undefined && found.uid !== user) {
    throw new StatusSocketError(
      `${folder} belongs to another user (${found.uid}): remove it, or choose another state folder`,
    );
  }
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
}

/** What is at a socket's path: nothing; a socket that nobody answers; one that somebody does; or no socket. */
export type Occupant = "nothing" | "dead" | "living" | "no socket";

const PROBE_DEADLINE_MS = 2_000;

/** Looks who is there. One that does not answer in time lives: better refused than taken from somebody. */
export async function occupantOf(path: string, clock: Clock): Promise<Occupant> {
  const found = statOf(path);
  if (found === undefined) return "nothing";
  if (!found.isSocket()) return "no socket";
  return await withShortPath(path, async (short) => {
    using deadline = clock.deadline(PROBE_DEADLINE_MS);
    return await new Promise<Occupant>((resolve) => {
      const socket = connect({ path: short, signal: deadline.signal });
      socket.once("connect", () => resolve("living"));
      socket.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNREFUSED") resolve("dead");
        else resolve(error.code === "ENOENT" ? "nothing" : "living");
      });
      socket.once("close", () => socket.destroy());
      socket.once("connect", () => socket.destroy());
    });
  });
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
