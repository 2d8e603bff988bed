import { createSimulator, type Fault, type FaultEffect } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { RawClient, send, world } from "./raw-client.js";

/** A world whose next poll meets the effect, with a message waiting for it. */
async function pollMeeting(effect: FaultEffect) {
  const it = await world();
  const setId = await it.client.createSet();
  const session = await it.client.openSession(setId);
  it.simulator.faults.add({ call: "get-message", count: 1, effect });
  it.simulator.queueJob({ runsOn: "linux" });
  return { ...it, setId, session, poll: () => it.client.poll(session) };
}

test("a truncated body, one behind a byte order mark, and one with other values are still the real answer", async () => {
  const truncated = await pollMeeting({ kind: "truncated" });
  const half = await truncated.poll();
  const whole = await truncated.poll();
  expect([half.status, half.body]).toEqual([200, undefined]);
  expect(whole.text.startsWith(half.text)).toBe(true);
  const bom = await pollMeeting({ kind: "bom" });
  const response = await bom.simulator.fetch(bom.session.queueUrl, {
    headers: { authorization: `Bearer ${bom.session.queueToken}`, accept: "application/json; api-version=6.0-preview" },
  });
  expect([...new Uint8Array(await response.arrayBuffer()).slice(0, 4)]).toEqual([0xef, 0xbb, 0xbf, 0x7b]);
  const patched = await pollMeeting({ kind: "patch", body: { statistics: { totalAssignedJobs: 99 }, body: "[{" } });
  expect((await patched.poll()).body).toMatchObject({
    messageId: 1,
    body: "[{",
    statistics: { totalAssignedJobs: 99, totalRunningJobs: 0 },
  });
});

test("other answers: a status with a body, an error of the service, a proxy's page", async () => {
  const answer = await (
    await pollMeeting({ kind: "answer", status: 200, body: "hm", contentType: "text/plain", headers: { "x-a": "b" } })
  ).poll();
  expect([answer.status, answer.text, answer.headers.get("content-type"), answer.headers.get("x-a")]).toEqual([
    200,
    "hm",
    "text/plain",
    "b",
  ]);
  const refusal = await (await pollMeeting({ kind: "refusal", refusal: "RunnerScaleSetNotFoundException" })).poll();
  expect([refusal.status, refusal.body.typeName]).toEqual([
    404,
    expect.stringContaining("RunnerScaleSetNotFoundException"),
  ]);
  const page = await (await pollMeeting({ kind: "bad-gateway" })).poll();
  expect([page.status, page.headers.get("content-type")]).toEqual([502, "text/html"]);
  expect(page.text).toContain("<html>");
});

test("a rate limit says when to come back, in each of the three forms", async () => {
  const limited = async (form: "seconds" | "date" | "reset") =>
    (await pollMeeting({ kind: "rate-limit", form, ms: 90_000 })).poll();
  const seconds = await limited("seconds");
  expect([seconds.status, seconds.headers.get("retry-after")]).toEqual([429, "90"]);
  expect((await limited("date")).headers.get("retry-after")).toBe("Tue, 01 Jan 2030 00:01:30 GMT");
  const reset = await limited("reset");
  expect(reset.status).toBe(403);
  expect(reset.headers.get("x-ratelimit-remaining")).toBe("0");
  expect(Number(reset.headers.get("x-ratelimit-reset"))).toBe(Date.UTC(2030, 0, 1, 0, 1, 30) / 1000);
});

test("latency delays the call, or, committing, its answer only", async () => {
  for (const [commit, stateMeanwhile] of [
    [false, 0],
    [true, 1],
  ] as const) {
    const { clock, simulator, client } = await world();
    simulator.faults.add({ call: "create-scale-set", effect: { kind: "latency", ms: 5_000, commit } });
    const startMs = clock.now();
    const created = client.sets("POST", "", { name: "linux" });
    await clock.drain();
    expect(simulator.state().scaleSets).toHaveLength(stateMeanwhile);
    expect((await clock.runUntilSettled(created)).status).toBe(200);
    expect(clock.now() - startMs).toBe(5_000);
  }
});

test("a hanging call is never answered, and ends with whoever asked", async () => {
  const { clock, session, client, simulator } = await pollMeeting({ kind: "hang" });
  const gone = new AbortController();
  let settled = false;
  const poll = client.poll(session, { signal: gone.signal }).finally(() => {
    settled = true;
  });
  await clock.runFor(300_000);
  expect(settled).toBe(false);
  gone.abort(new Error("gone"));
  await expect(poll).rejects.toThrow("gone");
  expect(simulator.journal.entries({ subject: "fault" })).toMatchObject([{ event: "hang", call: "get-message" }]);
});

