import { describe, expect, test } from "vitest";
import { jobs, json, statistics } from "./kit/fake-service.js";
import { createWorld, listen, type World } from "./kit/world.js";

const available = (id: number) => ({ messageType: "JobAvailable", runnerRequestId: id, jobId: `job-${id}` });
const assigned = (id: number) => ({ messageType: "JobAssigned", runnerRequestId: 0, jobId: `job-${id}` });

describe("recognition", () => {
  const named = (id: number, redelivered: boolean) => `${id} ${redelivered}`;

  test("ids that restart under the same scale set are new messages, and the cursor follows them down", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const seen: string[] = [];
    const read: unknown[] = [];
    const { listener, stop } = listen(world, {
      handler: {
        onMessage: ({ messageId }, { redelivered }) => void seen.push(named(messageId, redelivered)),
        onStatistics: (_, { messageId }) => void read.push(messageId),
      },
    });
    await clock.advance(10);
    service.push(500, jobs(assigned(1)));
    service.push(501, jobs(assigned(2)));
    await clock.advance(10);
    listener.restartCursor();
    service.push(1, jobs(assigned(3)));
    await clock.advance(60_000);
    service.push(2, jobs(assigned(4)));
    await clock.advance(10);
    expect(seen).toEqual(["500 false", "501 false", "1 false", "2 false"]);
    expect(read).toEqual([undefined, 500, 501, 1, 2]);
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("an id that is used again with other jobs, or other statistics and no job, is another message", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const seen: string[] = [];
    const { listener, stop } = listen(world, {
      handler: { onMessage: ({ messageId }, { redelivered }) => void seen.push(named(messageId, redelivered)) },
    });
    await clock.advance(10);
    service.push(7, jobs(assigned(1)));
    await clock.advance(10);
    for (const next of [
      jobs(assigned(2)),
      jobs(assigned(2)),
      { body: "", statistics: statistics({ totalAssignedJobs: 3 }) },
      { body: "", statistics: statistics({ totalAssignedJobs: 2 }) },
      { body: "", statistics: statistics({ totalAssignedJobs: 2 }) },
    ]) {
      listener.restartCursor();
      service.push(7, next);
      await clock.advance(60_000);
    }
    expect(seen).toEqual(["7 false", "7 false", "7 false", "7 false"]);
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("statistics that are newer the second time don't make a message with jobs another one", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const seen: string[] = [];
    service.once(
      "POST acquirejobs",
      () => json(503, {}),
      () => json(503, {}),
      () => json(503, {}),
      () => json(503, {}),
    );
    const { stop } = listen(world, {
      handler: { onMessage: ({ messageId }, { redelivered }) => void seen.push(named(messageId, redelivered)) },
    });
    await clock.advance(10);
    service.push(1, { ...jobs(available(11)), statistics: statistics({ totalAvailableJobs: 1 }) });
    await clock.advance(1_000);
    service.queue.splice(0);
    service.push(1, { ...jobs(available(11)), statistics: statistics({ totalAvailableJobs: 2 }) });
    await clock.advance(60_000);
    expect(seen).toEqual(["1 false", "1 true"]);
    expect(service.queue).toEqual([]);
    await stop();
  });
});

describe("the cursor", () => {
  const lastNamed = ({ service }: World): (string | null)[] =>
    service.requests.filter(({ call }) => call === "GET queue").map(({ url }) => url.searchParams.get("lastMessageId"));

  test("is never passed by an acknowledgement that failed, however often", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("DELETE queue", () => json(503, {}));
    let handled = 0;
    const { stop } = listen(world, { handler: { onMessage: () => void handled++ } });
    await clock.advance(10);
    service.push(1, jobs(assigned(1)));
    service.push(2, jobs(assigned(2)));
    await clock.advance(3_600_000);
    expect(new Set(lastNamed(world))).toEqual(new Set([null]));
    expect([handled, service.queue.length]).toEqual([1, 2]);
    service.always("DELETE queue", undefined);
    await clock.advance(60_000);
    expect([handled, service.queue.length]).toEqual([2, 0]);
    expect(lastNamed(world).at(-1)).toBe("2");
    await stop();
  });

  test("is passed by a message whose acknowledgement is refused for good, after five attempts: the queue goes on", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("DELETE queue", ({ url }) =>
      url.pathname.endsWith("/1") ? json(400, {}) : new Response(null, { status: 204 }),
    );
    const seen: number[] = [];
    const { stop } = listen(world, { handler: { onMessage: ({ messageId }) => void seen.push(messageId) } });
    await clock.advance(10);
    service.push(1, jobs(assigned(1)));
    service.push(2, jobs(assigned(2)));
    await clock.advance(60_000);
    expect(seen.slice(0, 2)).toEqual([1, 2]);
    expect(
      service.requests.filter(({ call, url }) => call === "DELETE queue" && url.pathname.endsWith("/1")),
    ).toHaveLength(5);
    await stop();
  });

  test("is not passed, nor the message acknowledged, while its jobs can't be acquired", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("POST acquirejobs", () => json(500, {}));
    const { stop } = listen(world);
    await clock.advance(10);
    service.push(1, jobs(available(11)));
    await clock.advance(600_000);
    expect(service.count("DELETE queue")).toBe(0);
    expect(new Set(lastNamed(world))).toEqual(new Set([null]));
    await stop();
  });

  test("a refusal that names no reason is believed the third time, when jobs are acquired", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.once(
      "POST acquirejobs",
      () => json(404, {}),
      () => json(404, {}),
    );
    const { stop } = listen(world);
    await clock.advance(10);
    service.push(1, jobs(available(11)));
    await clock.advance(10_000);
    expect([service.count("POST acquirejobs"), service.queue.length]).toEqual([3, 0]);
    expect(service.requests.findLast(({ call }) => call === "POST acquirejobs")?.body).toBe("[11]");
    await stop();
  });
});

test("a body that can't be read once is handled when it can be, also under the id of an acknowledged message", async () => {
  const world = createWorld();
  const { clock, service } = world;
  const seen: string[] = [];
  const { listener, stop } = listen(world, {
    handler: { onJobAssigned: ({ jobId }) => void seen.push(jobId) },
  });
  await clock.advance(10);
  service.push(1, jobs(assigned(1)));
  await clock.advance(10);
  listener.restartCursor();
  service.push(1, { body: '[{"messageType":"JobAss', statistics: null });
  await clock.advance(50_100);
  service.queue.splice(0);
  service.push(1, jobs(assigned(2)));
  await clock.advance(60_000);
  expect(seen).toEqual(["job-1", "job-2"]);
  expect(service.queue).toEqual([]);
  await stop();
});
