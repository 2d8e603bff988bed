import { expect, test } from "vitest";
import { RawClient, send, world } from "./raw-client.js";

test("a scale set without labels gets its name as its one System label", async () => {
  const { client } = await world();
  const created = await client.sets("POST", "", {
    name: "linux",
    runnerGroupId: 1,
    RunnerSetting: { disableUpdate: true },
  });
  expect(created.status).toBe(200);
  expect(created.body).toMatchObject({
    name: "linux",
    runnerGroupId: 1,
    runnerGroupName: "default",
    labels: [{ type: "System", name: "linux" }],
    RunnerSetting: { disableUpdate: true },
    statistics: { totalAssignedJobs: 0, totalRegisteredRunners: 0 },
  });
  expect(created.body.createdOn).toMatch(/^2030-01-01T/);
  expect(created.body.runnerJitConfigUrl).toMatch(/^https:.*generatejitconfig$/);
});

test("a label without a type becomes a System one, and one with a type keeps it", async () => {
  const { client } = await world();
  const { body } = await client.sets("POST", "", { name: "gpu", labels: [{ name: "a" }, { name: "b", type: "User" }] });
  expect(body.labels).toEqual([
    { type: "System", name: "a" },
    { type: "User", name: "b" },
  ]);
});

test("neither a name nor a label is a bad request", async () => {
  const { client } = await world();
  const refused = await client.sets("POST", "", { runnerGroupId: 1 });
  expect(refused.status).toBe(400);
  expect(refused.body).toMatchObject({
    typeName: expect.stringContaining("ArgumentException"),
    message: expect.any(String),
  });
});

test("the same name is refused in one group, and taken in another group or organisation", async () => {
  const { client, simulator } = await world();
  await client.createSet("linux");
  const refused = await client.sets("POST", "", { name: "Linux", runnerGroupId: 1 });
  expect(refused.status).toBe(400);
  expect(refused.body.typeName).toContain("RunnerScaleSetExistsException");
  const groupId = simulator.addRunnerGroup("acme", "special");
  expect((await client.sets("POST", "", { name: "linux", runnerGroupId: groupId })).status).toBe(200);
  const other = await RawClient.connect(simulator, { path: "globex" });
  expect((await other.sets("POST", "", { name: "linux" })).status).toBe(200);
});

test("sets are found by group and escaped name, listed, read, changed and deleted", async () => {
  const { client } = await world();
  const id = await client.createSet("linux & co");
  await client.createSet("other");
  expect((await client.sets("GET", `?runnerGroupId=1&name=${encodeURIComponent("linux & co")}`)).body).toMatchObject({
    count: 1,
    value: [{ id }],
  });
  expect((await client.sets("GET", "?runnerGroupId=1")).body.count).toBe(2);
  expect((await client.sets("GET", "?runnerGroupId=2&name=other")).body).toEqual({ count: 0, value: [] });
  expect((await client.sets("GET", `/${id}`)).body.name).toBe("linux & co");
  const changed = await client.sets("PATCH", `/${id}`, {
    labels: [{ name: "x" }],
    RunnerSetting: { disableUpdate: true },
  });
  expect(changed.status).toBe(200);
  expect(changed.body).toMatchObject({
    name: "linux & co",
    labels: [{ name: "x" }],
    RunnerSetting: { disableUpdate: true },
  });
  expect((await client.sets("DELETE", `/${id}`)).status).toBe(204);
  const gone = await client.sets("GET", `/${id}`);
  expect(gone.status).toBe(404);
  expect(gone.body.typeName).toContain("RunnerScaleSetNotFoundException");
});

test("one organisation cannot see another one's scale sets or runners", async () => {
  const { client, simulator } = await world();
  const id = await client.createSet();
  const { body } = await client.sets("POST", `/${id}/generatejitconfig`, { name: "r", workFolder: "_work" });
  const other = await RawClient.connect(simulator, { path: "globex" });
  expect((await other.sets("GET", `/${id}`)).status).toBe(404);
  expect((await other.agents("GET", `/${body.runner.id}`)).status).toBe(404);
  expect((await other.sets("GET")).body.count).toBe(0);
});

test("the default runner group has id 1, and an unknown one is an empty list", async () => {
  const { client } = await world();
  expect((await client.call("GET", "_apis/runtime/runnergroups/?groupName=default")).body).toEqual({
    count: 1,
    value: [{ id: 1, name: "default", size: 0, isDefaultGroup: true }],
  });
  expect((await client.call("GET", "_apis/runtime/runnergroups/?groupName=none")).body).toEqual({
    count: 0,
    value: [],
  });
});