describe.each(["in process", "over HTTP"])("%s", (way) => {
  async function connected() {
    const simulator = createSimulator();
    if (way === "in process") return { simulator, client: await RawClient.connect(simulator) };
    await simulator.listen();
    return { simulator, client: await RawClient.connect(simulator, { fetch: (input, init) => fetch(input, init) }) };
  }

  test("a lost answer is a deed done and a broken connection", async () => {
    const { simulator, client } = await connected();
    const setId = await client.createSet();
    simulator.faults.add({ call: "generate-jit-config", count: 1, effect: { kind: "lost-answer" } });
    await expect(client.jit(setId, "r-1")).rejects.toThrow(TypeError);
    expect(simulator.state().runners).toMatchObject([{ name: "r-1" }]);
    expect((await client.sets("POST", `/${setId}/generatejitconfig`, { name: "r-1" })).status).toBe(409);
    await simulator.close();
  });

  test("a reset does nothing, and breaks the connection", async () => {
    const { simulator, client } = await connected();
    simulator.faults.add({ call: "create-scale-set", count: 1, effect: { kind: "reset" } });
    await expect(client.sets("POST", "", { name: "linux" })).rejects.toThrow(TypeError);
    expect(simulator.state().scaleSets).toEqual([]);
    expect((await client.sets("POST", "", { name: "linux" })).status).toBe(200);
    await simulator.close();
  });

  test("a reset in the body comes after a status that was fine", async () => {
    const { simulator, client } = await connected();
    simulator.faults.add({ call: "list-scale-sets", count: 1, effect: { kind: "reset", afterBytes: 5 } });
    const url = new URL("_apis/runtime/runnerscalesets?api-version=6.0-preview", client.base);
    const response = await client.fetch(url, { headers: { authorization: `Bearer ${client.admin}` } });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow(TypeError);
    await simulator.close();
  });
});

test("a fault strikes one scale set alone, by its id or its name", async () => {
  const { simulator, client } = await world();
  const [a, b] = [await client.createSet("a"), await client.createSet("b")];
  const answer: Fault["effect"] = { kind: "answer", status: 503 };
  simulator.faults.add({ call: "get-scale-set", scaleSet: "a", effect: answer });
  simulator.faults.add({ call: "open-session", scaleSet: b, effect: answer });
  expect((await client.sets("GET", `/${a}`)).status).toBe(503);
  expect((await client.sets("GET", `/${b}`)).status).toBe(200);
  const open = (id: number) => client.sets("POST", `/${id}/sessions`, { ownerName: "x" });
  expect([(await open(a)).status, (await open(b)).status]).toEqual([200, 503]);
});

test("a fault strikes the calls that a predicate picks, for a time, once or for good", async () => {
  const { clock, simulator, client } = await world();
  const setId = await client.createSet();
  const get = async () => (await client.sets("GET", `/${setId}`)).status;
  const effect: Fault["effect"] = { kind: "answer", status: 503 };
  simulator.faults.add({ when: ({ method, url }) => method === "GET" && url.pathname.endsWith("/agents"), effect });
  expect([(await client.agents("GET")).status, await get()]).toEqual([503, 200]);
  simulator.faults.clear();
  simulator.faults.add({ call: "get-scale-set", count: 1, effect });
  expect([await get(), await get()]).toEqual([503, 200]);
  simulator.faults.add({ call: "get-scale-set", afterMs: 10_000, forMs: 5_000, effect });
  const seen = [await get()];
  for (const ms of [10_000, 4_999, 1]) {
    await clock.runFor(ms);
    seen.push(await get());
  }
  expect(seen).toEqual([200, 503, 503, 200]);
  const lasting = simulator.faults.add({ call: "get-scale-set", effect });
  expect([await get(), await get()]).toEqual([503, 503]);
  simulator.faults.remove(lasting);
  expect(await get()).toBe(200);
});

test("faults are set, seen and ended over HTTP, and a wrong one is refused", async () => {
  await using simulator = createSimulator();
  const { url } = await simulator.listen();
  const faults = `${url}/_simulator/faults`;
  const fault: Fault = { call: "list-scale-sets", effect: { kind: "answer", status: 503 } };
  const { body } = await send(fetch, faults, { method: "POST", json: [fault] });
  const client = await RawClient.connect(simulator, { fetch: (input, init) => fetch(input, init) });
  expect((await client.sets("GET")).status).toBe(503);
  expect((await send(fetch, faults)).body).toEqual({ faults: [{ id: body.ids[0], fault, met: 1, struck: 1 }] });
  expect((await send(fetch, `${faults}/${body.ids[0]}`, { method: "DELETE" })).status).toBe(204);
  expect((await client.sets("GET")).status).toBe(200);
  const wrong = await send(fetch, faults, { method: "POST", json: { call: "make-coffee", effect: { kind: "hang" } } });
  expect(wrong.status).toBe(400);
});

test("states of the world are brought about over HTTP too", async () => {
  await using simulator = createSimulator();
  const { url } = await simulator.listen();
  const control = (method: string, path: string) =>
    send(fetch, `${url}/_simulator/${path}`, { method, ...(method === "POST" ? { json: {} } : {}) });
  const client = await RawClient.connect(simulator, { fetch: (input, init) => fetch(input, init) });
  const setId = await client.createSet();
  await client.openSession(setId);
  await client.jit(setId, "r-1");
  expect((await control("DELETE", `scale-sets/${setId}/session`)).status).toBe(204);
  expect((await control("DELETE", `scale-sets/${setId}/session`)).status).toBe(404);
  expect((await control("POST", "runners/r-1/host-died")).status).toBe(204);
  expect((await control("DELETE", "runners/r-1")).status).toBe(204);
  expect((await control("PUT", "runners-deprecated")).status).toBe(204);
  expect((await control("DELETE", "runners-deprecated")).status).toBe(204);
  expect((await control("DELETE", `scale-sets/${setId}`)).status).toBe(204);
  expect(simulator.state()).toMatchObject({ scaleSets: [], runners: [] });
});
