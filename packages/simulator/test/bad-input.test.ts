import { createSimulator, realClock } from "@scaleset/simulator";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RawClient, send, world } from "./raw-client.js";

const origin = "https://github.example.test";

test("a client's malformed request is answered as the service does, and noted with its reason", async () => {
  const { simulator, client } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const { seq } = simulator.journal.entries().at(-1) ?? { seq: 0 };
  const answers = [
    await client.sets("POST", "", { name: "x", labels: "linux" }),
    await client.sets("POST", `/${setId}/generatejitconfig`, {}),
    await client.sets("POST", `/${setId}/sessions`, { ownerName: "" }),
    await client.sets("GET", "/nonsense"),
    await client.poll({ ...session, queueUrl: `${session.queueUrl}&lastMessageId=abc` }),
    await send(client.fetch, session.queueUrl, {
      token: session.queueToken,
      headers: { accept: "application/json; api-version=6.0-preview", "x-scalesetmaxcapacity": "many" },
    }),
  ];
  for (const { status, body } of answers) {
    expect([status, body.typeName]).toEqual([400, "System.ArgumentException, System"]);
    expect(body.message).not.toBe("");
  }
  expect(answers[0]?.body.message).toMatch(/^labels: .*expected array/i);
  const noted = simulator.journal.entries({ after: seq, subject: "request" });
  expect(noted.map(({ refusal }) => refusal)).toEqual(answers.map(() => "ArgumentException"));
});

test("an unknown request is a 404, and a warning in the journal that says which", async () => {
  const { simulator } = await world();
  for (const [method, path] of [
    ["GET", "/"],
    ["POST", "/api/v3/orgs/acme/actions/runners/remove-token"],
    ["GET", "/_services/actions/org~acme/_apis/nowhere"],
    ["PUT", "/_services/broker/unheard-of"],
  ] as const) {
    expect((await send(simulator.fetch, `${origin}${path}`, { method })).status).toBe(404);
    const [entry] = simulator.journal.entries({ call: "unknown" }).slice(-1);
    expect(entry).toMatchObject({ status: 404, cause: `warning: nothing answers ${method} ${path}` });
  }
});

const seed = Number(process.env["BAD_INPUT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test(`whatever is sent to whatever place, the simulator itself never fails (seed ${seed})`, async () => {
  const { simulator, client } = await world({ pollHoldMs: 1, clock: realClock });
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const runner = JSON.parse(
    Buffer.from(
      JSON.parse(Buffer.from(await client.jit(setId, "r-1"), "base64").toString())[".runner"],
      "base64",
    ).toString(),
  );
  const places = [
    ...["", "/1", "/%E0%A4%A", `/${setId}`, `/${setId}/sessions`, `/${setId}/sessions/x`, `/${setId}/acquirejobs`].map(
      (path) => `${client.base}_apis/runtime/runnerscalesets${path}`,
    ),
    `${client.base}_apis/distributedtask/pools/0/agents`,
    session.queueUrl,
    `${session.queueUrl.replace("?", "/1?")}`,
    ...["session", "message", "acknowledge", "_apis/connectionData", "_apis/distributedtask/pools/1/messages"].map(
      (path) => `${runner.ServerUrl}${path}`,
    ),
    ...["token", "run/acquirejob", "run/renewjob", "run/completejob", "oauth2/token", "results/twirp/x"].map(
      (path) => `${origin}/_services/${path}`,
    ),
    ...["orgs/acme/actions/runners/registration-token", "app/installations/1/access_tokens"].map(
      (path) => `${origin}/api/v3/${path}`,
    ),
    `${origin}/api/v3/actions/runner-registration`,
    ...["jobs", "faults", "workflows", "journal?after=x", "jobs/x", "tokens/x", "runner-groups"].map(
      (path) => `${origin}/_simulator/${path}`,
    ),
  ];
  const anyBody = fc.oneof(
    fc.constant(undefined),
    fc.json({ maxDepth: 2 }),
    fc.string({ unit: "binary" }),
    fc.constant(`{"name":${"[".repeat(5_000)}`),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...places),
      fc.constantFrom("GET", "POST", "PATCH", "PUT", "DELETE"),
      fc.constantFrom("", simulator.token, client.admin, session.queueToken, "..", "a.b.c"),
      fc.constantFrom("application/json", "text/plain", "application/x-www-form-urlencoded"),
      fc.constantFrom("", "?api-version=6.0-preview", "&api-version=6.0-preview", "?lastMessageId=-1&name=%00"),
      anyBody,
      async (place, method, token, type, query, body) => {
        const response = await simulator.fetch(`${place}${query}`, {
          method,
          headers: { "user-agent": "x", authorization: `Bearer ${token}`, "content-type": type },
          ...(method === "GET" || body === undefined ? {} : { body }),
        });
        expect([response.status, await response.text()], `${method} ${place}${query} ${body}`).toEqual([
          expect.toSatisfy((status: number) => status < 500),
          expect.any(String),
        ]);
      },
    ),
    { numRuns: 400, seed },
  );
});

