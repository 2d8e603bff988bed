import { createServer, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { ConnectionReset } from "../faults/inject.js";
import { messageOf } from "../message-of.js";
import { makeCertificate } from "./certificate.js";

/** Where to listen. */
export interface ListenOptions {
  /** 0 takes any free one. @default 0 */
  readonly port?: number | undefined;
  /** Loopback by default: whoever reaches the simulator can queue jobs, which runners then run. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** HTTPS, with a certificate of one's own (PEM), or one that it makes. @default HTTP */
  readonly tls?: boolean | { readonly cert: string; readonly key: string } | undefined;
}

/** A simulator reachable over HTTP. */
export interface Listening extends AsyncDisposable {
  /** Its origin, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The authority that a client must trust, as PEM, when the certificate was made here. */
  readonly ca: string | undefined;
  /** Ends every connection and stops listening. */
  close(): Promise<void>;
}

/**
 * Serves a fetch handler over HTTP or HTTPS.
 * @param nowMs the time by which a certificate is to be valid. @unit milliseconds since the epoch
 * @throws Error naming the port when it is taken, TypeError when a certificate can't be read
 */
export async function serve(
  fetch: (request: Request) => Response | Promise<Response>,
  { port = 0, host = "127.0.0.1", tls = false }: ListenOptions,
  nowMs: number,
): Promise<Listening> {
  const listener = getRequestListener(
    async (request, { outgoing }) => {
      try {
        return await fetch(request);
      } catch (error) {
        if (!(error instanceof ConnectionReset) || !(outgoing instanceof ServerResponse)) throw error;
        breakConnection(outgoing, error);
        return RESPONSE_ALREADY_SENT;
      }
    },
    { overrideGlobalObjects: false },
  );
  const made = tls === true ? makeCertificate({ hosts: [host], nowMs }) : undefined;
  const identity = made ?? (typeof tls === "object" ? tls : undefined);
  const server = identity === undefined ? createServer() : secureServer(identity);
  server.on("request", (request, response) => {
    void listener(request, response);
  });
  // Polls are held longer than Node's own patience between requests.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const hint = `port ${port} on ${host} is taken: choose another one with --port (or the option port), or 0 for any`;
      reject(taken ? new Error(hint, { cause: error }) : error);
    });
    server.listen({ port, host }, resolve);
  });
  const address = server.address();
  const actual = typeof address === "object" && address !== null ? address.port : port;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const name = host.includes(":") ? `[${host}]` : host;
  const url = `${identity === undefined ? "http" : "https"}://${name}:${actual}`;
  return { url, ca: made?.ca, close, [Symbol.asyncDispose]: close };
}

function secureServer({
  cert,
  key,
}: {
  readonly cert: string;
  readonly key: string;
}): ReturnType<typeof createTlsServer> {
  try {
    return createTlsServer({ cert, key });
  } catch (error) {
    const why = messageOf(error);
    throw new TypeError(`the certificate or its key can't be read: give both as PEM (${why})`, { cause: error });
  }
}

/** Sends what is to be sent of the answer, and breaks the connection. */
function breakConnection(outgoing: ServerResponse, { partial }: ConnectionReset): void {
  if (partial === undefined) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(partial.response.status, Object.fromEntries(partial.response.headers));
  outgoing.write(partial.bytes, () => outgoing.destroy());
}
