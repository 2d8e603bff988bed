import { Agent, request as httpRequest } from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import type { RunnerFetch } from "./connection.js";

/** The little of `fetch` that a runner needs, over Node's own client: it is there at once, where the global one loads for long. */
export function httpFetch(): { readonly fetch: RunnerFetch; close(): void } {
  const plain = new Agent({ keepAlive: true });
  const tls = new TlsAgent({ keepAlive: true });
  const fetch: RunnerFetch = (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const secure = url.startsWith("https:");
      const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
      const options = { method, headers: { ...headers, ...length }, signal, agent: secure ? tls : plain };
      const outgoing = (secure ? httpsRequest : httpRequest)(url, options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: incoming.statusCode ?? 0, text: () => Promise.resolve(text) });
        });
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  return {
    fetch,
    close: () => {
      plain.destroy();
      tls.destroy();
    },
  };
}
