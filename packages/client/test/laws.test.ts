import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ScaleSetError } from "../src/errors.js";
import { nextStep, type RetryPolicy } from "../src/http/retry.js";
import { isScaleSetError, personalAccessToken, ScaleSetClient } from "../src/index.js";
import { serviceUrl } from "../src/service/actions-service.js";
import { messageUrl, pollUrl } from "../src/session/queue-url.js";
import { parseJson } from "../src/wire/json.js";

/** Every method, called so that its request goes out. */
const calls: readonly (readonly [string, (client: ScaleSetClient) => Promise<unknown>])[] = [
  ["getRunnerScaleSet", (client) => client.getRunnerScaleSet(1, "linux")],
  ["getRunnerScaleSetById", (client) => client.getRunnerScaleSetById(1)],
  ["listRunnerScaleSets", (client) => client.listRunnerScaleSets(1)],
  ["createRunnerScaleSet", (client) => client.createRunnerScaleSet({ name: "linux", runnerGroupId: 1 })],
  ["updateRunnerScaleSet", (client) => client.updateRunnerScaleSet(1, { labels: ["x"] })],
  ["ensureRunnerScaleSet", (client) => client.ensureRunnerScaleSet({ name: "linux", runnerGroupId: 1 })],
  ["deleteRunnerScaleSet", (client) => client.deleteRunnerScaleSet(1)],
  ["getRunnerGroupByName", (client) => client.getRunnerGroupByName("default")],
  ["generateJitRunnerConfig", (client) => client.generateJitRunnerConfig(1, { name: "r" })],
  ["getRunner", (client) => client.getRunner(1)],
  ["getRunnerByName", (client) => client.getRunnerByName("r")],
  ["listRunners", (client) => client.listRunners()],
  ["removeRunner", (client) => client.removeRunner(1)],
  ["listRunnerDownloads", (client) => client.listRunnerDownloads()],
  ["listAcquirableJobs", (client) => client.listAcquirableJobs(1)],
  ["openMessageSession", (client) => client.openMessageSession(1, { owner: "o" })],
];

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.jsonValue().map((value) => new TextEncoder().encode(JSON.stringify(value))),
  fc
    .record({
      count: fc.jsonValue(),
      value: fc.jsonValue(),
      id: fc.jsonValue(),
      name: fc.jsonValue(),
      url: fc.jsonValue(),
    })
    .map((value) => new TextEncoder().encode(`\u{feff}${JSON.stringify(value)}`)),
);
const header = fc.stringMatching(/^[ -~]{0,40}$/);
const answers = fc.record({
  status: fc.oneof(
    fc.constantFrom(200, 201, 202, 204, 401, 403, 404, 409, 429, 500),
    fc.integer({ min: 200, max: 599 }),
  ),
  body: bytes,
  headers: fc.dictionary(
    fc.constantFrom("retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "date", "activityid", "content-type"),
    header,
  ),
});

describe("whatever the service answers", () => {
  const timeless = { now: () => 1e12, monotonic: () => 0, uptime: () => 0, sleep: async () => {} };

  test.each(calls)("%s is a value or a ScaleSetError, and never another exception", async (_, call) => {
    await fc.assert(
      fc.asyncProperty(fc.array(answers, { minLength: 1, maxLength: 6 }), fc.boolean(), async (script, getsIn) => {
        let next = 0;
        const client = new ScaleSetClient({
          configUrl: "https://github.com/acme",
          credentials: personalAccessToken("t"),
          env: {},
          clock: {
            ...timeless,
            deadline: () => ({ signal: new AbortController().signal, [Symbol.dispose]: () => {} }),
          },
          random: () => 0.5,
          fetch: async (url) => {
            if (getsIn && url.includes("registration-token")) return Response.json({ token: "r" }, { status: 201 });
            if (getsIn && url.includes("runner-registration")) {
              return Response.json({ url: "https://actions.test/", token: "a.b.c" });
            }
            const { status, body, headers } = script[next++ % script.length] ?? {
              status: 500,
              body: null,
              headers: {},
            };
            const empty = status === 204 || status === 205 || status === 304;
            return new Response(empty || body === null ? null : new Uint8Array(body), { status, headers });
          },
        });
        try {
          await call(client);
        } catch (error) {
          if (!isScaleSetError(error)) throw error;
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("the retry schedule", () => {
  const policy: RetryPolicy = { attempts: 4, baseMs: 250, maxMs: 10_000, maxRetryAfterMs: 60_000 };

  test("is over after so many attempts, with a bounded sum of waits, whatever the service asks for", () => {
    const asked = fc.array(fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined }), {
      minLength: 5,
      maxLength: 5,
    });
    fc.assert(
      fc.property(asked, fc.double({ min: 0, max: 1, noNaN: true }), (wishes, random) => {
        let sum = 0;
        let attempt = 1;
        for (const retryAfterMs of wishes) {
          const error = new ScaleSetError("SERVER_ERROR", "x", { operation: "listRunners", retryAfterMs });
          const step = nextStep({ attempt, error, sent: true, repeat: "safe", passing: false }, policy, () => random);
          if (step === "stop") break;
          sum += step.waitMs;
          attempt += 1;
        }
        expect(attempt).toBeLessThanOrEqual(policy.attempts);
        expect(sum).toBeLessThanOrEqual((policy.attempts - 1) * (policy.maxRetryAfterMs + policy.maxMs));
      }),
    );
  });
});

describe("joining addresses", () => {
  const segment = fc.stringMatching(/^[\w.~-]{1,12}$/).filter((text) => text !== "." && text !== "..");
  const base = fc
    .record({
      path: fc.array(segment, { maxLength: 3 }),
      slash: fc.boolean(),
      query: fc.option(segment, { nil: undefined }),
    })
    .map(({ path, slash, query }) => {
      const tail = `${["", ...path].join("/")}${slash ? "/" : ""}`;
      return new URL(`https://actions.test${tail === "" ? "/" : tail}${query === undefined ? "" : `?sig=${query}`}`);
    });

  test("a base keeps its path and query, with or without a slash at its end, and the version is there once", () => {
    fc.assert(
      fc.property(
        base,
        fc.array(segment, { minLength: 1, maxLength: 3 }),
        fc.dictionary(segment, fc.string()),
        (url, path, query) => {
          fc.pre(!("sig" in query) && !("api-version" in query));
          const joined = serviceUrl(url, path.join("/"), query);
          const own = url.pathname.replace(/\/+$/, "");
          expect(joined.pathname).toBe(`${own}/${path.join("/")}`);
          expect(joined.origin).toBe(url.origin);
          expect(joined.searchParams.get("sig")).toBe(url.searchParams.get("sig"));
          expect(joined.searchParams.getAll("api-version")).toEqual(["6.0-preview"]);
          for (const [name, value] of Object.entries(query)) expect(joined.searchParams.get(name)).toBe(value);
        },
      ),
    );
  });

  test("a queue keeps its query to the letter, when it is polled and when a message is acknowledged", () => {
    fc.assert(
      fc.property(base, fc.nat(), (url, id) => {
        expect(pollUrl(url, 0).href).toBe(url.href);
        const polled = pollUrl(url, id + 1);
        expect(polled.search.startsWith(url.search)).toBe(true);
        expect(polled.searchParams.get("lastMessageId")).toBe(String(id + 1));
        const acknowledged = messageUrl(url, id);
        expect(acknowledged.search).toBe(url.search);
        expect(acknowledged.pathname).toBe(`${url.pathname.replace(/\/+$/, "")}/${id}`);
      }),
    );
  });
});

test("wide numbers keep every digit, also behind strange keys and beside texts that hold JSON themselves", () => {
  const wide = fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(wide, fc.string(), fc.constantFrom("", " ", "\n\t"), fc.boolean(), (id, key, space, first) => {
      const inner = `{"id":${id},"${"\\\\".repeat(2)}":${id}}`;
      const member = `${JSON.stringify(`k${key}`)}${space}:${space}${id}`;
      const body = `"body":${JSON.stringify(inner)}`;
      const text = `{${first ? `${member},${body}` : `${body},${member}`},"list":[${space}${id},-${id}]}`;
      expect(parseJson(text)).toEqual({ [`k${key}`]: String(id), body: inner, list: [String(id), `-${id}`] });
      expect(parseJson(inner)).toMatchObject({ id: String(id) });
      expect(parseJson(`${space}${id}`)).toBe(String(id));
    }),
  );
});
