import { z } from "zod";
import { admit } from "../gate/authorization.js";
import { requireApiVersion } from "../gate/headers.js";
import { jitConfig } from "../keys/jit-config.js";
import type { Context } from "../service/context.js";
import { acquireJobs } from "../service/jobs.js";
import { Refusal } from "../service/refusal.js";
import { findRunners, registerRunner, removeRunner, runnerIn } from "../service/runners.js";
import { createScaleSet, deleteScaleSet, findScaleSets, scaleSet, updateScaleSet } from "../service/scale-sets.js";
import { findRunnerGroups } from "../service/scopes.js";
import { endSession, openSession, refreshSession, sessionOf, touchSession } from "../service/sessions.js";
import type { Scope, SessionRow } from "../service/state.js";
import { statisticsOf } from "../service/statistics.js";
import { paths, tenantOf } from "../wire/endpoints.js";
import type { Desk, Exchange, Route } from "./exchange.js";
import { groupJson, listJson, runnerJson, scaleSetJson } from "./shapes.js";

/** Null means "not said", as for most services that read JSON into classes: some clients write every field they have. */
const labelSchema = z.object({ name: z.string(), type: z.string().nullish() });
const scaleSetSchema = z
  .object({
    name: z.string().max(256).nullish(),
    runnerGroupId: z.int().nullish(),
    labels: z.array(labelSchema).nullish(),
    RunnerSetting: z.object({ disableUpdate: z.boolean().nullish() }).nullish(),
  })
  .transform(({ name, runnerGroupId, labels, RunnerSetting }) => ({
    name: name ?? undefined,
    // The reference leaves ids at 0 when it means "not said".
    runnerGroupId: runnerGroupId || undefined,
    labels: labels?.map((label) => ({ name: label.name, type: label.type ?? undefined })),
    disableUpdate: RunnerSetting?.disableUpdate ?? undefined,
  }));
const jitSchema = z.object({ name: z.string().min(1), workFolder: z.string().nullish() });
const sessionSchema = z.object({ ownerName: z.string().min(1) });

const api = `${paths.actions}/:tenant/_apis`;
const sets = `${api}/runtime/runnerscalesets`;
const agents = `${api}/distributedtask/pools/0/agents`;