describe("a wrong control call is refused with the place and the reason", () => {
  const simulator = createSimulator();
  const control = (method: string, path: string, json?: unknown) =>
    send(simulator.fetch, `${origin}/_simulator/${path}`, { method, ...(json === undefined ? {} : { json }) });

  test.each([
    ["a job with an unknown key", "POST", "jobs", { runsOn: "x", scirpt: "echo" }, 400, /scirpt/],
    ["a job without a target", "POST", "jobs", { script: "true" }, 400, /needs scaleSet, runsOn or anywhere/],
    ["the third of several jobs", "POST", "jobs", [{ runsOn: "x" }, { runsOn: "x" }, {}], 400, /at \[2\]/],
    ["a count that is none", "POST", "jobs", { count: 0, job: { runsOn: "x" } }, 400, /at count/],
    ["an effect there is not", "POST", "faults", { effect: { kind: "explode" } }, 400, /at effect\.kind/],
    ["a call there is not", "POST", "faults", { call: "coffee", effect: { kind: "hang" } }, 400, /at call/],
    ["a chance above 1", "POST", "faults", { probability: 2, effect: { kind: "hang" } }, 400, /at probability/],
    ["a fault that can't be", "POST", "faults", { probability: 0, effect: { kind: "hang" } }, 400, /never strikes/],
    [
      "a body to spoil where there is none",
      "POST",
      "faults",
      { call: "remove-runner", effect: { kind: "truncated" } },
      400,
      /the answer of remove-runner has no body/,
    ],
    ["a predicate from outside", "POST", "faults", { when: "x", effect: { kind: "hang" } }, 400, /from code/],
    ["a duration that is none", "PUT", "runner-behaviours", [{ behaviour: { lingerMs: "soon" } }], 400, /no duration/],
    ["a behaviour there is not", "PUT", "runner-behaviours", [{ behaviour: { sleeps: true } }], 400, /sleeps/],
    ["a workflow with an action", "POST", "workflows", { workflow: "jobs: { a: { uses: x } }" }, 400, /uses/],
    ["a place that is none", "POST", "runner-groups", { scope: "a/b/c", name: "x" }, 400, /a\/b\/c is no organisation/],
    ["an id that is none", "GET", "jobs/seventeen", undefined, 400, /id: "seventeen" is no number/],
    ["a subject there is not", "GET", "journal?subject=weather", undefined, 400, /no weather; there are job, runner/],
    ["a kind of token there is not", "DELETE", "tokens/gold", undefined, 400, /gold is no kind of token; there are/],
    ["a job there is not", "DELETE", "jobs/17", undefined, 404, /there is no such job/],
    ["a job to run again that there is not", "POST", "jobs/17/rerun", {}, 400, /there is no job 17/],
    ["a place there is not", "GET", "jbos", undefined, 404, /there is no GET \/_simulator\/jbos/],
  ])("%s", async (_what, method, path, json, status, reason) => {
    const answer = await control(method, path, json);
    expect(answer.status).toBe(status);
    expect(answer.body.message).toMatch(reason);
  });

  test("what is no JSON, and what does not say that it is", async () => {
    const post = (body: string, type: string) =>
      simulator.fetch(`${origin}/_simulator/jobs`, { method: "POST", body, headers: { "content-type": type } });
    const broken = await post("{", "application/json");
    expect([broken.status, await broken.text()]).toEqual([400, expect.stringContaining("the body is no JSON")]);
    // A page in a browser can send this to loopback unasked.
    expect((await post('{"runsOn":"x","script":"true"}', "text/plain")).status).toBe(415);
    expect(simulator.summary().queued).toBe(0);
  });

  test("from code as well: methods throw, and name what is wrong", () => {
    expect(() => simulator.queueJob({ runsOn: [] })).toThrow(/runsOn/);
    expect(() => simulator.faults.add({ count: 0, effect: { kind: "hang" } })).toThrow(/count/);
    expect(() => simulator.misbehaveRunners([{ share: 2, behaviour: {} }])).toThrow(/share/);
    expect(() => simulator.addRunnerGroup("a/b/c", "x")).toThrow(/a\/b\/c/);
    expect([simulator.removeScaleSet(9), simulator.expireSession(9), simulator.dropRunner("x")]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

test("it listens on loopback alone unless told otherwise", async () => {
  await using simulator = createSimulator();
  expect(new URL((await simulator.listen()).url).hostname).toBe("127.0.0.1");
  expect(new URL((await simulator.listen({ host: "0.0.0.0" })).url).hostname).toBe("0.0.0.0");
  await RawClient.connect(simulator, { fetch: (input, init) => fetch(input, init) });
});
