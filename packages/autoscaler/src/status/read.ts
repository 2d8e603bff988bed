import { Buffer } from "node:buffer";
import { statSync } from "node:fs";
import { request } from "node:http";
import type { Clock } from "@scaleset/client";
import { messageOf } from "@scaleset/provisioner";
import { StatusSocketError, withShortPath } from "./socket.js";

export interface StatusReadOptions {
  /** The daemon's socket: `statusSocketPath` of its state folder. */
  readonly path: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** The whole answer must be here by then, in milliseconds. @default 5000 */
  readonly deadlineMs?: number | undefined;
}

/** No daemon answers on the socket: none runs, or it was ended by force. */
export class NoDaemonError extends Error {
  override readonly name = "NoDaemonError";
}

/** A snapshot of a thousand scale sets with a thousand runners each would be more; nobody runs that on one machine. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Asks a daemon how it is. The answer is JSON as the daemon wrote it, not yet checked: see `decodeStatus`.
 *
 * @throws {NoDaemonError} when none runs
 * @throws {StatusSocketError} when one can't be asked, or does not answer in time
 */
export async function readStatus({ path, clock, signal, deadlineMs = 5_000 }: StatusReadOptions): Promise<unknown> {
  using deadline = clock.deadline(deadlineMs, { signal });
  try {
    return JSON.parse(await withShortPath(path, (short) => get(short, deadline.signal)));
  } catch (error) {
    signal?.throwIfAborted();
    throw explained(error, path, deadline.signal.aborted ? deadlineMs : undefined);
  }
}

function get(socketPath: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: "/status", agent: false, signal }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on("data", (part: Buffer) => {
        size += part.length;
        if (size > MOST_BYTES) call.destroy(new StatusSocketError(`the answer is larger than ${MOST_BYTES} bytes`));
        parts.push(part);
      });
      response.once("error", reject);
      response.once("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        if (response.statusCode === 200) resolve(text);
        else reject(new StatusSocketError(`it answers ${response.statusCode}: ${text.slice(0, 500).trim()}`));
      });
    });
    call.once("error", reject);
    call.end();
  });
}

function explained(error: unknown, path: string, deadlineMs: number | undefined): Error {
  if (deadlineMs !== undefined) {
    return new StatusSocketError(
      `the daemon behind ${path} did not answer within ${deadlineMs / 1_000} s: it is very busy, stopped, or hangs`,
    );
  }
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
      return new NoDaemonError(
        `no daemon runs: there is no socket ${path}; one that was started with another state folder is asked with --state-folder`,
      );
    case "ECONNREFUSED":
      if (statSync(path, { throwIfNoEntry: false })?.isSocket() === false) break;
      return new NoDaemonError(`no daemon runs: the one that made ${path} has ended without removing it`);
    case "ENOTSOCK":
      break;
    case "EACCES":
    case "EPERM":
      return new StatusSocketError(`${path} may not be used by this user: ask as the user that the daemon runs as`);
    default: {
      const why = messageOf(error);
      return new StatusSocketError(`the daemon behind ${path} could not be asked: ${why}`, { cause: error });
    }
  }
  return new StatusSocketError(`${path} is no socket`);
}