/** The Actions service: scale sets, groups, runners and sessions, under the admin token. */
export function scaleSetRoutes(desk: Desk): Route[] {
  const { service, clock, endpoints } = desk;

  /** Wraps a handler that works in the scope of an admin token. */
  function admin(
    method: Route["method"],
    path: string,
    call: Route["call"],
    act: (exchange: Exchange, scope: Scope) => Response | Promise<Response>,
  ): Route {
    return {
      method,
      path,
      call,
      handle: (exchange) => {
        const token = admit(service.tokens, exchange.headers, { kinds: ["admin"], nowMs: clock.now() });
        requireApiVersion(exchange.url, exchange.headers);
        const scope = service.state.scopes.get(token.subject ?? "");
        if (scope === undefined || tenantOf(scope) !== exchange.param("tenant")) {
          throw new Refusal("ForbiddenException", "The admin token was issued for another place.");
        }
        return act(exchange, scope);
      },
    };
  }

  function setAnswer({ url }: Exchange, scope: Scope, act: (context: Context) => ReturnType<typeof createScaleSet>) {
    return service.step((context) =>
      Response.json(scaleSetJson(context, act(context), endpoints.serviceUrl(url.origin, scope))),
    );
  }

  function sessionAnswer(
    { url }: Exchange,
    context: Context,
    session: SessionRow,
    how: "opened" | "refreshed",
  ): Response {
    const set = session.scaleSet;
    const empty = how === "refreshed" && context.options.refreshStatistics === "empty";
    const queue = service.tokens.issue("queue", { ttlMs: service.options.queueTokenTtlMs, subject: session.id });
    const serviceUrl = endpoints.serviceUrl(url.origin, set.scope);
    return Response.json({
      sessionId: session.id,
      ownerName: session.ownerName,
      // A string when the session is made and a number when it is refreshed: so it was seen on the wire.
      runnerScaleSet: {
        ...scaleSetJson(context, set, serviceUrl),
        ...(empty ? { statistics: null } : {}),
        status: how === "opened" ? "online" : 1,
      },
      messageQueueUrl: endpoints.messageQueueUrl(url.origin, {
        scaleSetId: set.id,
        sessionId: session.id,
        queueNumber: session.queueNumber,
      }),
      messageQueueAccessToken: queue.value,
      statistics: empty ? null : statisticsOf(context, set),
    });
  }

  return [
    admin("GET", sets, "list-scale-sets", ({ url }, scope) =>
      service.step((context) => {
        const groupId = url.searchParams.get("runnerGroupId");
        const found = findScaleSets(context, scope, {
          runnerGroupId: groupId === null ? undefined : Number(groupId),
          name: url.searchParams.get("name") ?? undefined,
        });
        const serviceUrl = endpoints.serviceUrl(url.origin, scope);
        return Response.json(listJson(found.map((set) => scaleSetJson(context, set, serviceUrl))));
      }),
    ),
    admin("POST", sets, "create-scale-set", async (exchange, scope) => {
      const input = await exchange.json(scaleSetSchema);
      return setAnswer(exchange, scope, (context) => createScaleSet(context, scope, input));
    }),
    admin("GET", `${sets}/:id`, "get-scale-set", (exchange, scope) =>
      setAnswer(exchange, scope, (context) => scaleSet(context, scope, exchange.id("id"))),
    ),
    admin("PATCH", `${sets}/:id`, "update-scale-set", async (exchange, scope) => {
      const input = await exchange.json(scaleSetSchema);
      return setAnswer(exchange, scope, (context) =>
        updateScaleSet(context, scaleSet(context, scope, exchange.id("id")), input),
      );
    }),
    admin("DELETE", `${sets}/:id`, "delete-scale-set", (exchange, scope) => {
      service.step((context) =>
        deleteScaleSet(context, scaleSet(context, scope, exchange.id("id")), "the client asked"),
      );
      return new Response(null, { status: 204 });
    }),
    ...["", "/"].map((end) =>
      admin("GET", `${api}/runtime/runnergroups${end}`, "get-runner-group", ({ url }, scope) =>
        service.step((context) => {
          const groups = findRunnerGroups(scope, url.searchParams.get("groupName") ?? undefined);
          return Response.json(listJson(groups.map((group) => groupJson(context, scope, group))));
        }),
      ),
    ),
    admin("POST", `${sets}/:id/generatejitconfig`, "generate-jit-config", async (exchange, scope) => {
      const { name, workFolder } = await exchange.json(jitSchema);
      const runner = service.step((context) =>
        registerRunner(context, scaleSet(context, scope, exchange.id("id")), { name, ...desk.runnerPlans.next() }),
      );
      const origin = endpoints.runnerOrigin(exchange.url.origin);
      return Response.json({
        runner: runnerJson(runner),
        encodedJITConfig: jitConfig({
          runner,
          origin,
          workFolder: workFolder ?? undefined,
          key: desk.runnerKeys.keyOf(runner.id),
        }),
      });
    }),
    admin("GET", agents, "list-runners", ({ url }, scope) =>
      service.step((context) =>
        Response.json(
          listJson(findRunners(context, scope, url.searchParams.get("agentName") ?? undefined).map(runnerJson)),
        ),
      ),
    ),
    admin("GET", `${agents}/:id`, "get-runner", (exchange, scope) =>
      service.step((context) => Response.json(runnerJson(runnerIn(context, scope, exchange.id("id"))))),
    ),
    admin("DELETE", `${agents}/:id`, "remove-runner", (exchange, scope) => {
      service.step((context) => removeRunner(context, runnerIn(context, scope, exchange.id("id"))));
      return new Response(null, { status: 204 });
    }),
    admin("POST", `${sets}/:id/sessions`, "open-session", async (exchange, scope) => {
      const { ownerName } = await exchange.json(sessionSchema);
      return service.step((context) => {
        const session = openSession(context, scaleSet(context, scope, exchange.id("id")), ownerName);
        return sessionAnswer(exchange, context, session, "opened");
      });
    }),
    admin("PATCH", `${sets}/:id/sessions/:sessionId`, "refresh-session", (exchange, scope) =>
      service.step((context) => {
        const set = scaleSet(context, scope, exchange.id("id"));
        const session = sessionOf(context, set, exchange.param("sessionId"));
        refreshSession(context, session);
        return sessionAnswer(exchange, context, session, "refreshed");
      }),
    ),
    admin("DELETE", `${sets}/:id/sessions/:sessionId`, "close-session", (exchange, scope) => {
      service.step((context) => {
        const set = scaleSet(context, scope, exchange.id("id"));
        endSession(context, sessionOf(context, set, exchange.param("sessionId")), "closed", "the client asked");
      });
      return new Response(null, { status: 204 });
    }),
    {
      method: "POST",
      path: `${sets}/:id/acquirejobs`,
      call: "acquire-jobs",
      handle: async (exchange) => {
        const token = admit(service.tokens, exchange.headers, { kinds: ["queue"], nowMs: clock.now() });
        requireApiVersion(exchange.url, exchange.headers);
        const ids = requestIdsOf(await exchange.request.text());
        const granted = service.step((context) => {
          const session = context.state.sessions.get(token.subject ?? "");
          if (session === undefined || session.ended !== undefined) {
            throw new Refusal("UnauthorizedException", "The session of this token has ended.");
          }
          if (
            session.scaleSet.id !== exchange.id("id") ||
            tenantOf(session.scaleSet.scope) !== exchange.param("tenant")
          ) {
            throw new Refusal("ForbiddenException", "The queue token was issued for another scale set.");
          }
          touchSession(context, session);
          return acquireJobs(context, session.scaleSet, ids);
        });
        return json(`{"count":${granted.length},"value":[${granted.join(",")}]}`);
      },
    },
    admin("GET", `${sets}/:id/acquirablejobs`, "list-acquirable-jobs", (exchange, scope) =>
      service.step((context) => {
        const { available } = scaleSet(context, scope, exchange.id("id"));
        if (available.size === 0) return new Response(null, { status: 204 });
        const jobs = [...available].map(
          (job) =>
            `{"runnerRequestId":${job.runnerRequestId},"jobDisplayName":${JSON.stringify(job.spec.displayName)}}`,
        );
        return json(`{"count":${jobs.length},"value":[${jobs.join(",")}]}`);
      }),
    ),
  ];
}

/** A body with ids of 64 bits, which `JSON.stringify` cannot write. */
function json(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/json; charset=utf-8" } });
}

/** The ids as digits, since a JavaScript number would lose some. Quoted ids are refused: the service wants numbers. */
function requestIdsOf(text: string): string[] {
  if (!/^\s*\[\s*(\d{1,19}\s*(,\s*\d{1,19}\s*)*)?\]\s*$/.test(text)) {
    throw new Refusal("ArgumentException", "The body must be an array of runner request ids.");
  }
  return text.match(/\d+/g) ?? [];
}
