import { expect, test } from "vitest";
import { JobLogs } from "../src/service/logs.js";
import { connectRunner } from "./kit/raw-runner.js";
import { send, world } from "./raw-client.js";

const receiver = "/_services/results/twirp/results.services.receiver.Receiver/";

/** A running job, and a way to call its log sinks. */
async function running() {
  const it = await world();
  const { simulator, client } = it;
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const job = simulator.queueJob({ runsOn: "linux", script: "echo hello" });
  await client.poll(session);
  const taken = await connectRunner(it, await client.jit(setId, "r-1"));
  const origin = new URL(client.base).origin;
  const ids = { workflow_run_backend_id: taken.planId, workflow_job_run_backend_id: taken.jobId };
  const call = (method: string, json: object = {}, token = taken.token) =>
    send(simulator.fetch, `${origin}${receiver}${method}`, { method: "POST", token, json: { ...ids, ...json } });
  const put = (url: string, body: string) => simulator.fetch(url, { method: "PUT", body });
  return { ...it, job, call, put, origin, ids, taken };
}

test("a step's log is appended to its place piece by piece, and a job's own log stands for all of its steps", async () => {
  const { simulator, job, call, put } = await running();
  for (const [step, text] of [
    ["s-1", "one\n"],
    ["s-2", "two\n"],
  ] as const) {
    const { logs_url } = (await call("GetStepLogsSignedBlobURL", { step_backend_id: step })).body;
    await put(logs_url, "");
    expect((await put(`${logs_url}&comp=appendblock`, text)).status).toBe(201);
  }
  expect(simulator.jobLog(job.id)).toBe("one\ntwo\n");
  const { logs_url } = (await call("GetJobLogsSignedBlobURL")).body;
  await put(`${logs_url}&comp=appendblock&seal=true`, "all of it\n");
  expect(simulator.jobLog(job.id)).toBe("all of it\n");
  const summary = await call("GetStepSummarySignedBlobURL", { step_backend_id: "s-1" });
  expect((await put(summary.body.summary_url, "# done")).status).toBe(201);
  expect(simulator.jobLog(job.id)).toBe("all of it\n");
});

test("only the job's token opens its sinks, and only its signature opens a place", async () => {
  const { simulator, call, put, job, taken } = await running();
  expect((await call("GetStepLogsSignedBlobURL", {}, taken.runnerToken)).status).toBe(401);
  expect((await call("GetStepLogsSignedBlobURL", { workflow_job_run_backend_id: "another" })).status).toBe(404);
  const { logs_url } = (await call("GetJobLogsSignedBlobURL")).body;
  expect((await put(logs_url.replace(/sig=\w+/, "sig=forged"), "x")).status).toBe(403);
  expect((await put(logs_url.replace(/blob\/\d+/, "blob/99"), "x")).status).toBe(403);
  expect(simulator.jobLog(job.id)).toBe("");
});

test("what a runner takes lightly is answered 404, so that it goes on at once", async () => {
  const { call, origin, simulator, taken } = await running();
  expect((await call("CreateSomethingNew")).status).toBe(404);
  const other = await send(simulator.fetch, `${origin}/_services/results/anything`, { token: taken.token });
  expect([other.status, other.body.source]).toEqual([404, "actions-run-service"]);
  expect(simulator.journal.entries({ call: "unknown" })).toEqual([]);
});

test("logs are bounded: the newest 64 KiB of each, of the newest thousand jobs", () => {
  const logs = new JobLogs();
  const first = logs.open("job-0", "s");
  logs.append(first, "x".repeat(100_000));
  logs.append(first, "the end");
  const text = logs.textOf("job-0") ?? "";
  expect(text).toMatch(/^… 34471 characters before this were dropped\n/);
  expect(text.endsWith("the end")).toBe(true);
  for (let job = 1; job <= 1_000; job++) logs.open(`job-${job}`, "s");
  expect([logs.textOf("job-0"), logs.append(first, "late")]).toEqual([undefined, false]);
  expect(logs.textOf("job-1")).toBe("");
});
