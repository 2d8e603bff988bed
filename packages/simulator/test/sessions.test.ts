import { expect, test } from "vitest";
import { jobMessages, world } from "./raw-client.js";

test("a scale set has one session, and the refusal of a second one names who holds it", async () => {
  const { client } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId, "host-1");
  expect(session.body).toMatchObject({
    sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    ownerName: "host-1",
    runnerScaleSet: { id: setId, status: expect.any(String) },
    statistics: { totalAssignedJobs: 0 },
  });
  const refused = await client.sets("POST", `/${setId}/sessions`, { ownerName: "host-2" });
  expect(refused.status).toBe(409);
  expect(refused.body.typeName).toContain("RunnerScaleSetSessionConflictException");
  expect(refused.body.message).toContain("host-1");
  expect((await client.sets("DELETE", `/${setId}/sessions/${session.id}`)).status).toBe(204);
  expect((await client.sets("POST", `/${setId}/sessions`, { ownerName: "host-2" })).status).toBe(200);
});

test("the queue has another path than the service, and its URL carries a query already", async () => {
  const { client } = await world();
  const { queueUrl, id } = await client.openSession(await client.createSet());
  expect(queueUrl.startsWith(client.base)).toBe(false);
  expect(queueUrl).toContain(`?sessionId=${id}`);
});

test("a session dies a minute after its last poll, but not while a poll is held", async () => {
  const { clock, client } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  await clock.runFor(59_000);
  expect((await clock.runUntilSettled(client.poll(session))).status).toBe(202);
  await clock.runFor(59_000);
  expect((await client.sets("POST", `/${setId}/sessions`, { ownerName: "b" })).status).toBe(409);
  await clock.runFor(1_000);
  expect((await client.poll(session)).status).toBe(401);
  const refresh = await client.sets("PATCH", `/${setId}/sessions/${session.id}`);
  expect(refresh.status).toBe(400);
  expect(refresh.body.typeName).toContain("RunnerScaleSetSessionExpiredException");
  expect((await client.sets("DELETE", `/${setId}/sessions/${session.id}`)).body.typeName).toContain("SessionExpired");
  expect((await client.sets("POST", `/${setId}/sessions`, { ownerName: "b" })).status).toBe(200);
});

test("a session whose client died in a poll lives on for a minute after the connection broke", async () => {
  const { clock, client } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const death = new AbortController();
  const poll = client.poll(session, { signal: death.signal });
  await clock.runFor(10_000);
  death.abort(new Error("killed"));
  await expect(poll).rejects.toThrow("killed");
  await clock.runFor(59_000);
  expect((await client.sets("POST", `/${setId}/sessions`, { ownerName: "b" })).status).toBe(409);
  await clock.runFor(1_000);
  expect((await client.sets("POST", `/${setId}/sessions`, { ownerName: "b" })).status).toBe(200);
});

test("refreshing gives a new queue token, after the old one ended too", async () => {
  const { clock, client } = await world({ queueTokenTtlMs: 30_000 });
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  await clock.runFor(30_000);
  expect((await client.poll(session)).status).toBe(401);
  const { status, body } = await client.sets("PATCH", `/${setId}/sessions/${session.id}`);
  expect(status).toBe(200);
  expect(body.messageQueueAccessToken).not.toBe(session.queueToken);
  expect(body.runnerScaleSet.status).toEqual(expect.any(Number));
  const poll = client.poll({ ...session, queueToken: body.messageQueueAccessToken });
  expect((await clock.runUntilSettled(poll)).status).toBe(202);
});

test("a session nobody knows any more is a RunnerAdminException", async () => {
  const { client } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  await client.sets("DELETE", `/${setId}/sessions/${session.id}`);
  const refresh = await client.sets("PATCH", `/${setId}/sessions/${session.id}`);
  expect(refresh.status).toBe(404);
  expect(refresh.body.typeName).toContain("RunnerAdminException");
});

test("a poll is held for 50 s, and answered at once when something happens", async () => {
  const { clock, simulator, client } = await world();
  const session = await client.openSession(await client.createSet());
  const startMs = clock.now();
  const empty = await clock.runUntilSettled(client.poll(session));
  expect(empty.status).toBe(202);
  expect(empty.text).toBe("");
  expect(clock.now() - startMs).toBe(50_000);
  const poll = client.poll(session);
  await clock.runFor(7_000);
  simulator.queueJob({ runsOn: "linux" });
  await clock.drain();
  expect((await poll).status).toBe(200);
  expect(clock.now() - startMs).toBe(57_000);
});

test("what is not acknowledged comes again with the same id and content, and what is, never", async () => {
  const { clock, simulator, client } = await world();
  const session = await client.openSession(await client.createSet());
  simulator.queueJob({ runsOn: ["linux"], displayName: "first" });
  const one = await client.poll(session);
  expect(one.body).toMatchObject({ messageId: 1, messageType: "RunnerScaleSetJobMessages" });
  simulator.queueJob({ runsOn: ["linux"], displayName: "second" });
  expect((await client.poll(session)).body).toEqual(one.body);
  const two = await client.poll(session, { last: 1 });
  expect(two.body.messageId).toBe(2);
  expect(jobMessages(two)).toMatchObject([{ jobDisplayName: "second" }]);
  expect((await client.acknowledge(session, 1)).status).toBe(204);
  expect((await client.acknowledge(session, 1)).status).toBe(204);
  expect((await client.poll(session)).body.messageId).toBe(2);
  await client.acknowledge(session, 2);
  expect((await clock.runUntilSettled(client.poll(session))).status).toBe(202);
});

test("a new session of the same set gets what the last one left unacknowledged", async () => {
  const { simulator, client } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  simulator.queueJob({ runsOn: "linux" });
  const message = await client.poll(session);
  await client.sets("DELETE", `/${setId}/sessions/${session.id}`);
  expect((await client.poll(session)).status).toBe(401);
  const next = await client.openSession(setId, "b");
  expect(next.body.statistics.totalAssignedJobs).toBe(1);
  expect((await client.poll(next)).body).toEqual(message.body);
});

test("a message holds at most 50 job messages", async () => {
  const { simulator, client } = await world();
  const session = await client.openSession(await client.createSet());
  const poll = client.poll(session, { capacity: 500 });
  simulator.queueJobs(Array.from({ length: 120 }, () => ({ runsOn: "linux" })));
  const first = await poll;
  expect(jobMessages(first)).toHaveLength(50);
  expect(first.body.statistics.totalAssignedJobs).toBe(120);
  expect(jobMessages(await client.poll(session, { last: 1, capacity: 500 }))).toHaveLength(50);
  expect(jobMessages(await client.poll(session, { last: 2, capacity: 500 }))).toHaveLength(20);
});

test("a set that the service removed answers 404 to everything, and a new one counts messages from 1", async () => {
  const { simulator, client } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const poll = client.poll(session);
  simulator.removeScaleSet(setId);
  for (const answer of [
    await poll,
    await client.poll(session),
    await client.sets("PATCH", `/${setId}/sessions/${session.id}`),
  ]) {
    expect(answer.status).toBe(404);
    expect(answer.body.typeName).toContain("RunnerScaleSetNotFoundException");
  }
  const again = await client.openSession(await client.createSet());
  simulator.queueJob({ runsOn: "linux" });
  expect((await client.poll(again)).body.messageId).toBe(1);
});
