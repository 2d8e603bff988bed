import { createSimulator } from "@scaleset/simulator";
import { Agent, fetch as undiciFetch } from "undici";
import { afterEach, describe, expect, test } from "vitest";
import { assertionOf, filesOf, type Wired, wire } from "./kit/wire.js";
import { RawClient } from "./raw-client.js";

/**
 * The requests of runners that others made, as they put them on the wire: method, path, query, headers and the case of
 * names in bodies (runner-protocol.md). Nothing in here is read leniently: a runner would not.
 */
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A service over HTTP or HTTPS whose set has one job, and the JIT config of a runner for it. */
async function place({ tls = false, queue = true } = {}) {
  const simulator = createSimulator({ pollHoldMs: 300 });
  closing.push(() => simulator.close());
  const { url, ca } = await simulator.listen({ tls });
  const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca } });
  closing.push(() => dispatcher.destroy());
  const client = await RawClient.connect(simulator, {
    fetch: (input, init) => undiciFetch(String(input), { ...(init as object), dispatcher }) as never,
  });
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const script = "echo hello";
  const job = queue ? simulator.queueJob({ runsOn: "linux", steps: [{ name: "Say it", script }] }) : undefined;
  const first = await client.poll(session);
  if (queue) expect(first.status).toBe(200);
  const files = filesOf(await client.jit(setId, "r-1"));
  const send = (method: string, to: string, headers: Record<string, string>, body?: string, signal?: AbortSignal) =>
    wire(method, to, headers, body, { ca, ...(signal ? { signal } : {}) });
  return { simulator, client, session, setId, files, send, url, job };
}
type Place = Awaited<ReturnType<typeof place>>;

const form = (assertion: string) =>
  new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  }).toString();
const jsonType = { "Content-Type": "application/json; charset=utf-8" };

/** .NET drops a body whose answer does not say that it is JSON. */
function expectJson(answer: Wired, status = 200): Wired {
  expect([answer.status, answer.headers["content-type"]]).toEqual([
    status,
    expect.stringMatching(/^application\/json/),
  ]);
  return answer;
}

/** The official runner: only the new flow, every relative URL resolved against its base. */
class Official {
  readonly #at: Place;
  readonly #agent = "GitHubActionsRunner-linux-x64/2.336.0 ClientId/x RunnerId/1 GroupId/1";
  token = "";
  sessionId = "";

  constructor(at: Place) {
    this.#at = at;
  }

  base(path: string): string {
    const { ServerUrl, ServerUrlV2 } = this.#at.files.runner;
    // Equal, so that it need not ask `ServerUrl` for its connection data first.
    expect(ServerUrl.toLowerCase()).toBe(ServerUrlV2.toLowerCase());
    return new URL(path, ServerUrlV2).href;
  }

