import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSimulator, type Simulator, simulatedRunnerPath } from "@scaleset/simulator";
import { afterEach, expect, test } from "vitest";
import { temporaryFolder } from "./kit/temporary-folder.js";
import { jobMessages, RawClient, send } from "./raw-client.js";

const open: Simulator[] = [];

async function overHttp(options: Parameters<typeof createSimulator>[0] = {}) {
  const simulator = createSimulator(options);
  open.push(simulator);
  const { url } = await simulator.listen();
  const client = await RawClient.connect(simulator, { fetch: (input, init) => fetch(input, init) });
  return { simulator, client, url };
}

afterEach(async () => {
  for (const simulator of open.splice(0)) await simulator.close();
});

/** Starts the runner program with a JIT config in its environment. */
function startProgram(environment: Record<string, string>, args: readonly string[] = []) {
  const cwd = temporaryFolder();
  const child = spawn(process.execPath, [simulatedRunnerPath, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    output += String(chunk);
  });
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { cwd, child, exit, output: () => output };
}

test("a job's script is run for real by the runner program, which sees none of its own secrets", async () => {
  const { simulator, client } = await overHttp();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const script =
    'echo "$RUNNER_NAME in $GITHUB_REPOSITORY" > result; env | grep -c ACTIONS_RUNNER_INPUT >> result || true';
  simulator.queueJob({ runsOn: "linux", repository: "acme/app", script });
  await client.poll(session);
  const runner = startProgram({ ACTIONS_RUNNER_INPUT_JITCONFIG: await client.jit(setId, "r-1") });
  const started = await client.poll(session, { last: 1 });
  expect(jobMessages(started)[0]).toMatchObject({ messageType: "JobStarted", runnerName: "r-1" });
  expect(await runner.exit).toBe(0);
  await simulator.settled();
  expect(simulator.summary()).toMatchObject({ succeeded: 1, leaked: 0 });
  expect(readFileSync(join(runner.cwd, "_work/r-1/workspace/result"), "utf8")).toBe("r-1 in acme/app\n0\n");
  expect(runner.output()).toContain("completed with result: succeeded");
});

test("a failed job still exits 0, and the steps after the failed one are not run", async () => {
  const { simulator, client } = await overHttp();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  simulator.queueJob({ runsOn: "linux", steps: ["false; echo no", { name: "then", script: "echo never" }] });
  await client.poll(session);
  const runner = startProgram({}, ["--jitconfig", await client.jit(setId, "r-1")]);
  expect(await runner.exit).toBe(0);
  expect(simulator.summary().failed).toBe(1);
  expect(runner.output()).not.toMatch(/^(no|never)$/m);
});

test("SIGTERM ends an idle runner at once with 0, its session closed", async () => {
  const { simulator, client } = await overHttp();
  const setId = await client.createSet();
  const runner = startProgram({ ACTIONS_RUNNER_INPUT_JITCONFIG: await client.jit(setId, "r-1") });
  await simulator.when(() => simulator.state().runners[0]?.state === "idle");
  runner.child.kill("SIGTERM");
  expect(await runner.exit).toBe(0);
  expect(simulator.state().runners[0]?.state).toBe("offline");
});

test("SIGTERM ends a busy runner after its job was stopped and reported", async () => {
  const { simulator, client } = await overHttp();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  simulator.queueJob({ runsOn: "linux", script: "sleep 60" });
  await client.poll(session);
  const runner = startProgram({ ACTIONS_RUNNER_INPUT_JITCONFIG: await client.jit(setId, "r-1") });
  await simulator.when(() => simulator.state().runners[0]?.state === "busy");
  await client.poll(session, { last: 1 });
  runner.child.kill("SIGTERM");
  expect(await runner.exit).toBe(0);
  expect(simulator.summary()).toMatchObject({ lost: 1, open: 0 });
});

test("without a JIT config, or with a broken one, the runner says so; its wrapper hides the code of the latter", async () => {
  const none = startProgram({});
  expect(await none.exit).toBe(1);
  expect(none.output()).toContain("ACTIONS_RUNNER_INPUT_JITCONFIG");
  const broken = startProgram({ ACTIONS_RUNNER_INPUT_JITCONFIG: "secret-nonsense" });
  expect(await broken.exit).toBe(0);
  expect(broken.output()).toContain("cannot be decoded");
  expect(broken.output()).not.toContain("secret-nonsense");
});

