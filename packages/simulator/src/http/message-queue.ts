import { admit } from "../gate/authorization.js";
import { announcedCapacity, requireApiVersion } from "../gate/headers.js";
import { acknowledge, deliver, nextMessage } from "../service/queue.js";
import { Refusal } from "../service/refusal.js";
import { beginPoll, endPoll, touchSession } from "../service/sessions.js";
import type { MessageRow, SessionRow } from "../service/state.js";
import { paths } from "../wire/endpoints.js";
import type { Desk, Exchange, Route } from "./exchange.js";
import { hold } from "./hold.js";

const queue = `${paths.queue}/:scaleSetId/message`;

/** The queue of a message session: the long poll, and the acknowledgement. */
export function messageQueueRoutes(desk: Desk): Route[] {
  const { service, clock } = desk;

  /** The session that the token and the query name, both; it may have ended. */
  function sessionOf(exchange: Exchange): SessionRow {
    const id = exchange.url.searchParams.get("sessionId") ?? "";
    const session = service.state.sessions.get(id);
    const kinds = ["queue"] as const;
    if (session?.scaleSet.deleted) throw deletedSet(session);
    const token = admit(service.tokens, exchange.headers, { kinds, nowMs: clock.now() });
    if (session === undefined || token.subject !== id || session.scaleSet.id !== exchange.id("scaleSetId")) {
      throw new Refusal("UnauthorizedException", "The queue token was issued for another session.");
    }
    return session;
  }

  return [
    {
      method: "GET",
      path: queue,
      call: "get-message",
      handle: async (exchange) => {
        const capacity = announcedCapacity(exchange.headers);
        const lastMessageId = Number(exchange.url.searchParams.get("lastMessageId") ?? 0);
        if (!Number.isSafeInteger(lastMessageId)) throw new Refusal("ArgumentException", "lastMessageId is no number.");
        // Of the queue's two calls only the poll names a version: the reference's acknowledgement has none anywhere.
        requireApiVersion(exchange.url, exchange.headers);
        service.advance();
        const session = sessionOf(exchange);
        requireAlive(session);
        const set = session.scaleSet;
        const { refreshes } = session;
        const queueNumber = Number(exchange.url.searchParams.get("queue") ?? 0);
        const look = (): MessageRow | "refreshed" | undefined => {
          requireAlive(session);
          if (session.refreshes !== refreshes) return "refreshed";
          return queueNumber === session.queueNumber ? nextMessage(set, lastMessageId) : undefined;
        };
        service.step((context) => beginPoll(context, session, capacity));
        let message: MessageRow | "refreshed" | undefined;
        try {
          const { signal } = exchange;
          message = await hold(desk, { row: set, holdMs: desk.pollHoldMs, signal, look });
        } finally {
          service.step((context) => endPoll(context, session));
        }
        if (message === undefined || message === "refreshed" || exchange.signal.aborted)
          return new Response(null, { status: 202 });
        const found = message;
        const serviceUrl = desk.endpoints.serviceUrl(exchange.url.origin, set.scope);
        const acquireJobUrl = `${serviceUrl.replace(/\/$/, "")}/_apis/runtime/runnerscalesets/${set.id}/acquirejobs`;
        return service.step((context) => Response.json(deliver(context, set, { message: found, acquireJobUrl })));
      },
    },
    {
      method: "DELETE",
      path: `${queue}/:messageId`,
      call: "acknowledge-message",
      handle: (exchange) => {
        service.advance();
        const session = sessionOf(exchange);
        if (service.options.acknowledgeInLostSession === "refuse") requireAlive(session);
        service.step((context) => {
          if (session.ended === undefined) touchSession(context, session);
          acknowledge(context, session.scaleSet, exchange.id("messageId"));
        });
        return new Response(null, { status: 204 });
      },
    },
  ];
}

function requireAlive(session: SessionRow): void {
  if (session.scaleSet.deleted) throw deletedSet(session);
  if (session.ended !== undefined) throw new Refusal("UnauthorizedException", "The session of this token has ended.");
}

function deletedSet(session: SessionRow): Refusal {
  const { id } = session.scaleSet;
  return new Refusal("RunnerScaleSetNotFoundException", `No runner scale set found with identifier ${id}.`);
}