  headers(token = this.token): Record<string, string> {
    return { "User-Agent": this.#agent, Authorization: `Bearer ${token}`, Accept: "application/json" };
  }

  async signIn(): Promise<void> {
    const { credentials } = this.#at.files;
    const alg = credentials.Data.RequireFipsCryptography === "True" ? "PS256" : "RS256";
    const answer = await this.#at.send(
      "POST",
      credentials.Data.AuthorizationUrl,
      { "User-Agent": this.#agent, Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
      form(assertionOf(this.#at.files, { alg })),
    );
    expect(expectJson(answer).json).toMatchObject({ access_token: expect.any(String), expires_in: expect.any(Number) });
    this.token = answer.json.access_token;
  }

  async online(): Promise<this> {
    await this.signIn();
    const { AgentId, AgentName } = this.#at.files.runner;
    const agent = { id: Number(AgentId), name: AgentName, version: "2.336.0", osDescription: "Linux", ephemeral: true };
    const body = { sessionId: nil, ownerName: "host (PID: 7)", agent, useFipsEncryption: false };
    const opened = await this.#at.send(
      "POST",
      this.base("session"),
      { ...this.headers(), ...jsonType },
      JSON.stringify(body),
    );
    expect(expectJson(opened).json).toEqual({
      sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ownerName: "host (PID: 7)",
      agent: { id: Number(AgentId), name: AgentName },
      useFipsEncryption: false,
    });
    this.sessionId = opened.json.sessionId;
    return this;
  }

  query(status: "Online" | "Busy"): string {
    return `sessionId=${this.sessionId}&status=${status}&runnerVersion=2.336.0&os=Linux&architecture=X64&disableUpdate=true`;
  }

  poll(status: "Online" | "Busy" = "Online", signal?: AbortSignal): Promise<Wired> {
    return this.#at.send("GET", this.base(`message?${this.query(status)}`), this.headers(), undefined, signal);
  }

  post(url: string, body: unknown, token = this.token): Promise<Wired> {
    return this.#at.send("POST", url, { ...this.headers(token), ...jsonType }, JSON.stringify(body));
  }

  /** Acknowledges and acquires the job it is told of. */
  async take(told: Wired): Promise<Job> {
    expect(expectJson(told).json).toEqual({
      messageId: expect.any(Number),
      messageType: "RunnerJobRequest",
      body: expect.any(String),
    });
    const request = JSON.parse(told.json.body);
    expect(request).toMatchObject({ should_acknowledge: true, billing_owner_id: expect.any(String) });
    const query = this.query("Online").replace("&disableUpdate=true", "");
    const seen = await this.post(this.base(`acknowledge?${query}`), { runnerRequestId: request.runner_request_id });
    expect(seen.status).toBe(200);
    const acquired = await this.post(new URL("acquirejob", request.run_service_url).href, {
      jobMessageId: request.runner_request_id,
      runnerOS: "Linux",
      billingOwnerId: request.billing_owner_id,
    });
    return jobOf(expectJson(acquired));
  }

  close(): Promise<Wired> {
    return this.#at.send("DELETE", this.base("session"), this.headers());
  }
}

const nil = "00000000-0000-0000-0000-000000000000";

interface Job {
  readonly ids: { readonly planId: string; readonly jobId: string };
  /** Where to renew and complete it. */
  readonly endpoint: string;
  readonly token: string;
  /** Where logs go, if anywhere. */
  readonly results: string | undefined;
  readonly stepId: string;
}

function jobOf({ json }: Wired): Job {
  const endpoint = json.resources.endpoints.find(({ name }: { name: string }) => name === "SystemVssConnection");
  const token = endpoint.authorization.parameters.AccessToken;
  // The official listener reads it as a JSON web token: three parts, no null among its claims.
  const [header, claims, signature] = token.split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  expect(read(header)).toMatchObject({ typ: "JWT" });
  expect(Object.values(read(claims))).not.toContain(null);
  expect(signature).not.toBe("");
  expect(endpoint).not.toHaveProperty("data", null);
  for (const step of json.steps) {
    expect(step).toMatchObject({ type: "action", condition: "success()", reference: { type: "script" } });
    expect(step.id).not.toBe(nil);
  }
  return {
    ids: { planId: json.plan.planId, jobId: json.jobId },
    endpoint: endpoint.url,
    token,
    results: json.variables["system.github.results_endpoint"]?.value,
    stepId: json.steps[0].id,
  };
}

describe.each([
  ["HTTP", false],
  ["HTTPS", true],
])("over %s", (_name, tls) => {
  test("the official runner's requests go through a whole job, its logs, and its goodbye", async () => {
    const at = await place({ tls });
    const runner = await new Official(at).online();
    const job = await runner.take(await runner.poll());

    const at1 = (path: string) => new URL(path, job.endpoint).href;
    const renewed = await runner.post(at1("renewjob"), job.ids, job.token);
    expect(Date.parse(expectJson(renewed).json.lockedUntil)).toBeGreaterThan(0);
    // The poll under way is aborted when the status changes.
    const aborting = new AbortController();
    const aborted = runner.poll("Busy", aborting.signal);
    setImmediate(() => aborting.abort());
    await expect(aborted).rejects.toThrow();
    const busy = runner.poll("Busy");

    const ids = { workflow_run_backend_id: job.ids.planId, workflow_job_run_backend_id: job.ids.jobId };
    const receiver = new URL("twirp/results.services.receiver.Receiver/", job.results).href;
    const step = { ...ids, step_backend_id: job.stepId };
    const signed = await runner.post(`${receiver}GetStepLogsSignedBlobURL`, step, job.token);
    const { logs_url } = expectJson(signed).json;
    expect(new URL(logs_url).search).not.toBe("");
    const put = (url: string, text: string) =>
      at.send("PUT", url, { "x-ms-blob-type": "AppendBlob", "Content-Type": "text/plain" }, text);
    expect((await put(logs_url, "")).status).toBe(201);
    expect((await put(`${logs_url}&comp=appendblock`, "hel")).status).toBe(201);
    expect((await put(`${logs_url}&comp=appendblock&seal=true`, "lo\n")).status).toBe(201);
    const uploaded = { ...step, uploaded_at: "2026-01-01T00:00:00Z", line_count: 1 };
    expect((await runner.post(`${receiver}CreateStepLogsMetadata`, uploaded, job.token)).json).toEqual({ ok: true });
    const summary = await runner.post(`${receiver}GetStepSummarySignedBlobURL`, step, job.token);
    expect(summary.json).toMatchObject({ summary_url: expect.any(String), soft_size_limit: expect.any(String) });
    const diagnostics = await runner.post(`${receiver}GetJobDiagLogsSignedBlobURL`, ids, job.token);
    expect(diagnostics.status).toBe(200);
    const update = {
      ...ids,
      change_order: 1,
      steps: [
        {
          external_id: job.stepId,
          number: 2,
          name: "Say it",
          status: 6,
          started_at: "2026-01-01T00:00:00.000Z",
          completed_at: "2026-01-01T00:00:01.000Z",
          conclusion: 2,
        },
      ],
    };
    const steps = new URL(
      "twirp/github.actions.results.api.v1.WorkflowStepUpdateService/WorkflowStepsUpdate",
      job.results,
    );
    expect((await runner.post(steps.href, update, job.token)).json).toEqual({ ok: true });

    const done = {
      ...job.ids,
      conclusion: "succeeded",
      outputs: {},
      stepResults: [
        { external_id: job.stepId, number: 2, name: "Say it", status: "completed", conclusion: "succeeded" },
      ],
      annotations: [],
      telemetry: [],
      environmentUrl: null,
      billingOwnerId: "",
      infrastructureFailureCategory: null,
    };
    expect((await runner.post(at1("completejob"), done, job.token)).status).toBe(200);
    // It may go on polling for a moment; the registration is gone, and the goodbye is heard all the same.
    expect([202, 404]).toContain((await busy).status);
    expect((await runner.close()).status).toBe(204);
    expect(at.simulator.summary()).toMatchObject({ succeeded: 1, leaked: 0, open: 0, twice: 0 });
    expect(at.simulator.state().runners).toEqual([]);
    expect(at.simulator.jobLog(at.job?.id ?? 0)).toBe("hello\n");
    expect(unknownCalls(at)).toEqual([]);
  });

  test("the Go runner's requests go through a whole job: 401 first, the old door, the broker, no goodbye", async () => {
    const at = await place({ tls });
    const runner = new GoRunner(at);
    const brokerBase = (await runner.signIn()).json.brokerMigrationMessage.brokerBaseUrl;
    expect(brokerBase).not.toMatch(/\/$/);
    const body = { SessionID: nil, OwnerName: "RUNNER", Agent: { ID: 1, Name: "r-1" }, UseFipsEncryption: false };
    const opened = await runner.post(`${brokerBase}/session`, body);
    const query = `runnerVersion=3.0.0&sessionId=${opened.json.sessionId}&status=Online`;
    const told = await runner.get(`${brokerBase}/message?${query}`);
    expect(told.json.messageType).toBe("RunnerJobRequest");
    const request = JSON.parse(told.json.body);
    const seen = { runnerRequestId: request.runner_request_id };
    expect((await runner.post(`${brokerBase}/acknowledge?${query}`, seen)).status).toBe(200);
    const { runner_request_id: id, run_service_url: run } = request;
    const acquired = await runner.post(`${run.replace(/\/$/, "")}/acquirejob`, { streamId: id, jobMessageId: id });
    const job = jobOf(acquired);
    expect(job.endpoint.replace(/\/$/, "")).toBe(run.replace(/\/$/, ""));
    runner.token = job.token;
    expect((await runner.post(`${run}renewjob`, job.ids)).status).toBe(200);
    const results = `${String(job.results).replace(/\/$/, "")}/twirp`;
    const ids = { workflow_run_backend_id: job.ids.planId, workflow_job_run_backend_id: job.ids.jobId };
    const steps = [{ external_id: job.stepId, number: 1, name: "Set up Worker", status: 1 }];
    const update = "github.actions.results.api.v1.WorkflowStepUpdateService/WorkflowStepsUpdate";
    expect((await runner.post(`${results}/${update}`, { steps, change_order: 1, ...ids })).json).toEqual({ ok: true });
    expect((await runner.post(`${results}/nowhere`, {})).status).toBe(404);
    const done = { ...job.ids, conclusion: "succeeded", stepResults: [{ external_id: job.stepId, number: 1 }] };
    expect((await runner.post(`${run}completejob`, done)).status).toBe(200);
    expect(at.simulator.summary()).toMatchObject({ succeeded: 1, leaked: 0, open: 0 });
    // It never says goodbye after a job: the service has to end its session.
    expect(at.simulator.state().runners).toEqual([]);
    expect(unknownCalls(at)).toEqual([]);
  });
});

/** The Go runner, as version 0.11.0 was seen to call; `old` is 0.9.0, whose own code was run against this simulator. */
class GoRunner {
  readonly #at: Place;
  token = "";

  constructor(at: Place) {
    this.#at = at;
  }

  headers(version?: string): Record<string, string> {
    return {
      "User-Agent": "github-act-runner/v0.11.0",
      Accept: version === undefined ? "application/json" : `application/json; api-version=${version}`,
      ...(this.token === "" ? {} : { Authorization: `bearer ${this.token}` }),
    };
  }

  get(url: string, version?: string): Promise<Wired> {
    return this.#at.send("GET", url, this.headers(version));
  }

  post(url: string, body: unknown, version?: string): Promise<Wired> {
    const type = `application/json; charset=utf-8${version === undefined ? "" : `; api-version=${version}`}`;
    return this.#at.send("POST", url, { ...this.headers(version), "Content-Type": type }, `${JSON.stringify(body)}\n`);
  }

  delete(url: string, version: string): Promise<Wired> {
    return this.#at.send("DELETE", url, this.headers(version));
  }

  /** To the old session, whose answer it gives. */
  async signIn(alg: "RS256" | "PS256" = "PS256"): Promise<Wired> {
    const { runner, credentials } = this.#at.files;
    // Decimal strings and "True": it refuses numbers and booleans.
    expect([runner.AgentId, runner.PoolId]).toEqual([expect.stringMatching(/^[1-9]\d*$/), "1"]);
    expect([runner.Ephemeral, runner.DisableUpdate]).toEqual(["True", "True"]);
    const base = runner.ServerUrl.replace(/\/$/, "");
    const data = `${base}/_apis/connectionData?api-version=1.0&connectOptions=1&lastChangeId=-1&lastChangeId64=-1`;
    expect((await this.get(data, "1.0")).status).toBe(401);
    const token = await this.#at.send(
      "POST",
      credentials.Data.AuthorizationUrl,
      { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
      form(assertionOf(this.#at.files, { alg, backSeconds: 30, issuedAt: true })),
    );
    expect(token.status).toBe(200);
    this.token = token.json.access_token;
    const { serviceDefinitions } = (await this.get(data, "1.0")).json.locationServiceData;
    const pathOf = (id: string, resource: string) => {
      const found = serviceDefinitions.find(({ identifier }: { identifier: string }) => identifier === id);
      expect(found).toMatchObject({ serviceType: "distributedtask", displayName: resource });
      return `${base}${found.relativePath.replace("{area}", "distributedtask").replace("{poolId}", "1").replace("{resource}", resource)}`;
    };
    this.sessions = pathOf("134e239e-2df3-4794-a6f6-24f1f19ec8dc", "sessions");
    this.messages = pathOf("c3a054f6-7a8a-49c0-944e-3a8e5d7adfd7", "messages");
    const agent = { ID: Number(runner.AgentId), Name: runner.AgentName, Version: "3.0.0", Ephemeral: true };
    const session = {
      EncryptionKey: { Encrypted: false, Value: "" },
      OwnerName: "RUNNER",
      Agent: agent,
      UseFipsEncryption: false,
    };
    const url = `${this.sessions.replace("/{sessionId}", "")}?api-version=5.1-preview`;
    const opened = await this.post(url, session, "5.1-preview");
    expect(opened.status).toBe(200);
    return opened;
  }

  sessions = "";
  messages = "";
}

test("an older Go runner is led by the old queue: a migration before each poll, with the session it has", async () => {
  const at = await place();
  const runner = new GoRunner(at);
  const opened = await runner.signIn("RS256");
  const { sessionId, encryptionKey } = opened.json;
  // It makes an AES cipher of the key before it goes on, though nothing is encrypted.
  expect(encryptionKey.encrypted).toBe(false);
  expect(Buffer.from(encryptionKey.value, "base64")).toHaveLength(32);
  expect(at.simulator.state().runners).toMatchObject([{ state: "offline" }]);
  const queue = runner.messages.replace("/{messageId}", "");
  const query = `api-version=5.1-preview&runnerVersion=3.0.0&sessionId=${sessionId}&status=Online`;
  const migrate = async (): Promise<Wired> => {
    const migration = await runner.get(`${queue}?${query}`, "5.1-preview");
    expect(migration.json).toMatchObject({ messageType: "BrokerMigration", body: expect.any(String) });
    const message = `${queue}/${migration.json.messageId}?api-version=5.1-preview&sessionId=${sessionId}`;
    expect((await runner.delete(message, "5.1-preview")).status).toBe(204);
    const { brokerBaseUrl } = JSON.parse(migration.json.body);
    return runner.get(`${brokerBaseUrl}/message?runnerVersion=3.0.0&sessionId=${sessionId}&status=Online`);
  };
  const request = JSON.parse((await migrate()).json.body);
  const run = request.run_service_url.replace(/\/$/, "");
  const id = request.runner_request_id;
  const job = jobOf(await runner.post(`${run}/acquirejob`, { streamId: id, jobMessageId: id }));
  // With one, it would connect a WebSocket that is not there, and crash.
  expect(job.results).toBeUndefined();
  // It renews with its own token, and completes with the job's, with a capital when it fails early.
  expect((await runner.post(`${run}/renewjob`, job.ids)).status).toBe(200);
  runner.token = job.token;
  const places = await runner.get(`${run}/_apis/connectionData?api-version=1.0&connectOptions=1`, "1.0");
  expect(places.json.locationServiceData.serviceDefinitions).toHaveLength(3);
  expect((await runner.post(`${run}/_apis/distributedtask/plans/x/logs`, {}, "5.1-preview")).status).toBe(404);
  expect((await runner.post(`${run}/completejob`, { ...job.ids, conclusion: "Failed" })).status).toBe(200);
  expect(at.simulator.summary()).toMatchObject({ failed: 1, leaked: 0, open: 0 });
  expect(unknownCalls(at)).toEqual([]);
});

test("an older Go runner whose registration is gone hears it at the old queue, at once", async () => {
  const at = await place({ queue: false });
  const runner = new GoRunner(at);
  const { sessionId } = (await runner.signIn("RS256")).json;
  const queue = runner.messages.replace("/{messageId}", "");
  const query = `api-version=5.1-preview&runnerVersion=3.0.0&sessionId=${sessionId}&status=Online`;
  const { brokerBaseUrl } = JSON.parse((await runner.get(`${queue}?${query}`, "5.1-preview")).json.body);
  const held = runner.get(`${brokerBaseUrl}/message?runnerVersion=3.0.0&sessionId=${sessionId}&status=Online`);
  await at.simulator.when(() => at.simulator.state().runners[0]?.state === "idle");
  at.simulator.dropRunner("r-1");
  expect((await held).status).toBe(202);
  const gone = await runner.get(`${queue}?${query}`, "5.1-preview");
  expect(gone.text).toContain("TaskAgentSessionExpiredException");
  const again = await runner.post(`${runner.sessions.replace("/{sessionId}", "")}?api-version=5.1-preview`, {});
  expect(again.status).toBe(401);
});

test("an idle runner whose registration is removed hears it in words for both: gone, 401, invalid_client", async () => {
  const at = await place({ queue: false });
  const runner = await new Official(at).online();
  const held = runner.poll();
  at.simulator.dropRunner("r-1");
  const answer = expectJson(await held, 404);
  expect(answer.json).toEqual({
    source: "actions-broker-listener",
    errorKind: "RunnerNotFound",
    statusCode: 404,
    errorMessage: expect.stringContaining("TaskAgentSessionExpiredException"),
  });
  const body = { sessionId: nil, ownerName: "x", agent: {}, useFipsEncryption: false };
  expect((await runner.post(runner.base("session"), body)).status).toBe(401);
  const { AuthorizationUrl } = at.files.credentials.Data;
  const type = { "Content-Type": "application/x-www-form-urlencoded" };
  const token = await at.send("POST", AuthorizationUrl, type, form(assertionOf(at.files, { alg: "RS256" })));
  expect(expectJson(token, 400).json.error).toBe("invalid_client");
});

test("a job told to a connection that died, and a cancellation as well, are told again", async () => {
  const at = await place({ queue: false });
  const runner = await new Official(at).online();
  const dying = new AbortController();
  const lost = runner.poll("Online", dying.signal);
  await at.simulator.when(() => polling(at) === 1);
  dying.abort();
  await expect(lost).rejects.toThrow();
  at.simulator.queueJob({ runsOn: "linux", script: "true" });
  await at.client.poll(at.session);
  const job = await runner.take(await runner.poll());
  at.simulator.faults.add({ call: "runner-get-message", count: 1, effect: { kind: "reset", afterBytes: 10 } });
  at.simulator.cancelJob(at.simulator.jobs()[0]?.id ?? 0);
  await expect(runner.poll("Busy")).rejects.toThrow();
  const told = await runner.poll("Busy");
  expect(told.json.messageType).toBe("JobCancellation");
  expect(JSON.parse(told.json.body)).toEqual({ jobId: job.ids.jobId, timeout: "00:05:00" });
});

/** Runner polls that came so far. */
function polling({ simulator }: Place): number {
  return simulator.state().runners.filter((runner) => runner.state === "idle").length;
}

function unknownCalls({ simulator }: Place): string[] {
  return simulator.journal.entries({ call: "unknown" }).map(({ cause }) => cause);
}
