import { Refusal } from "../service/refusal.js";
import type { Clock } from "../time/clock.js";
import type { CallName } from "../wire/calls.js";
import { actionsError } from "../wire/exceptions.js";
import type { FaultEffect } from "./fault.js";
import { hiddenAnswer } from "./hidden.js";
import { type EarlierStatistics, offBy } from "./statistics.js";

/** The connection is to break here, after part of an answer if there is one. Whoever holds it breaks it. */
export class ConnectionReset extends Error {
  override readonly name = "ConnectionReset";
  readonly code = "ECONNRESET";
  readonly partial: { readonly response: Response; readonly bytes: Uint8Array } | undefined;

  constructor(partial?: { readonly response: Response; readonly bytes: Uint8Array }) {
    super("the connection was reset by a fault");
    this.partial = partial;
  }
}

export interface Injection {
  readonly clock: Clock;
  readonly call: CallName;
  /** The scale set that the call is about. */
  readonly scaleSetId: number | undefined;
  readonly earlier: EarlierStatistics;
  /** Aborts when the asker is gone. */
  readonly signal: AbortSignal;
  /** Does what was asked. */
  readonly next: () => Promise<Response>;
}

/** Puts one effect between a call and its answer. @throws ConnectionReset where the connection is to break */
export async function inject(effect: FaultEffect, injection: Injection): Promise<Response> {
  const { clock, signal, next } = injection;
  if ("commit" in effect && effect.commit && effect.kind !== "latency") await next();
  switch (effect.kind) {
    case "latency": {
      const early = effect.commit ? await next() : undefined;
      await clock.sleep(effect.ms, { signal }).catch(() => undefined);
      return early ?? next();
    }
    case "hang":
      return hang(signal);
    case "reset":
      if (effect.afterBytes === undefined) throw new ConnectionReset();
      return breakAfter(await next(), effect.afterBytes);
    case "lost-answer":
      await next();
      throw new ConnectionReset();
    case "answer": {
      const { status, body, contentType = "application/json", headers = {} } = effect;
      const bodiless = status === 204 || status === 205 || status === 304;
      return new Response(bodiless ? null : (body ?? ""), {
        status,
        headers: { "content-type": contentType, ...headers },
      });
    }
    case "refusal":
      return actionsError(new Refusal(effect.refusal, effect.message ?? "A fault was asked for."));
    case "bad-gateway":
      return new Response("<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>", {
        status: 502,
        headers: { "content-type": "text/html" },
      });
    case "rate-limit":
      return rateLimited(effect, clock.now());
    case "truncated":
      return changed(await next(), (bytes) => bytes.subarray(0, effect.bytes ?? Math.floor(bytes.length / 2)));
    case "bom":
      return changed(await next(), (bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]));
    case "hidden":
      return hiddenAnswer(injection.call) ?? next();
    case "statistics": {
      const { off = {}, late = false } = effect;
      return changed(await next(), (bytes) =>
        rewritten(bytes, (body) => {
          if (!isObject(body) || !("statistics" in body)) return body;
          const now = body["statistics"];
          const { earlier, scaleSetId } = injection;
          return { ...body, statistics: offBy(late ? earlier.swap(effect, scaleSetId, now) : now, off) };
        }),
      );
    }
    case "patch":
      return changed(await next(), (bytes) => rewritten(bytes, (body) => merged(body, effect.body)));
  }
}

function hang(signal: AbortSignal): Promise<Response> {
  return new Promise((resolve) => {
    const gone = (): void => resolve(new Response(null, { status: 202 }));
    if (signal.aborted) gone();
    else signal.addEventListener("abort", gone, { once: true });
  });
}

async function breakAfter(response: Response, count: number): Promise<never> {
  const whole = new Uint8Array(await response.arrayBuffer());
  throw new ConnectionReset({ response, bytes: whole.slice(0, count) });
}

function rateLimited(
  { form, ms }: { readonly form: "seconds" | "date" | "reset"; readonly ms: number },
  nowMs: number,
): Response {
  const message = { message: "API rate limit exceeded", documentation_url: "https://docs.github.com/rest" };
  const untilMs = nowMs + ms;
  if (form === "reset") {
    const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.ceil(untilMs / 1000)) };
    return Response.json(message, { status: 403, headers });
  }
  const retryAfter = form === "seconds" ? String(Math.ceil(ms / 1000)) : new Date(untilMs).toUTCString();
  return Response.json(message, { status: 429, headers: { "retry-after": retryAfter } });
}

async function changed(response: Response, change: (bytes: Buffer) => Buffer): Promise<Response> {
  if (response.body === null) return response;
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  const bytes = change(Buffer.from(await response.arrayBuffer()));
  return new Response(new Uint8Array(bytes), { status: response.status, headers });
}

/** The JSON of an answer as `change` makes it; what is no JSON stays as it is. */
function rewritten(bytes: Buffer, change: (body: unknown) => unknown): Buffer {
  try {
    return Buffer.from(JSON.stringify(change(JSON.parse(bytes.toString("utf8")))));
  } catch {
    return bytes;
  }
}

function merged(value: unknown, patch: unknown): unknown {
  if (!isObject(value) || !isObject(patch)) return patch;
  const result = { ...value };
  for (const [name, part] of Object.entries(patch)) result[name] = merged(result[name], part);
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An answer whose body fails after its first bytes, as a broken connection makes it. */
export function breakingResponse(
  { response, bytes }: { readonly response: Response; readonly bytes: Uint8Array },
  reason: Error,
): Response {
  let sent = bytes.length === 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent) return controller.error(new TypeError("terminated", { cause: reason }));
      sent = true;
      controller.enqueue(bytes);
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}
