import { expect, test } from "vitest";
import { RawRunner } from "./kit/raw-runner.js";
import { send, world } from "./raw-client.js";

type World = Awaited<ReturnType<typeof world>>;

const decode = (text: string) => JSON.parse(Buffer.from(text, "base64").toString());

async function withRunner(name = "r-1", options: Parameters<typeof world>[0] = {}) {
  const it = await world(options);
  const setId = await it.client.createSet();
  const session = await it.client.openSession(setId);
  const runner = await new RawRunner(it, await it.client.jit(setId, name)).online();
  return { it, setId, session, runner };
}

/** Queues a job and lets the set take it. */
async function assignedJob(it: World, session: Parameters<World["client"]["poll"]>[0]) {
  const job = it.simulator.queueJob({ runsOn: "linux", script: "echo hello", durationMs: 1_000 });
  await it.client.poll(session);
  return job;
}

test("the token endpoint takes RS256 and PS256, and whatever is wrong with an assertion is invalid_client", async () => {
  const { runner } = await withRunner();
  for (const alg of ["RS256", "PS256"] as const) {
    const { status, body } = await runner.askToken(runner.assertion({}, alg));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      access_token: expect.any(String),
      expires_in: expect.any(Number),
      token_type: "bearer",
    });
  }
  const now = runner.it.clock.now() / 1000;
  const good = runner.assertion();
  const forged = good.replace(/\.[^.]+$/, `.${Buffer.alloc(256).toString("base64url")}`);
  for (const bad of [
    "x",
    forged,
    runner.assertion({ sub: "another" }),
    runner.assertion({ aud: "https://elsewhere.test/token" }),
    runner.assertion({ nbf: now - 900, exp: now - 600 }),
    runner.assertion({ nbf: now + 600, exp: now + 900 }),
    runner.assertion({ iss: "nobody", sub: "nobody" }),
  ]) {
    const { status, body } = await runner.askToken(bad);
    expect([status, body.error]).toEqual([400, "invalid_client"]);
  }
});

test("a runner has one session; another one is refused, and its end makes it offline", async () => {
  const { it, runner } = await withRunner();
  expect(it.simulator.state().runners).toMatchObject([{ state: "idle" }]);
  const again = await runner.call("POST", "session", { ownerName: "other" });
  expect(again.status).toBe(409);
  expect(again.body).toMatchObject({ source: "actions-broker-listener", statusCode: 409 });
  expect((await runner.call("DELETE", "session")).status).toBe(204);
  expect(it.simulator.state().runners).toMatchObject([{ state: "offline" }]);
  const lost = await runner.poll();
  expect(lost.status).toBe(404);
  expect(lost.body).toMatchObject({
    errorKind: "RunnerSessionInvalid",
    errorMessage: expect.stringContaining("TaskAgentSessionExpiredException"),
  });
  expect((await runner.call("POST", "session", { OwnerName: "RUNNER" })).status).toBe(200);
});

test("a runner that stops polling is offline after a minute", async () => {
  const { it, runner } = await withRunner();
  expect((await it.clock.runUntilSettled(runner.poll())).status).toBe(202);
  await it.clock.runFor(59_000);
  expect(it.simulator.state().runners[0]?.state).toBe("idle");
  await it.clock.runFor(1_000);
  expect(it.simulator.state().runners[0]?.state).toBe("offline");
});

