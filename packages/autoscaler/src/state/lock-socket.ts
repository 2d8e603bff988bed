import { Buffer } from "node:buffer";
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Clock, Random } from "@scaleset/client";
import { BackendError } from "@scaleset/provisioner";

/** Longest path of a socket, in bytes; longer ones are cut silently on some systems, and two folders share a socket then. */
const LONGEST_PATH = 100;

const NAME = /^lock-[0-9a-f]{8}\.sock$/;

/** How long a connection may take to be accepted or refused. The kernel answers at once. @unit milliseconds */
const PROBE_DEADLINE_MS = 2_000;

/** A socket in the state folder on which a daemon listens as long as it lives: it proves life across PID namespaces. */
export interface LockSocket {
  /** Its file in the state folder. */
  readonly name: string;
  /** False once somebody removed the file: it proves nothing then. */
  isThere(): boolean;
  /** Stops listening and removes the file. Idempotent. */
  close(): void;
}

/** Listens under a new random name. Whoever connects is disconnected at once. */
export async function openLockSocket(stateFolder: string, random: Random): Promise<LockSocket> {
  const name = `lock-${Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, "0")}.sock`;
  const path = join(stateFolder, name);
  const bytes = Buffer.byteLength(path);
  if (bytes > LONGEST_PATH) {
    throw new BackendError(
      "rejected",
      `the state folder ${stateFolder} has too long a path: a socket in it would have ${bytes} bytes, at most ${LONGEST_PATH} are possible; choose a shorter one`,
    );
  }
  const server = createServer((connection) => connection.destroy());
  await listen(server, path);
  chmodSync(path, 0o600);
  server.unref();
  return {
    name,
    isThere: () => existsSync(path),
    close: () => {
      server.close();
      rmSync(path, { force: true });
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      // Out of file handles, it may fail to accept; that the kernel connects is proof enough.
      server.on("error", () => {});
      resolve();
    });
  });
}

export function isLockSocketName(name: string): boolean {
  return NAME.test(name);
}

/** Files of lock sockets in a state folder, dead or alive. */
export function lockSocketsIn(stateFolder: string): string[] {
  return readdirSync(stateFolder).filter(isLockSocketName);
}

/**
 * Whether a daemon listens on a lock socket. Only a refused connection or a missing file says no: a stopped daemon
 * accepts some hundred connections and then answers EAGAIN.
 */
export async function isListening(stateFolder: string, name: string, clock: Clock): Promise<boolean> {
  using deadline = clock.deadline(PROBE_DEADLINE_MS);
  return await new Promise<boolean>((resolve) => {
    const socket = connect({ path: join(stateFolder, name), signal: deadline.signal });
    socket.once("connect", () => resolve(true));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
    });
    socket.once("connect", () => socket.destroy());
  });
}
