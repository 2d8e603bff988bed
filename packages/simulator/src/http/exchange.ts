import type { Context, Hono } from "hono";
import type { z } from "zod";
import type { RunnerPlans } from "../faults/runner-plan.js";
import { requireJson } from "../gate/headers.js";
import type { Journal } from "../journal/journal.js";
import type { RunnerKeys } from "../keys/runner-keys.js";
import { Refusal } from "../service/refusal.js";
import type { Service } from "../service/service.js";
import type { Clock } from "../time/clock.js";
import { type Random, randomHex, randomUuid } from "../time/random.js";
import type { CallName } from "../wire/calls.js";
import type { Endpoints } from "../wire/endpoints.js";
import { scaleSetConcerned } from "./concerned.js";

/** What every handler works with. */
export interface Desk {
  readonly service: Service;
  readonly journal: Journal;
  readonly clock: Clock;
  /** A time of ours as those see it who call us: theirs goes slower where ours goes at a factor. */
  readonly peerTime: (atMs: number) => number;
  readonly random: Random;
  readonly endpoints: Endpoints;
  readonly runnerKeys: RunnerKeys;
  readonly runnerPlans: RunnerPlans;
  /** Scopes of the personal access token; undefined = all. */
  readonly tokenScopes: readonly string[] | undefined;
  /** How long a poll is held. @unit milliseconds */
  readonly pollHoldMs: number;
}

/** What comes with a request from outside Hono: the signal that its asker is gone. */
export interface Bindings {
  readonly signal?: AbortSignal | undefined;
}

export interface AppEnv {
  // Hono's own name for it.
  Bindings: Bindings;
}

/** One request while it is answered. */
export interface Exchange {
  readonly request: Request;
  readonly url: URL;
  readonly headers: Headers;
  readonly param: (name: string) => string;
  /** A part of the path that is a number above 0. */
  readonly id: (name: string) => number;
  /** The body, checked. */
  readonly json: <T>(schema: z.ZodType<T>) => Promise<T>;
  /** Aborts when the asker is gone. */
  readonly signal: AbortSignal;
  /** What the journal says of it beside the answer. */
  readonly notes: { refusal?: string; fault?: string };
}

export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE" | "PUT";
  readonly path: string;
  readonly call: CallName;
  readonly handle: (exchange: Exchange) => Response | Promise<Response>;
}

/** Answers in place of a handler, or changes what one answered. */
export type Around = (call: CallName, exchange: Exchange, next: () => Promise<Response>) => Promise<Response>;

/** Adds routes that share one shape of errors. A known path asked with another method is told so. */
export function addRoutes(
  app: Hono<AppEnv>,
  desk: Desk,
  options: {
    readonly routes: readonly Route[];
    readonly refuse: (refusal: Refusal) => Response;
    readonly around: Around;
  },
): void {
  for (const route of options.routes) {
    app.on(route.method, route.path, (context) => answer(context, desk, { ...options, ...route }));
  }
  for (const path of new Set(options.routes.map((route) => route.path))) {
    app.all(path, (context) => {
      const handle = (): never => {
        throw new Refusal("MethodNotAllowedException", `${context.req.method} is not answered here.`);
      };
      return answer(context, desk, { ...options, call: "unknown", handle });
    });
  }
}

export async function answer(
  context: Context<AppEnv>,
  desk: Desk,
  options: Pick<Route, "call" | "handle"> & {
    readonly refuse: (refusal: Refusal) => Response;
    readonly around: Around;
  },
): Promise<Response> {
  const { call, refuse } = options;
  const exchange = exchangeOf(context);
  const event = exchange.request.method;
  let response: Response;
  try {
    response = await options.around(call, exchange, async () => {
      try {
        return await options.handle(exchange);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        exchange.notes.refusal = error.kind;
        return refuse(error);
      }
    });
  } catch (error) {
    desk.journal.record({
      subject: "request",
      event,
      cause: "a client called, and had no answer",
      call,
      ...concerning(desk, exchange),
    });
    throw error;
  }
  if (!response.headers.has("activityid")) response.headers.set("ActivityId", randomUuid(desk.random));
  if (!response.headers.has("x-github-request-id")) {
    response.headers.set("X-GitHub-Request-Id", randomHex(desk.random, 12).toUpperCase());
  }
  if (!response.headers.has("date"))
    response.headers.set("Date", new Date(desk.peerTime(desk.clock.now())).toUTCString());
  desk.journal.record({
    subject: "request",
    event,
    cause: call === "unknown" ? `warning: nothing answers ${event} ${pathOf(exchange.url)}` : "a client called",
    call,
    status: response.status,
    ...concerning(desk, exchange),
  });
  return response;
}

function concerning({ service }: Desk, exchange: Exchange): { scaleSetId?: number; refusal?: string; fault?: string } {
  const set = service.lookup((context) => scaleSetConcerned(context, service.tokens, exchange));
  return { ...(set === undefined ? {} : { scaleSetId: set.id }), ...exchange.notes };
}

/** Short, and without what could be a secret: ids and tokens stand in queries. */
function pathOf({ pathname }: URL): string {
  return pathname.length > 100 ? `${pathname.slice(0, 100)}…` : pathname;
}

function exchangeOf(context: Context<AppEnv>): Exchange {
  const request = context.req.raw;
  const url = new URL(request.url);
  const param = (name: string): string => decoded(context.req.param(name) ?? "");
  return {
    request,
    url,
    headers: request.headers,
    param,
    id: (name) => {
      const value = param(name);
      if (!/^\d{1,15}$/.test(value)) throw new Refusal("ArgumentException", `${value} is no id.`);
      return Number(value);
    },
    json: async (schema) => {
      requireJson(request.headers);
      return parsed(await context.req.text(), schema);
    },
    signal: context.env.signal ?? request.signal,
    notes: {},
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal("ArgumentException", "The path is not encoded as one.");
  }
}

function parsed<T>(text: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal("ArgumentException", "The body is no JSON.");
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Refusal(
    "ArgumentException",
    `${issue?.path.join(".") || "The body"}: ${issue?.message ?? "is not valid"}.`,
  );
}
