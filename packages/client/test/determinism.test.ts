import { afterEach, describe, expect, test, vi } from "vitest";
import { githubApp } from "../src/index.js";
import { jobs, json } from "./kit/fake-service.js";
import { seeded } from "./kit/seeded.js";
import { createWorld, listen } from "./kit/world.js";

afterEach(() => vi.restoreAllMocks());

/** An hour with faults of every kind, at moments that only the seed decides. */
async function trace(seed: number): Promise<readonly string[]> {
  const random = seeded(seed);
  const credentials = githubApp({ clientId: 1, installationId: 2, sign: (data) => data.slice(0, 8) });
  const world = createWorld({ credentials, random });
  const { clock, service } = world;
  const seen: string[] = [];
  const note = (what: string) => seen.push(`${clock.monotonic()} ${what}`);
  const { stop } = listen(world, {
    handler: {
      onMessage: ({ messageId }) => {
        note(`message ${messageId}`);
        if (random() < 0.3) throw new Error("by chance");
      },
    },
    observer: { onState: ({ state }) => note(state), onAnswered: ({ call }) => note(`answered ${call}`) },
  });
  for (let id = 1; id <= 40; id++) {
    await clock.advance(random() * 90_000);
    if (random() < 0.3) service.queueToken = `queue-token-${id}`;
    if (random() < 0.3) service.once("GET queue", () => json(503, {}, { "Retry-After": "3" }));
    if (random() < 0.3) service.once("POST acquirejobs", () => new Promise(() => {}));
    service.push(id, jobs({ messageType: "JobAvailable", runnerRequestId: id }));
  }
  await stop();
  return [...seen, ...service.requests.map(({ call, url }) => `${call} ${url.search}`)];
}

describe("with fetch, clock, random and signer passed in", () => {
  test("the same seed gives the same trace, and another one another", async () => {
    const [once, other, again] = [await trace(7), await trace(8), await trace(7)];
    expect(again).toEqual(once);
    expect(other).not.toEqual(once);
    expect(once.length).toBeGreaterThan(200);
  });

  test("nothing of the machine's own time and chance is used", async () => {
    const forbid = (what: string) => (): never => {
      throw new Error(`${what} was used`);
    };
    const used: string[] = [];
    const record = (what: string) => (): never => {
      used.push(`${what} ${new Error().stack}`);
      return forbid(what)();
    };
    vi.spyOn(Date, "now").mockImplementation(record("Date.now"));
    vi.spyOn(performance, "now").mockImplementation(record("performance.now"));
    vi.spyOn(Math, "random").mockImplementation(record("Math.random"));
    vi.spyOn(AbortSignal, "timeout").mockImplementation(record("AbortSignal.timeout"));
    vi.spyOn(globalThis, "setTimeout").mockImplementation(record("setTimeout"));
    vi.spyOn(globalThis, "setInterval").mockImplementation(record("setInterval"));
    vi.spyOn(globalThis, "setImmediate").mockImplementation(record("setImmediate"));
    vi.spyOn(globalThis, "fetch").mockImplementation(record("fetch"));
    vi.spyOn(globalThis.crypto, "getRandomValues").mockImplementation(record("getRandomValues"));
    vi.spyOn(globalThis.crypto, "randomUUID").mockImplementation(record("randomUUID"));
    const length = (await trace(7)).length;
    vi.restoreAllMocks();
    expect(used).toEqual([]);
    expect(length).toBeGreaterThan(200);
  });
});
