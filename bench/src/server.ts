import { createServer, type ServerResponse } from "node:http";

/**
 * The least that a client needs to hear, from a process of its own so that its work is not counted: the token chain, a
 * runner, a session, and polls that are held until `/release` lets all of them go at once.
 */
const held: ServerResponse[] = [];
const claims = Buffer.from(JSON.stringify({ exp: 4_102_444_800 })).toString("base64url");
const statistics = { totalAssignedJobs: 0, totalRunningJobs: 0, totalRegisteredRunners: 0, totalIdleRunners: 0 };

const server = createServer((request, response) => {
  const url = request.url ?? "";
  const origin = `http://${request.headers.host}`;
  request.resume();
  const json = (status: number, value: unknown): void => {
    const text = JSON.stringify(value);
    response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.end(text);
  };
  if (url.includes("/queue")) {
    held.push(response);
    return;
  }
  if (url.startsWith("/release")) {
    const waiting = held.splice(0);
    for (const each of waiting) each.writeHead(202).end();
    return json(200, { released: waiting.length });
  }
  if (url.startsWith("/held")) return json(200, { held: held.length });
  if (url.includes("registration-token")) return json(201, { token: "registration" });
  if (url.includes("runner-registration")) return json(200, { url: `${origin}/actions/`, token: `e30.${claims}.x` });
  if (url.includes("/sessions")) {
    if (request.method === "DELETE") return void response.writeHead(204).end();
    const id = /runnerscalesets\/(\d+)/.exec(url)?.[1] ?? "0";
    return json(200, {
      sessionId: `00000000-0000-4000-8000-${id.padStart(12, "0")}`,
      ownerName: "bench",
      messageQueueUrl: `${origin}/queue/${id}?sessionId=${id}`,
      messageQueueAccessToken: "queue-token",
      statistics,
    });
  }
  json(200, { id: 7, name: "runner-7", runnerScaleSetId: 1 });
});
server.keepAliveTimeout = 600_000;
server.requestTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" && address !== null ? address.port : 0 });
});
process.on("message", () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ bytes: heapUsed + external });
});
process.on("disconnect", () => process.exit(0));