test("every answer carries the ids that correlate it, and the time of the service", async () => {
  const { client } = await world();
  for (const { headers } of [
    await client.sets("GET"),
    await client.sets("GET", "/999"),
    await client.call("GET", "nowhere"),
  ]) {
    expect(headers.get("activityid")).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get("x-github-request-id")).toMatch(/^[0-9A-F]{24}$/);
    expect(headers.get("date")).toBe("Tue, 01 Jan 2030 00:00:00 GMT");
  }
});

test("a JIT config holds the three files of the official runner, with numbers as long as .NET wants them", async () => {
  const { client } = await world();
  const id = await client.createSet();
  // Enough for every key of the pool.
  for (let index = 0; index < 8; index++) {
    const { status, body } = await client.sets("POST", `/${id}/generatejitconfig`, {
      name: `r-${index}`,
      workFolder: "_work",
    });
    expect(status).toBe(200);
    expect(body.runner).toEqual({ id: expect.any(Number), name: `r-${index}`, runnerScaleSetId: id });
    const decode = (text: string) => JSON.parse(Buffer.from(text, "base64").toString());
    const files = decode(body.encodedJITConfig);
    const runner = decode(files[".runner"]);
    expect(runner).toMatchObject({
      AgentId: String(body.runner.id),
      AgentName: `r-${index}`,
      PoolId: "1",
      Ephemeral: "True",
      DisableUpdate: "True",
      WorkFolder: "_work",
    });
    expect(runner.ServerUrlV2).toMatch(/\/$/);
    expect(runner.ServerUrl).toBe(runner.ServerUrlV2);
    expect(decode(files[".credentials"])).toMatchObject({
      Scheme: "OAuth",
      Data: { ClientId: expect.any(String), AuthorizationUrl: expect.any(String) },
    });
    const lengths = Object.entries(decode(files[".credentials_rsaparams"])).map(([name, value]) => [
      name,
      Buffer.from(String(value), "base64").length,
    ]);
    expect(Object.fromEntries(lengths)).toEqual({
      d: 256,
      modulus: 256,
      dp: 128,
      dq: 128,
      inverseQ: 128,
      p: 128,
      q: 128,
      exponent: 3,
    });
  }
});

test("a runner's name is taken once, found by name, read by id, listed, and removed", async () => {
  const { client } = await world();
  const id = await client.createSet();
  const made = await client.sets("POST", `/${id}/generatejitconfig`, { name: "r-1" });
  const again = await client.sets("POST", `/${id}/generatejitconfig`, { name: "R-1" });
  expect(again.status).toBe(409);
  expect(again.body.typeName).toContain("AgentExistsException");
  const runner = made.body.runner;
  expect((await client.agents("GET", "?agentName=r-1")).body).toEqual({ count: 1, value: [runner] });
  expect((await client.agents("GET", `/${runner.id}`)).body).toEqual(runner);
  expect((await client.agents("GET")).body.count).toBe(1);
  expect((await client.agents("DELETE", `/${runner.id}`)).status).toBe(204);
  for (const answer of [await client.agents("GET", `/${runner.id}`), await client.agents("DELETE", `/${runner.id}`)]) {
    expect(answer.status).toBe(404);
    expect(answer.body.typeName).toContain("AgentNotFoundException");
  }
  expect((await client.agents("GET", "?agentName=r-1")).body.count).toBe(0);
});

test("the base of the Actions service can end without a slash", async () => {
  const { client } = await world({ serviceUrlTrailingSlash: false });
  expect(client.base.endsWith("/")).toBe(false);
  expect((await client.sets("GET")).status).toBe(200);
});

test("hosted shapes put the API, the service and the queue on hosts of their own", async () => {
  const { createSimulator } = await import("@scaleset/simulator");
  const simulator = createSimulator({ urls: "hosted" });
  expect(simulator.configUrl("acme")).toBe("https://github.com/acme");
  const client = await RawClient.connect(simulator, { api: "https://api.github.com" });
  expect(new URL(client.base).host).toBe("pipelines.github.com");
  const session = await client.openSession(await client.createSet());
  expect(new URL(session.queueUrl).host).toBe("queue.github.com");
  expect(new URL(session.queueUrl).searchParams.get("sessionId")).toBe(session.id);
  const ghes = await send(simulator.fetch, "https://github.com/api/v3/orgs/acme/actions/runners/registration-token", {
    method: "POST",
    token: simulator.token,
  });
  expect(ghes.status).toBe(404);
});
