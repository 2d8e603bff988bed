import { admit } from "../gate/authorization.js";
import { Refusal } from "../service/refusal.js";
import { openLegacySession, runnerSession, startLegacySession } from "../service/runner-sessions.js";
import { endRunnerSession } from "../service/runners.js";
import { paths } from "../wire/endpoints.js";
import type { Desk, Exchange, Route } from "./exchange.js";
import { runnerOf } from "./runner-api.js";

const base = paths.broker;
const pool = `${base}_apis/distributedtask/pools/:pool`;

/** The resources of the old flow that lead to the broker. A Go runner that misses one of them crashes. */
const resources = {
  "134e239e-2df3-4794-a6f6-24f1f19ec8dc": ["sessions", "/_apis/{area}/pools/{poolId}/{resource}/{sessionId}"],
  "c3a054f6-7a8a-49c0-944e-3a8e5d7adfd7": ["messages", "/_apis/{area}/pools/{poolId}/{resource}/{messageId}"],
} as const;

/** Those of a job: nothing is kept of what comes there, but a runner must know where it is. */
const jobResources = {
  "8893bc5b-35b2-4be7-83cb-99e683551db4": ["records", "/_apis/{area}/plans/{planId}/{resource}"],
  "46f5667d-263a-4684-91b1-dff7fdcf64e2": ["logs", "/_apis/{area}/plans/{planId}/{resource}/{logId}"],
  "858983e4-19bd-4c5e-864c-507b59b58b12": ["feed", "/_apis/{area}/plans/{planId}/{resource}"],
} as const;

/**
 * Where the Go runner begins, for it takes the new flow only when it is sent there (runner-protocol.md §7): newer ones by
 * a field of the session, older ones by a message of the old queue, which they ask anew before each poll of the broker.
 */
export function legacyRunnerRoutes(desk: Desk): Route[] {
  const { service } = desk;
  const migration = (exchange: Exchange) => ({ brokerBaseUrl: `${exchange.url.origin}${base.replace(/\/$/, "")}` });

  return [
    {
      method: "GET",
      path: `${base}_apis/connectionData`,
      call: "runner-connection-data",
      handle: (exchange) => {
        runnerOf(desk, exchange);
        return connectionData(resources);
      },
    },
    {
      method: "POST",
      path: `${pool}/sessions`,
      call: "runner-legacy-session",
      handle: (exchange) => {
        const runner = runnerOf(desk, exchange);
        if (runner.removed) throw new Refusal("UnauthorizedException", "The runner is not registered.");
        const { id, key } = service.step((context) => startLegacySession(context, runner));
        return Response.json({
          sessionId: id,
          ownerName: "RUNNER",
          // Nothing is ever encrypted with it, but older runners make a cipher of it at once.
          encryptionKey: { encrypted: false, value: key },
          brokerMigrationMessage: migration(exchange),
        });
      },
    },
    {
      method: "DELETE",
      path: `${pool}/sessions/:sessionId`,
      call: "runner-legacy-session",
      handle: (exchange) => {
        const runner = runnerOf(desk, exchange);
        service.step((context) => {
          if (runner.session?.id === exchange.param("sessionId"))
            endRunnerSession(context, runner.session, "it closed its session");
        });
        return new Response(null, { status: 204 });
      },
    },
    {
      method: "GET",
      path: `${pool}/messages`,
      call: "runner-legacy-message",
      handle: (exchange) => {
        const runner = runnerOf(desk, exchange);
        const id = exchange.url.searchParams.get("sessionId") ?? "";
        const messageId = service.step((context) => {
          openLegacySession(context, runner, id);
          return runnerSession(context, runner, id).nextMessageId++;
        });
        const body = JSON.stringify(migration(exchange));
        return Response.json({ messageId, messageType: "BrokerMigration", body });
      },
    },
    {
      method: "DELETE",
      path: `${pool}/messages/:messageId`,
      call: "runner-legacy-message",
      handle: (exchange) => {
        runnerOf(desk, exchange);
        return new Response(null, { status: 204 });
      },
    },
  ];
}

/** What a runner of the old flow asks of the run service about the job that it has. */
export function legacyJobRoutes(desk: Desk): Route[] {
  return [
    {
      method: "GET",
      path: `${paths.run}_apis/connectionData`,
      call: "runner-connection-data",
      handle: ({ headers }) => {
        admit(desk.service.tokens, headers, { kinds: ["job"], nowMs: desk.clock.now() });
        return connectionData(jobResources);
      },
    },
  ];
}

function connectionData(places: Readonly<Record<string, readonly [name: string, path: string]>>): Response {
  const serviceDefinitions = Object.entries(places).map(([identifier, [displayName, relativePath]]) => ({
    identifier,
    serviceType: "distributedtask",
    displayName,
    relativePath,
  }));
  return Response.json({ locationServiceData: { serviceDefinitions } });
}