test("a client whose connection breaks in a poll leaves no poll held", async () => {
  const { simulator, client } = await overHttp();
  const session = await client.openSession(await client.createSet());
  const gone = new AbortController();
  const poll = client.poll(session, { signal: gone.signal });
  await simulator.when(() => simulator.state().scaleSets[0]?.session?.polling === true);
  gone.abort(new Error("gone"));
  await expect(poll).rejects.toThrow();
  await simulator.when(() => simulator.state().scaleSets[0]?.session?.polling === false);
});

test("a port that is taken is named, with the way out", async () => {
  const { url, simulator } = await overHttp();
  const port = Number(new URL(url).port);
  await expect(simulator.listen({ port })).rejects.toThrow(new RegExp(`port ${port} .*taken.*--port`));
});

test("another process queues jobs, looks at them and cancels them over HTTP", async () => {
  const { url, client } = await overHttp();
  const control = `${url}/_simulator`;
  const session = await client.openSession(await client.createSet());
  const queued = await send(fetch, `${control}/jobs`, { method: "POST", json: { runsOn: "linux", script: "true" } });
  expect(queued.status).toBe(201);
  await send(fetch, `${control}/jobs`, { method: "POST", json: [{ runsOn: "linux" }, { scaleSet: "linux" }] });
  await send(fetch, `${control}/jobs`, { method: "POST", json: { count: 3, job: { runsOn: "linux" } } });
  await client.poll(session, { capacity: 2 });
  expect((await send(fetch, `${control}/state`)).body).toMatchObject({
    jobs: { assigned: 2, queued: 4 },
    scaleSets: [{ name: "linux", scope: "acme" }],
  });
  const [{ id }] = queued.body.jobs;
  expect((await send(fetch, `${control}/jobs/${id}`)).body).toMatchObject({ id, state: "assigned" });
  expect((await send(fetch, `${control}/jobs/${id}`, { method: "DELETE" })).status).toBe(204);
  expect((await send(fetch, `${control}/jobs/${id}`, { method: "DELETE" })).status).toBe(404);
  expect((await send(fetch, `${control}/summary`)).body).toMatchObject({ queued: 6, cancelled: 1 });
  const { body } = await send(fetch, `${control}/journal?limit=1000`);
  expect(body.entries).toContainEqual(expect.objectContaining({ subject: "job", event: "assigned", job: id }));
  const wrong = await send(fetch, `${control}/jobs`, { method: "POST", json: { runsOn: "linux", scrpt: "true" } });
  expect(wrong.status).toBe(400);
  expect(wrong.body.message).toContain("scrpt");
  const text = await send(fetch, `${control}/jobs`, {
    method: "POST",
    json: { runsOn: "linux" },
    headers: { "content-type": "text/plain" },
  });
  expect(text.status).toBe(415);
});

test("the journal follows along over server-sent events", async () => {
  const { url, simulator } = await overHttp();
  const gone = new AbortController();
  const response = await fetch(`${url}/_simulator/journal/follow`, { signal: gone.signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  simulator.queueJob({ runsOn: "linux" });
  let text = "";
  while (!text.includes("queued")) text += (await reader?.read())?.value ?? "";
  expect(text).toContain("event: job");
  gone.abort();
});

test("no token, key or JIT config is in the journal", async () => {
  const { simulator, client } = await overHttp();
  const setId = await client.createSet();
  const jit = await client.jit(setId, "r-1");
  const session = await client.openSession(setId);
  simulator.queueJob({ runsOn: "linux" });
  await client.poll(session);
  const text = JSON.stringify(simulator.journal.entries());
  for (const secret of [simulator.token, client.admin, session.queueToken, jit]) expect(text).not.toContain(secret);
  expect(text).toContain("generate-jit-config");
});

test.each([
  [{ runs: ["x"] }, 'Unrecognized key: "runs"'],
  [[{ runsOn: "x" }, { runsOn: "x", durationMs: -1 }], "[1].durationMs"],
  [{ count: 0, job: { runsOn: "x" } }, "count"],
])("a wrong job is refused with its place and the reason: %j", async (body, said) => {
  const simulator = createSimulator();
  const answer = await simulator.fetch("http://simulator.test/_simulator/jobs", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain(JSON.stringify(said).slice(1, -1));
  expect(simulator.summary().queued).toBe(0);
});