test("a job is told at every poll until it is taken, and is a job message that both known runners can read", async () => {
  const { it, setId, session, runner } = await withRunner();
  await assignedJob(it, session);
  const first = await runner.poll();
  expect(first.headers.get("content-type")).toContain("application/json");
  expect(first.body).toMatchObject({
    messageId: expect.any(Number),
    messageType: "RunnerJobRequest",
    body: expect.any(String),
  });
  const again = await runner.poll();
  const request = JSON.parse(again.body.body);
  expect(request).toEqual(JSON.parse(first.body.body));
  expect(request).toMatchObject({
    should_acknowledge: true,
    runner_request_id: expect.any(String),
    run_service_url: expect.stringMatching(/\/$/),
  });
  expect((await runner.call("POST", "acknowledge", { runnerRequestId: request.runner_request_id })).status).toBe(200);
  const strange = await runner.call("POST", "acknowledge", { runnerRequestId: "other" });
  expect(strange.body).toMatchObject({ errorKind: "AcknowledgeJobNotFound", statusCode: 404 });
  const acquire = () =>
    runner.call("POST", `${request.run_service_url}acquirejob`, { jobMessageId: request.runner_request_id });
  const taken = await acquire();
  expect(taken.status).toBe(200);
  const endpoint = taken.body.resources.endpoints[0];
  const token = endpoint.authorization.parameters.AccessToken;
  expect(
    token
      .split(".")
      .slice(0, 2)
      .map((part: string) => typeof decode(part)),
  ).toEqual(["object", "object"]);
  const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(taken.body).toMatchObject({
    messageType: "RunnerJobRequest",
    plan: { planId: uuid },
    timeline: { id: uuid },
    jobId: uuid,
    variables: { "system.github.results_endpoint": { value: expect.any(String) } },
    steps: [
      {
        type: "action",
        id: uuid,
        condition: "success()",
        reference: { type: "script" },
        inputs: { type: 2, map: [{ key: "script", value: "echo hello" }] },
      },
    ],
  });
  const github = Object.fromEntries(
    taken.body.contextData.github.d.map(({ k, v }: { k: string; v: unknown }) => [k, v]),
  );
  expect(github).toMatchObject({
    repository: "acme/app",
    workflow: "ci",
    event_name: "push",
    event: { t: 2 },
    server_url: expect.any(String),
    api_url: expect.any(String),
    graphql_url: expect.any(String),
  });
  // A lost answer is asked for again, and starts nothing twice.
  expect((await acquire()).body.jobId).toBe(taken.body.jobId);
  expect(it.simulator.summary().twice).toBe(0);

  const ids = { planId: taken.body.plan.planId, jobId: taken.body.jobId };
  const run = (path: string, json: unknown, as = token) =>
    send(it.simulator.fetch, `${endpoint.url}${path}`, { method: "POST", token: as, json });
  const renewed = await run("renewjob", ids);
  expect(Date.parse(renewed.body.lockedUntil)).toBe(it.clock.now() + 600_000);
  // Older runners renew with a token of their own, which is no good for another one's job.
  expect((await run("renewjob", ids, runner.token)).status).toBe(200);
  expect((await run("completejob", { ...ids, conclusion: "succeeded" }, runner.token)).status).toBe(401);
  const stranger = await new RawRunner(it, await it.client.jit(setId, "r-2")).online();
  expect((await run("renewjob", ids, stranger.token)).status).toBe(404);
  const other = await run("renewjob", { ...ids, jobId: ids.planId });
  expect(other.status).toBe(404);
  expect(other.body).toMatchObject({
    source: "actions-run-service",
    statusCode: 404,
    errorMessage: expect.any(String),
  });
  expect((await run("completejob", { ...ids, conclusion: "great" })).status).toBe(400);
  expect((await run("completejob", { ...ids, conclusion: "succeeded" })).status).toBe(200);
  expect((await run("completejob", { ...ids, conclusion: "succeeded" })).status).toBe(404);
  const results = taken.body.variables["system.github.results_endpoint"].value;
  expect((await send(it.simulator.fetch, `${results}twirp/x`, { method: "POST", token, json: {} })).status).toBe(404);

  const gone = await runner.poll();
  expect(gone.body).toMatchObject({
    errorKind: "RunnerNotFound",
    errorMessage: expect.stringContaining("TaskAgentSessionExpiredException"),
  });
  expect((await runner.askToken()).body.error).toBe("invalid_client");
  expect((await runner.call("POST", "session", { ownerName: "x" })).status).toBe(401);
});

