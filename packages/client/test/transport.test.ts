import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isScaleSetError, personalAccessToken, ScaleSetClient, type ScaleSetClientOptions } from "../src/index.js";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let address: string;
let handler: Handler;
const clients: ScaleSetClient[] = [];

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

/** Lets the token chain through and gives the rest to `handler`. */
const route: Handler = (request, response) => {
  request.resume();
  if (request.url?.endsWith("registration-token")) return answer(response, 201, { token: "r" });
  if (request.url?.endsWith("runner-registration"))
    return answer(response, 200, { url: `${address}/svc`, token: "a.b.c" });
  if (request.url?.endsWith("/sessions?api-version=6.0-preview")) {
    const statistics = { totalAssignedJobs: 0 };
    return answer(response, 200, {
      sessionId: "s",
      messageQueueUrl: `${address}/queue`,
      messageQueueAccessToken: "q",
      statistics,
    });
  }
  handler(request, response);
};

function connect(options: Partial<ScaleSetClientOptions> = {}): ScaleSetClient {
  const client = new ScaleSetClient({
    configUrl: `${address}/acme`,
    credentials: personalAccessToken("t"),
    env: {},
    retry: { baseMs: 5 },
    ...options,
  });
  clients.push(client);
  return client;
}

beforeEach(async () => {
  server = createServer((request, response) => route(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const empty = { count: 0, value: [] };

describe("the built-in transport", () => {
  test("speaks to a server on loopback, GHES style, whatever the proxy variables say", async () => {
    const paths: (string | undefined)[] = [];
    server.on("request", (request) => paths.push(request.url));
    handler = (_, response) => answer(response, 200, empty);
    const client = connect({ env: { HTTP_PROXY: "http://127.0.0.1:1", HTTPS_PROXY: "http://127.0.0.1:1" } });
    expect(await client.listRunners()).toEqual([]);
    expect(paths).toEqual([
      "/api/v3/orgs/acme/actions/runners/registration-token",
      "/api/v3/actions/runner-registration",
      "/svc/_apis/distributedtask/pools/0/agents?api-version=6.0-preview",
    ]);
  });

  test("goes through a proxy that it is told of", async () => {
    const asked: (string | undefined)[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      asked.push(request.url);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const client = connect({
      configUrl: "https://ghes.example.test/acme",
      network: { proxy: proxyUrl },
      retry: { attempts: 1 },
    });
    const error = await client.listRunners().catch((thrown: unknown) => thrown);
    expect(isScaleSetError(error, "NETWORK")).toBe(true);
    expect(asked).toEqual(["ghes.example.test:443"]);
    handler = (_, response) => answer(response, 200, empty);
    expect(await connect({ network: { proxy: proxyUrl, noProxy: "127.0.0.1" } }).listRunners()).toEqual([]);
    expect(asked).toHaveLength(1);
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });

  test("obeys the environment's proxy, and its list of hosts without one", async () => {
    const asked: (string | undefined)[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      asked.push(request.url);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as AddressInfo;
    const env = { HTTP_PROXY: `http://127.0.0.1:${port}`, HTTPS_PROXY: `http://127.0.0.1:${port}` };
    const options = { configUrl: "https://127.0.0.2:1/acme", retry: { attempts: 1 } };
    const call = (more: Partial<ScaleSetClientOptions>) =>
      connect({ ...options, ...more })
        .listRunners()
        .catch((thrown: unknown) => thrown);
    expect(isScaleSetError(await call({ env }), "NETWORK")).toBe(true);
    expect(asked).toEqual(["127.0.0.2:1"]);
    for (const more of [
      { env: { ...env, NO_PROXY: "other,127.0.0.2" } },
      { env, network: { proxy: false } as const },
    ]) {
      expect(isScaleSetError(await call(more), "NETWORK")).toBe(true);
    }
    expect(asked).toHaveLength(1);
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });

  test("a connection that is accepted and never answered ends at the deadline", async () => {
    handler = () => {};
    const client = connect({ timings: { callDeadlineMs: 80 }, retry: { attempts: 2, baseMs: 5 } });
    const error = await client.listRunners().catch((thrown: unknown) => thrown);
    expect(isScaleSetError(error, "TIMEOUT")).toBe(true);
  });

  test("an answer that stalls half way ends at the deadline too", async () => {
    handler = (_, response) => {
      response.writeHead(200, { "content-length": "1000" }).write('{"count":');
    };
    const client = connect({ timings: { callDeadlineMs: 80 }, retry: { attempts: 1 } });
    const error = await client.listRunners().catch((thrown: unknown) => thrown);
    expect(isScaleSetError(error, "TIMEOUT")).toBe(true);
  });

  test("a connection that is reset is tried again, also in the middle of an answer", async () => {
    let tries = 0;
    handler = (request, response) => {
      tries += 1;
      if (tries === 1) request.socket.destroy();
      else if (tries === 2)
        response.writeHead(200, { "content-length": "1000" }).write("{", () => request.socket.destroy());
      else answer(response, 200, empty);
    };
    expect(await connect().listRunners()).toEqual([]);
    expect(tries).toBe(3);
  });

  test("nobody listening is known to have had no effect, so even a JIT config is asked for again", async () => {
    const client = connect();
    handler = (_, response) => answer(response, 200, empty);
    await client.listRunners();
    const attempts: string[] = [];
    const observer = { onAttempt: ({ operation }: { operation: string }) => attempts.push(operation) };
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const real = address;
    address = `http://127.0.0.1:${port}`;
    const other = connect({ configUrl: `${real}/acme`, observer, retry: { attempts: 3, baseMs: 5 } });
    const error = await other.generateJitRunnerConfig(5, { name: "r" }).catch((thrown: unknown) => thrown);
    expect(isScaleSetError(error, "NETWORK")).toBe(true);
    expect(attempts.filter((operation) => operation === "generateJitRunnerConfig")).toHaveLength(3);
  });

  test("held polls never keep a call waiting", async () => {
    let polls = 0;
    handler = (request, response) => {
      if (request.url?.startsWith("/queue")) polls += 1;
      else answer(response, 200, empty);
    };
    const client = connect({ network: { maxConnections: 2 } });
    const session = await client.openMessageSession(5, { owner: "o" });
    const held = Array.from({ length: 60 }, () => session.getMessage({ maxCapacity: 1 }));
    const ends = Promise.allSettled(held);
    await expect.poll(() => polls).toBe(60);
    expect(await client.listRunners()).toEqual([]);
    await session.close().catch(() => {});
    expect((await ends).every(({ status }) => status === "rejected")).toBe(true);
  });

  test("an aborted poll closes its connection, so the service sees that nobody waits", async () => {
    let closed = false;
    handler = (request) => {
      request.socket.once("close", () => {
        closed = true;
      });
      leaving.abort(new Error("enough"));
    };
    const leaving = new AbortController();
    const session = await connect().openMessageSession(5, { owner: "o" });
    await expect(session.getMessage({ maxCapacity: 1, signal: leaving.signal })).rejects.toThrow("enough");
    await expect.poll(() => closed).toBe(true);
  });

  test("headers of a gateway are added, and never replace the protocol's own", async () => {
    let seen: IncomingMessage["headers"] = {};
    handler = (request, response) => {
      seen = request.headers;
      answer(response, 200, empty);
    };
    await connect({ headers: { "X-Gateway": "key", Authorization: "mine" } }).listRunners();
    expect(seen).toMatchObject({ "x-gateway": "key", authorization: "Bearer a.b.c" });
  });

  test("a proxy that is no URL is refused at once, and not repeated", () => {
    const make = () => connect({ env: { HTTPS_PROXY: "socks5://me:hunter2@proxy" } });
    expect(make).toThrow("the proxy is no http(s) URL");
    expect(make).not.toThrow("hunter2");
  });

  test("is not touched when a fetch is passed in, and its options are then refused", async () => {
    const fetch = async (): Promise<Response> => new Response(null, { status: 500 });
    expect(() => connect({ fetch, network: { proxy: false } })).toThrow("set them there");
  });
});
