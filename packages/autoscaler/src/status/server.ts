import { chmodSync, lstatSync, renameSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { dirname } from "node:path";
import type { Clock } from "@scaleset/client";
import { messageOf } from "@scaleset/provisioner";
import { redactText } from "../config/redact.js";
import type { AutoscalerStatus } from "./snapshot.js";
import { occupantOf, prepareFolder, StatusSocketError, withShortPath } from "./socket.js";

export interface StatusServerOptions {
  /** Where to listen; `statusSocketPath` of the state folder for `scaleset status` to find it. */
  readonly path: string;
  readonly status: () => AutoscalerStatus;
  readonly clock: Clock;
}

export interface StatusServer extends AsyncDisposable {
  /** Stops listening and removes the socket where it can be removed. Idempotent, never rejects. */
  close(): Promise<void>;
}

/** Nobody reads a status over more connections than these; what lingers is cut. */
const MOST_CONNECTIONS = 32;
const IDLE_MS = 10_000;

/**
 * Answers `GET /status` on a unix socket with the snapshot as JSON. The socket is for its user alone (mode 0600, in a
 * folder of mode 0700). One that a dead daemon left is replaced, one that somebody answers on is not.
 *
 * @throws {StatusSocketError} when the socket can't be opened; the message says why and what to do
 */
export async function serveStatus({ path, status, clock }: StatusServerOptions): Promise<StatusServer> {
  const server = createServer((request, response) => answer(request, response, status));
  server.maxConnections = MOST_CONNECTIONS;
  server.requestTimeout = IDLE_MS;
  server.headersTimeout = IDLE_MS;
  server.timeout = IDLE_MS;
  try {
    prepareFolder(dirname(path));
    refuseOthers(path, await occupantOf(path, clock));
    // Opened beside, closed to others, and put in place at once: nobody ever finds it missing or open.
    const draft = `${path}.new`;
    rmSync(draft, { force: true });
    await withShortPath(draft, (short) => listen(server, short));
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } catch (error) {
    await ended(server);
    if (error instanceof StatusSocketError) throw error;
    const why = messageOf(error);
    throw new StatusSocketError(`the status socket ${path} can't be opened: ${why}`, { cause: error });
  }
  const { ino } = lstatSync(path);
  server.unref();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= ended(server).then(() => removeOwn(path, ino));
    return closing;
  };
  return { close, [Symbol.asyncDispose]: close };
}

function removeOwn(path: string, ino: number): void {
  try {
    // Another daemon may have put its own there since.
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
  } catch {
    // A disk that is read-only by now is no reason to end badly: a dead socket is known as one, and replaced.
  }
}

function refuseOthers(path: string, occupant: Awaited<ReturnType<typeof occupantOf>>): void {
  if (occupant === "living") {
    throw new StatusSocketError(`another daemon answers on ${path}: end it, or give this one its own state folder`);
  }
  if (occupant === "no socket") throw new StatusSocketError(`${path} is no socket: remove it`);
}

function answer(request: IncomingMessage, response: ServerResponse, status: () => AutoscalerStatus): void {
  // What a request brings along is of no use here.
  request.resume();
  const [target] = (request.url ?? "").split("?");
  if (target !== "/status") {
    send(response, 404, { error: "there is only /status here" });
  } else if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    send(response, 405, { error: "a status can only be read: GET /status" });
  } else {
    sendStatus(response, status);
  }
}

function sendStatus(response: ServerResponse, status: () => AutoscalerStatus): void {
  let snapshot: AutoscalerStatus;
  try {
    snapshot = status();
  } catch (error) {
    const why = messageOf(error);
    send(response, 500, { error: `the status could not be made: ${why}` });
    return;
  }
  send(response, 200, snapshot);
}

/** Words of others (errors, output of runners) may have secrets in them. */
function send(response: ServerResponse, code: number, content: object): void {
  const text = JSON.stringify(content, (_key, value: unknown) =>
    typeof value === "string" ? redactText(value) : value,
  );
  response.writeHead(code, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${text}\n`);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function ended(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