test("a job whose runner goes offline before taking it goes to another one, and the first gets it no more", async () => {
  const { it, setId, session, runner } = await withRunner();
  await assignedJob(it, session);
  const request = JSON.parse((await runner.poll()).body.body);
  await runner.call("DELETE", "session");
  const second = await new RawRunner(it, await it.client.jit(setId, "r-2")).online();
  expect(JSON.parse((await second.poll()).body.body).runner_request_id).toBe(request.runner_request_id);
  const late = await runner.call("POST", `${request.run_service_url}acquirejob`, {
    jobMessageId: request.runner_request_id,
  });
  expect(late.status).toBe(409);
  const taken = await second.call("POST", `${request.run_service_url}acquirejob`, {
    jobMessageId: request.runner_request_id,
  });
  expect(taken.status).toBe(200);
});

test("a runner that is told of a job and takes none loses it, and its session, after two minutes", async () => {
  const { it, setId, session, runner } = await withRunner();
  await assignedJob(it, session);
  for (let asked = 0; asked < 13; asked++) {
    await runner.poll();
    await it.clock.runFor(10_000);
  }
  expect((await runner.poll()).body.errorKind).toBe("RunnerSessionInvalid");
  const second = await new RawRunner(it, await it.client.jit(setId, "r-2")).online();
  expect((await second.poll()).body.messageType).toBe("RunnerJobRequest");
});

test("a cancelled job is told to its runner once, while it says that it is busy", async () => {
  const { it, session, runner } = await withRunner();
  const job = await assignedJob(it, session);
  const request = JSON.parse((await runner.poll()).body.body);
  await runner.call("POST", `${request.run_service_url}acquirejob`, { jobMessageId: request.runner_request_id });
  const poll = runner.poll("Busy");
  await it.clock.runFor(5_000);
  it.simulator.cancelJob(job.id);
  const told = await poll;
  expect(told.body.messageType).toBe("JobCancellation");
  expect(JSON.parse(told.body.body)).toEqual({ jobId: request.id, timeout: "00:05:00" });
  expect((await it.clock.runUntilSettled(runner.poll("Busy"))).status).toBe(202);
});

test("a runner too old for jobs is told so, and gets none", async () => {
  const { it, session, runner } = await withRunner();
  it.simulator.deprecateRunners();
  await assignedJob(it, session);
  const { status, body } = await runner.poll();
  expect(status).toBe(403);
  expect(body).toMatchObject({ errorKind: "RunnerVersionTooOld" });
  expect(JSON.stringify(body)).not.toContain("AccessDenied");
  it.simulator.deprecateRunners(false);
  expect((await runner.poll()).body.messageType).toBe("RunnerJobRequest");
});

test("the Go runner's way in: 401 first, location data, a legacy session that sends it to the broker", async () => {
  const { it, runner } = await withRunner();
  const old = "_apis/distributedtask/pools/1/sessions?api-version=5.1-preview";
  expect((await runner.call("POST", old, {})).status).toBe(409);
  await runner.call("DELETE", "session");
  const base = runner.files[".runner"].ServerUrl;
  const data = `${base}_apis/connectionData?connectOptions=1`;
  expect((await send(it.simulator.fetch, data)).status).toBe(401);
  const found = await send(it.simulator.fetch, data, { token: runner.token, scheme: "bearer" });
  expect(found.body.locationServiceData.serviceDefinitions).toContainEqual(
    expect.objectContaining({ identifier: "134e239e-2df3-4794-a6f6-24f1f19ec8dc", serviceType: "distributedtask" }),
  );
  const legacy = await runner.call("POST", old, {});
  expect(legacy.body).toMatchObject({
    sessionId: expect.any(String),
    brokerMigrationMessage: { brokerBaseUrl: base.replace(/\/$/, "") },
  });
});
