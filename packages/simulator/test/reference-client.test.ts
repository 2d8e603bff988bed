import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSimulator } from "../src/index.js";

/**
 * The requests of the Go reference client as it puts them on the wire: a header that it never sends must not be asked
 * for, and a body with every empty field that its encoder writes must be read.
 */
describe("a client that sends exactly what the reference sends", () => {
  const simulator = createSimulator({ pollHoldMs: 50 });
  const version = "api-version=6.0-preview";
  const agent =
    '{"system":"x","version":"","commit_sha":"","scale_set_id":0,"subsystem":"","build_version":"","build_commit_sha":"","kind":"scaleset"}';
  let origin = "";
  let base = "";
  let admin: Record<string, string> = {};

  interface Sent {
    readonly status: number;
    readonly headers: Record<string, string | string[] | undefined>;
    readonly text: string;
  }

  function send(method: string, url: string, headers: Record<string, string>, body?: string): Promise<Sent> {
    return new Promise((resolve, reject) => {
      const sending = request(url, { method, headers: { "User-Agent": agent, ...headers } }, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      });
      sending.on("error", reject);
      sending.end(body);
    });
  }

  beforeAll(async () => {
    origin = (await simulator.listen()).url;
    const registration = await send("POST", `${origin}/api/v3/orgs/my-org/actions/runners/registration-token`, {
      "Content-Type": "application/vnd.github.v3+json",
      Authorization: `Bearer ${simulator.token}`,
    });
    expect(registration.status).toBe(201);
    const connection = await send(
      "POST",
      `${origin}/api/v3/actions/runner-registration`,
      { "Content-Type": "application/json", Authorization: `RemoteAuth ${JSON.parse(registration.text).token}` },
      `${JSON.stringify({ url: `${origin}/my-org`, runner_event: "register" })}\n`,
    );
    expect(connection.status).toBe(200);
    const { url, token } = JSON.parse(connection.text);
    base = url.replace(/\/$/, "");
    admin = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  });
  afterAll(() => simulator.close());

  test("goes through a scale set's life and a message's, each with the status that it expects", async () => {
    const groups = await send("GET", `${base}/_apis/runtime/runnergroups/?${version}&groupName=default`, admin);
    expect(JSON.parse(groups.text)).toMatchObject({ count: 1, value: [{ id: 1, isDefaultGroup: true }] });

    const sets = `${base}/_apis/runtime/runnerscalesets`;
    const wanted = { name: "x", runnerGroupId: 1, RunnerSetting: {}, createdOn: "0001-01-01T00:00:00Z" };
    const created = await send("POST", `${sets}?${version}`, admin, JSON.stringify(wanted));
    expect(created.status).toBe(200);
    const set = JSON.parse(created.text);
    expect(set).toMatchObject({ name: "x", labels: [{ type: "System", name: "x" }], RunnerSetting: {} });

    const nulls = { ...set, labels: null, runnerGroupName: null, RunnerSetting: null, statistics: null, name: null };
    const updated = await send("PATCH", `${sets}/${set.id}?${version}`, admin, JSON.stringify(nulls));
    expect(JSON.parse(updated.text)).toMatchObject({ id: set.id, name: "x", labels: [{ name: "x" }] });

    const asked = { sessionId: "00000000-0000-0000-0000-000000000000", ownerName: "host-1" };
    const opened = await send("POST", `${sets}/${set.id}/sessions?${version}`, admin, JSON.stringify(asked));
    expect(opened.status).toBe(200);
    const { sessionId, messageQueueUrl, messageQueueAccessToken, statistics } = JSON.parse(opened.text);
    expect(statistics).toMatchObject({ totalAssignedJobs: 0 });
    const queue = { Authorization: `Bearer ${messageQueueAccessToken}` };
    const poll = { ...queue, Accept: "application/json; api-version=6.0-preview", "X-ScaleSetMaxCapacity": "5" };
    const nothing = await send("GET", messageQueueUrl, poll);
    expect([nothing.status, nothing.text]).toEqual([202, ""]);

    simulator.queueJob({ scaleSet: set.id });
    const message = JSON.parse((await send("GET", messageQueueUrl, poll)).text);
    expect(message).toMatchObject({ messageId: 1, messageType: "RunnerScaleSetJobMessages" });
    const [job] = JSON.parse(message.body);
    expect(job).toMatchObject({ messageType: "JobAssigned", runnerRequestId: 0, finishTime: "0001-01-01T00:00:00Z" });
    // Its acknowledgement names no version, neither in the query nor in a header.
    const path = new URL(messageQueueUrl);
    path.pathname += `/${message.messageId}`;
    const acknowledged = await send("DELETE", path.href, { ...queue, "Content-Type": "application/json" });
    expect([acknowledged.status, acknowledged.text]).toEqual([204, ""]);
    expect(simulator.state().scaleSets[0]?.unacknowledgedMessages).toBe(0);

    const acquire = `${sets}/${set.id}/acquirejobs?${version}`;
    const acquired = await send("POST", acquire, { ...admin, ...queue }, "[1,2]");
    expect(JSON.parse(acquired.text)).toEqual({ count: 0, value: [] });

    const jit = `${sets}/${set.id}/generatejitconfig?${version}`;
    const config = await send("POST", jit, admin, '{"name":"r1","workFolder":""}');
    expect(JSON.parse(config.text)).toMatchObject({ runner: { name: "r1", runnerScaleSetId: set.id } });
    const again = await send("POST", jit, admin, '{"name":"r1","workFolder":"_work"}');
    expect([again.status, JSON.parse(again.text).typeName]).toEqual([409, expect.stringContaining("AgentExists")]);

    const agents = `${base}/_apis/distributedtask/pools/0/agents`;
    const found = JSON.parse((await send("GET", `${agents}?${version}&agentName=r1`, admin)).text);
    expect(found.count).toBe(1);
    expect((await send("DELETE", `${agents}/${found.value[0].id}?${version}`, admin)).status).toBe(204);
    const missing = await send("GET", `${agents}/${found.value[0].id}?${version}`, admin);
    expect([missing.status, JSON.parse(missing.text).typeName]).toEqual([
      404,
      expect.stringContaining("AgentNotFound"),
    ]);

    expect((await send("DELETE", `${sets}/${set.id}/sessions/${sessionId}?${version}`, admin)).status).toBe(204);
    expect((await send("DELETE", `${sets}/${set.id}?${version}`, admin)).status).toBe(204);
  });

  test("an answer carries both ids that a support request needs, and says that it is JSON", async () => {
    const answer = await send("GET", `${base}/_apis/runtime/runnerscalesets?runnerGroupId=1&name=y&${version}`, admin);
    expect(answer.headers["activityid"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers["x-github-request-id"]).toBeTruthy();
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
  });
});
