import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { realClock } from "@scaleset/client";
import { expect, onTestFinished, test } from "vitest";
import { connectionOf } from "../src/connection.js";
import { API_VERSION, Engine } from "../src/engine.js";
import { RunnerContainers } from "../src/runner-containers.js";

/** What a real engine can't be made to say on purpose; everything else is tested on a real one. */
async function oddEngine(respond: (request: string) => { status: number; body?: unknown }) {
  const requests: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const line = `${request.method} ${request.url?.replace(/^\/v[\d.]+/, "")}`;
    requests.push(line);
    const { status, body } = line.endsWith("/version")
      ? { status: 200, body: { Version: "20.10", ApiVersion: API_VERSION, MinAPIVersion: "1.12" } }
      : respond(line);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const engine = new Engine(connectionOf({ host: `tcp://127.0.0.1:${port}` }, {}, "/"));
  const maker = { startInner: async () => {} };
  return { requests, containers: new RunnerContainers({ engine, maker, context: { clock: realClock } }) };
}

const running = { Id: "abcdef0123456789", Name: "/linux-1", Config: { Labels: {} }, State: { Running: true } };

const { signal } = new AbortController();

test("a container whose id begins like the name is not taken for the instance of that name", async () => {
  const { containers } = await oddEngine(() => ({ status: 200, body: running }));
  expect(await containers.find("abcdef", signal)).toBeUndefined();
  expect(await containers.find("linux-1", signal)).toMatchObject({ Id: running.Id });
});

test("a kill that the engine could not carry out is an error, not the end of the runner", async () => {
  const { containers, requests } = await oddEngine((request) =>
    request.includes("/kill")
      ? { status: 500, body: { message: "cannot kill container: no such process namespace" } }
      : { status: 200, body: request.includes("/wait") ? { StatusCode: 0 } : running },
  );
  const container = await containers.find("linux-1", signal);
  if (container === undefined) throw new Error("the container is there");
  await expect(containers.end(container, 0, signal)).rejects.toMatchObject({ kind: "transient" });
  expect(requests.filter((request) => request.includes("/kill"))).toHaveLength(1);
});
