import { describe, expect, test } from "vitest";
import { exception, jobs, json } from "./kit/fake-service.js";
import { seeded } from "./kit/seeded.js";
import { createWorld, listen } from "./kit/world.js";

const CALLS = [
  "POST registration-token",
  "POST runner-registration",
  "GET runnerscalesets",
  "POST sessions",
  "PATCH sessions/ID",
  "DELETE sessions/ID",
  "GET queue",
  "DELETE queue",
  "POST acquirejobs",
];

const TYPES = [
  "RunnerScaleSetSessionConflictException",
  "RunnerScaleSetSessionExpiredException",
  "RunnerScaleSetNotFoundException",
  "RunnerAdminException",
  "AgentNotFoundException",
  "",
];

const BODIES = [
  "",
  "null",
  "[]",
  "{}",
  '{"messageId":',
  "<html>",
  "\uFEFF{}",
  '{"messageId":7,"messageType":"RunnerScaleSetJobMessages","body":"["}',
  '{"value":null}',
  "7",
];

function fail(): never {
  throw new Error("nothing to pick from");
}

/** Anything that something between us and the service, or the service itself, could say. */
function anything(random: () => number): () => Response | Promise<Response> {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] ?? fail();
  const status = pick([200, 201, 202, 204, 301, 400, 401, 403, 404, 409, 410, 418, 429, 500, 502, 503, 504]);
  const kind = random();
  if (kind < 0.1) return () => new Promise(() => {});
  if (kind < 0.25) {
    const code = pick(["ECONNRESET", "ECONNREFUSED", "UND_ERR_SOCKET", "ENOTFOUND", ""]);
    return () =>
      Promise.reject(Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error("x"), { code }) }));
  }
  if (kind < 0.5) {
    const type = pick(TYPES);
    return () => exception(status === 204 ? 404 : status, type, "already has an active session for owner somebody.");
  }
  const headers = random() < 0.2 ? { "Retry-After": pick(["0", "1", "30", "120", "-1", "soon"]) } : {};
  if (status === 204) return () => new Response(null, { status, headers });
  const body = pick(BODIES);
  return () => (body === "{}" ? json(status, {}, headers) : new Response(body, { status, headers }));
}

describe("whatever the service answers", () => {
  test.each(Array.from({ length: 25 }, (_, seed) => seed))(
    "a listener never ends, never storms, and is at work again soon after (seed %i)",
    async (seed) => {
      const random = seeded(seed);
      const world = createWorld({ random });
      const { clock, service } = world;
      const handled: number[] = [];
      const { stop, ended } = listen(world, {
        handler: { onMessage: ({ messageId }) => void handled.push(messageId) },
      });
      let failure: unknown;
      ended.catch((error: unknown) => {
        failure = error;
      });
      for (let minute = 0; minute < 60; minute++) {
        for (const call of CALLS) service.always(call, random() < 0.6 ? () => anything(random)() : undefined);
        if (random() < 0.3) service.queueToken = `token-${minute}`;
        if (random() < 0.2) service.sessionOwner = undefined;
        const before = service.requests.length;
        await clock.advance(60_000);
        expect(failure).toBeUndefined();
        expect(service.requests.length - before).toBeLessThan(120);
      }
      for (const call of CALLS) service.always(call, undefined);
      service.sessionOwner = undefined;
      service.push(1_000_000, jobs({ messageType: "JobAvailable", runnerRequestId: 5 }));
      await clock.advance(240_000);
      expect(failure).toBeUndefined();
      expect(handled.at(-1)).toBe(1_000_000);
      expect(service.queue).toEqual([]);
      await stop();
      expect(service.sessionOwner).toBeUndefined();
      expect(clock.pending).toBe(0);
    },
  );
});
