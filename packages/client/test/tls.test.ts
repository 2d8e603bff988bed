import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isScaleSetError, type NetworkOptions, personalAccessToken, ScaleSetClient, Secret } from "../src/index.js";
import { selfSigned } from "./kit/certificate.js";

const ours = selfSigned("server");
const caller = selfSigned("caller");
let server: Server;
let address: string;
let seen: string | undefined;

beforeEach(async () => {
  const options = { key: ours.key, cert: ours.cert, ca: caller.cert, requestCert: true, rejectUnauthorized: false };
  server = createServer(options, (request, response) => {
    request.resume();
    const socket = request.socket as TLSSocket;
    const peer: { readonly subject?: { readonly CN?: string | string[] } } = socket.getPeerCertificate();
    seen = socket.authorized ? String(peer.subject?.CN ?? "nobody") : "nobody";
    const body = request.url?.endsWith("runner-registration")
      ? { url: `${address}/svc`, token: "a.b.c" }
      : request.url?.endsWith("registration-token")
        ? { token: "r" }
        : { count: 0, value: [] };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function call(network: NetworkOptions): Promise<unknown> {
  const credentials = personalAccessToken("t");
  await using client = new ScaleSetClient({
    configUrl: `${address}/acme`,
    credentials,
    env: {},
    network,
    retry: { attempts: 1 },
  });
  return await client.listRunners().catch((error: unknown) => error);
}

describe("a GHES behind an authority of one's own", () => {
  test("is refused unless its authority is trusted", async () => {
    expect(isScaleSetError(await call({}), "NETWORK")).toBe(true);
    expect(await call({ ca: ours.cert })).toEqual([]);
    expect(seen).toBe("nobody");
  });

  test("is taken as it is when its certificate is not to be checked, which is logged", async () => {
    expect(await call({ rejectUnauthorized: false })).toEqual([]);
    const warned: string[] = [];
    const nothing = (): void => {};
    const warn = (_: object, message: string) => warned.push(message);
    const logger = { debug: nothing, info: nothing, warn, error: nothing };
    const options = { configUrl: `${address}/acme`, credentials: personalAccessToken("t"), env: {}, logger };
    new ScaleSetClient({ ...options, network: { ca: ours.cert } });
    expect(warned).toEqual([]);
    new ScaleSetClient({ ...options, network: { rejectUnauthorized: false } });
    expect(warned).toEqual([expect.stringContaining("certificate is not checked")]);
  });

  test("sees the client's certificate", async () => {
    expect(await call({ ca: [ours.cert], cert: caller.cert, key: new Secret(caller.key) })).toEqual([]);
    expect(seen).toBe("caller");
  });
});
