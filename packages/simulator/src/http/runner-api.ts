import { z } from "zod";
import { admit } from "../gate/authorization.js";
import { clientOfAssertion } from "../gate/runner-assertion.js";
import { publicKeyOf } from "../keys/runner-keys.js";
import type { Context } from "../service/context.js";
import { Refusal } from "../service/refusal.js";
import { beginRunnerPoll, endRunnerPoll, openRunnerSession, runnerSession } from "../service/runner-sessions.js";
import { endRunnerSession } from "../service/runners.js";
import type { RunnerRow, RunnerSessionRow } from "../service/state.js";
import { paths } from "../wire/endpoints.js";
import type { Desk, Exchange, Route } from "./exchange.js";
import { hold } from "./hold.js";
import { anyCase } from "./runner-bodies.js";

const sessionSchema = anyCase(z.object({ ownerName: z.string().nullish() }));
const acknowledgeSchema = anyCase(z.object({ runnerRequestId: z.string() }));

/** The runner of the token in the header, gone or not. */
export function runnerOf({ service, clock }: Desk, exchange: Exchange): RunnerRow {
  service.advance();
  const token = admit(service.tokens, exchange.headers, { kinds: ["runner"], nowMs: clock.now() });
  const runner = service.state.runnersByClientId.get(token.subject ?? "");
  if (runner === undefined) throw new Refusal("UnauthorizedException", "The runner of this token is not known.");
  return runner;
}

/** Where a runner proves who it is. It has its own error shape, and tells no reasons. */
export function runnerTokenRoute(desk: Desk): Route {
  const { service, clock } = desk;
  const invalid = (): Response =>
    Response.json({ error: "invalid_client", error_description: "The client is not known." }, { status: 400 });
  return {
    method: "POST",
    path: paths.token,
    call: "runner-token",
    handle: async (exchange) => {
      const form = new URLSearchParams(await exchange.request.text());
      if (form.get("grant_type") !== "client_credentials") return invalid();
      if (form.get("client_assertion_type") !== "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        return invalid();
      service.advance();
      const clientId = clientOfAssertion(form.get("client_assertion") ?? "", {
        nowMs: desk.peerTime(clock.now()),
        audiencePath: paths.token,
        keyOf: (id) => {
          const runner = service.state.runnersByClientId.get(id);
          return runner && publicKeyOf(desk.runnerKeys.keyOf(runner.id));
        },
      });
      const runner = service.state.runnersByClientId.get(clientId ?? "");
      if (runner === undefined || (runner.removed && runner.job === undefined)) return invalid();
      const ttlMs = service.options.runnerTokenTtlMs;
      const token = service.tokens.issue("runner", { ttlMs, subject: runner.clientId });
      return Response.json({ access_token: token.value, expires_in: Math.floor(ttlMs / 1000), token_type: "bearer" });
    },
  };
}

/** The broker: a runner's session and its messages. */
export function brokerRoutes(desk: Desk): Route[] {
  const { service } = desk;
  const base = paths.broker;

  return [
    {
      method: "POST",
      path: `${base}session`,
      call: "runner-open-session",
      handle: async (exchange) => {
        const runner = runnerOf(desk, exchange);
        const ownerName = (await exchange.json(sessionSchema)).ownerName ?? "RUNNER";
        // 401 sends it to the token endpoint, which then tells it for good that it is not registered.
        if (runner.removed) throw new Refusal("UnauthorizedException", "The runner is not registered.");
        const session = service.step((context) => openRunnerSession(context, runner, ownerName));
        return Response.json({
          sessionId: session.id,
          ownerName,
          agent: { id: runner.id, name: runner.name },
          useFipsEncryption: false,
        });
      },
    },
    {
      method: "DELETE",
      path: `${base}session`,
      call: "runner-close-session",
      handle: (exchange) => {
        const runner = runnerOf(desk, exchange);
        service.step((context) => {
          if (runner.session !== undefined) endRunnerSession(context, runner.session, "it closed its session");
        });
        return new Response(null, { status: 204 });
      },
    },
    {
      method: "GET",
      path: `${base}message`,
      call: "runner-get-message",
      handle: async (exchange) => {
        const runner = runnerOf(desk, exchange);
        const busy = exchange.url.searchParams.get("status")?.toLowerCase() === "busy";
        const id = exchange.url.searchParams.get("sessionId") ?? "";
        const look = () => messageFor(desk, exchange, { runner, id, busy });
        const begin = (context: Context): RunnerSessionRow => {
          const found = runnerSession(context, runner, id);
          beginRunnerPoll(context, found);
          return found;
        };
        const legacy = runner.legacySessionId === id;
        // Older runners ask the old queue again after an empty answer, and heed its word alone that they are gone.
        if (legacy && runner.session?.id !== id) return new Response(null, { status: 202 });
        const session = service.step(begin);
        try {
          const { signal } = exchange;
          const ended = () => (legacy && runner.session !== session ? "ended" : look());
          const message = await hold(desk, { row: runner, holdMs: desk.pollHoldMs, signal, look: ended });
          if (message === undefined || message === "ended" || signal.aborted)
            return new Response(null, { status: 202 });
          return Response.json(message(session, signal));
        } finally {
          service.step((context) => endRunnerPoll(context, session));
        }
      },
    },
    {
      method: "POST",
      path: `${base}acknowledge`,
      call: "runner-acknowledge",
      handle: async (exchange) => {
        const runner = runnerOf(desk, exchange);
        const { runnerRequestId } = await exchange.json(acknowledgeSchema);
        if (runner.job?.jobId !== runnerRequestId) {
          throw new Refusal("AcknowledgeJobNotFound", `There is no job ${runnerRequestId} for this runner.`);
        }
        return Response.json({});
      },
    },
  ];
}

/** Makes the message; `gone` aborts if its asker's connection breaks while it is written. */
type Message = (session: RunnerSessionRow, gone: AbortSignal) => Record<string, unknown>;

/**
 * What there is to say to a runner. Nothing is taken off a list by saying it: a job is told at each poll until the
 * runner takes it, so that an answer that gets lost is no job lost.
 */
function messageFor(
  { service }: Desk,
  { url }: Exchange,
  { runner, id, busy }: { runner: RunnerRow; id: string; busy: boolean },
): Message | undefined {
  if (service.state.runnersDeprecated) {
    throw new Refusal("TaskAgentVersionTooOldException", "This runner version is too old to get jobs.");
  }
  const session = service.lookup((context) => runnerSession(context, runner, id));
  const { job } = runner;
  if (job === undefined) return undefined;
  if (job.state === "assigned" && !busy) {
    const body = {
      id: job.jobId,
      runner_request_id: job.jobId,
      run_service_url: `${url.origin}${paths.run}`,
      should_acknowledge: service.options.runnersAcknowledge,
      billing_owner_id: "",
    };
    return (told) => ({
      messageId: told.nextMessageId++,
      messageType: "RunnerJobRequest",
      body: JSON.stringify(body),
    });
  }
  if (job.state === "running" && job.cancelAsked && !session.cancellationSent) {
    return (told, gone) => {
      told.cancellationSent = true;
      const putBack = (): void => {
        told.cancellationSent = false;
        service.step(({ woken }) => woken.add(runner));
      };
      gone.addEventListener("abort", putBack, { once: true });
      const body = JSON.stringify({ jobId: job.jobId, timeout: "00:05:00" });
      return { messageId: told.nextMessageId++, messageType: "JobCancellation", body };
    };
  }
  return undefined;
}
