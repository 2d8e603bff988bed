import { describe, expect, test } from "vitest";
import { isScaleSetError } from "../src/index.js";
import { conflict, exception, jobs, json, statistics } from "./kit/fake-service.js";
import { createWorld, type World } from "./kit/world.js";

const open = ({ clock, client }: World) => clock.run(client.openMessageSession(5, { owner: "host-1" }));

describe("a message session", () => {
  test("polls with capacity and cursor, keeps the queue's query, and acknowledges below its path", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.statistics = statistics({ totalAssignedJobs: 4 });
    const session = await open(world);
    expect(session.statistics.totalAssignedJobs).toBe(4);
    service.push(3, jobs({ messageType: "JobAssigned", runnerRequestId: 0, jobId: "j" }));
    const message = await clock.run(session.getMessage({ maxCapacity: 7 }));
    expect(message).toMatchObject({ messageId: 3, jobs: [{ messageType: "JobAssigned", jobId: "j" }] });
    expect(session.statistics.totalAssignedJobs).toBe(1);
    await clock.run(session.acknowledge(3));
    expect(await clock.run(session.getMessage({ lastMessageId: 3, maxCapacity: 7 }))).toBeUndefined();
    const [first, acknowledged, second] = service.requests.filter(({ call }) => call.endsWith("queue"));
    expect(first?.url.href).toBe("https://queue.example.test/q/5?sessionId=s-1&sig=a%2Bb");
    expect(first?.headers.get("x-scalesetmaxcapacity")).toBe("7");
    expect(first?.headers.get("accept")).toBe("application/json; api-version=6.0-preview");
    expect(first?.headers.get("authorization")).toBe("Bearer queue-token-1");
    expect(acknowledged?.url.href).toBe("https://queue.example.test/q/5/3?sessionId=s-1&sig=a%2Bb");
    expect(second?.url.search).toBe("?sessionId=s-1&sig=a%2Bb&lastMessageId=3");
  });

  test("ids beyond 2^53 come whole and go back as bare digits", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const session = await open(world);
    const body =
      '[{"messageType":"JobAvailable","runnerRequestId":9223372036854775807,"workflowRunId":9007199254740993}]';
    service.push(1, { body, statistics: null });
    const message = await clock.run(session.getMessage({ maxCapacity: 1 }));
    expect(message?.statistics).toBeUndefined();
    expect(message?.jobs[0]).toMatchObject({
      runnerRequestId: "9223372036854775807",
      workflowRunId: "9007199254740993",
    });
    expect(await clock.run(session.acquireJobs(["9223372036854775807"]))).toEqual(["9223372036854775807"]);
    const acquire = service.requests.at(-1);
    expect(acquire?.body).toBe("[9223372036854775807]");
    expect(acquire?.headers.get("authorization")).toBe("Bearer queue-token-1");
  });

  test("a queue token that ran out is renewed once for all calls that met it", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const session = await open(world);
    service.queueToken = "queue-token-2";
    service.push(1, jobs());
    const [message] = await clock.run(
      Promise.all([session.getMessage({ maxCapacity: 1 }), session.acknowledge(9), session.acquireJobs(["1"])]),
    );
    expect(message?.messageId).toBe(1);
    expect(service.count("PATCH sessions/ID")).toBe(1);
    service.always("GET queue", () => new Response(null, { status: 401 }));
    const error = await clock.run(session.getMessage({ maxCapacity: 1 }).catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "QUEUE_TOKEN_EXPIRED")).toBe(true);
    expect(service.count("PATCH sessions/ID")).toBe(2);
  });

  test("a refusal that comes late, of a token that was renewed meanwhile, renews nothing", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const session = await open(world);
    service.once("DELETE queue", async () => {
      await clock.sleep(5_000);
      return new Response(null, { status: 401 });
    });
    const late = session.acknowledge(1);
    await clock.advance(1_000);
    service.queueToken = "queue-token-2";
    await clock.run(session.acquireJobs(["1"]));
    await clock.run(late);
    expect(service.count("PATCH sessions/ID")).toBe(1);
  });

  test("a redelivered message does not turn its statistics back", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const session = await open(world);
    service.push(1, { statistics: statistics({ totalAssignedJobs: 1 }) });
    service.push(2, { statistics: statistics({ totalAssignedJobs: 2 }) });
    await clock.run(session.getMessage({ maxCapacity: 1 }));
    await clock.run(session.getMessage({ maxCapacity: 1, lastMessageId: 1 }));
    await clock.run(session.getMessage({ maxCapacity: 1 }));
    expect(session.statistics.totalAssignedJobs).toBe(2);
    service.push(3, { statistics: null });
    await clock.run(session.getMessage({ maxCapacity: 1, lastMessageId: 2 }));
    expect(session.statistics.totalAssignedJobs).toBe(2);
  });

  test("a session that is gone at its refresh says so (F3)", async () => {
    const world = createWorld();
    const session = await open(world);
    world.service.once("PATCH sessions/ID", () =>
      exception(404, "RunnerAdminException", "session ID that doesn't exist in redis"),
    );
    const error = await world.clock.run(session.refresh().catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "SESSION_EXPIRED")).toBe(true);
  });

  test("one without queue, id or statistics is closed and refused (F5)", async () => {
    for (const broken of [
      { messageQueueUrl: "" },
      { statistics: null },
      { sessionId: "00000000-0000-0000-0000-000000000000" },
    ]) {
      const world = createWorld();
      world.service.once("POST sessions", () => json(200, { ...world.service.session(), ...broken }));
      const error = await world.clock.run(
        world.client.openMessageSession(5, { owner: "o" }).catch((thrown: unknown) => thrown),
      );
      expect(isScaleSetError(error, "SESSION_UNUSABLE")).toBe(true);
      expect(world.service.count("DELETE sessions/ID")).toBe("sessionId" in broken ? 0 : 1);
    }
  });

  test("opening is not repeated where it might have happened, and a conflict is a code", async () => {
    const world = createWorld();
    world.service.once(
      "POST sessions",
      () => json(500, {}),
      () => conflict("host-2"),
    );
    const codes = [];
    for (let i = 0; i < 2; i++) {
      const opening = world.client.openMessageSession(5, { owner: "host-1" });
      codes.push(await world.clock.run(opening.catch((error: unknown) => isScaleSetError(error) && error.code)));
    }
    expect(codes).toEqual(["SERVER_ERROR", "SESSION_CONFLICT"]);
    expect(world.service.count("POST sessions")).toBe(2);
  });

  test("closing ends the running poll, is idempotent, and one that is gone already is closed", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const session = await open(world);
    const poll = session.getMessage({ maxCapacity: 1 }).catch((error: unknown) => error);
    await clock.advance(1_000);
    service.once("DELETE sessions/ID", () => exception(400, "RunnerScaleSetSessionExpiredException"));
    await clock.run(Promise.all([session.close(), session.close()]));
    await clock.run(session.close());
    expect(isScaleSetError(await clock.run(poll), "CLOSED")).toBe(true);
    expect(service.count("DELETE sessions/ID")).toBe(1);
    expect(clock.pending).toBe(0);
    await expect(session.getMessage({ maxCapacity: 1 })).rejects.toThrow("closed");
  });

  test("a close that fails does not hide why the block was left", async () => {
    const world = createWorld();
    world.service.always("DELETE sessions/ID", () => json(500, {}));
    const work = async (): Promise<void> => {
      await using session = await world.client.openMessageSession(5, { owner: "host-1" });
      throw new Error(`first failure in ${session.scaleSetId}`);
    };
    const error = await world.clock.run(work().catch((thrown: unknown) => thrown));
    expect(error).toMatchObject({ name: "Error", message: "first failure in 5" });
  });

  test("its stream survives failing polls, keeps its place, and ends when asked to (F2)", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const session = await open(world);
    const stopping = new AbortController();
    const seen: number[] = [];
    service.once(
      "GET queue",
      () => new Response("", { status: 200 }),
      () => new Response("<html>", { status: 502 }),
      () => Promise.reject(Object.assign(new Error("reset"), { code: "ECONNRESET" })),
    );
    service.push(1, jobs());
    service.push(2, jobs());
    const loop = async (): Promise<void> => {
      for await (const message of session.messages({ maxCapacity: 1, signal: stopping.signal })) {
        seen.push(message.messageId);
        await session.acknowledge(message.messageId);
        if (message.messageId === 2) stopping.abort();
      }
    };
    await clock.run(loop());
    expect(seen).toEqual([1, 2]);
    expect(clock.pending).toBe(0);
  });

  test("its stream does not turn answers of nothing at once into a storm", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const session = await open(world);
    service.always("GET queue", () => new Response(null, { status: 202 }));
    const stopping = new AbortController();
    const next = session.messages({ maxCapacity: 1, signal: stopping.signal }).next();
    await clock.advance(600_000);
    stopping.abort();
    expect(await clock.run(next)).toEqual({ done: true, value: undefined });
    expect(service.count("GET queue")).toBeLessThan(60);
  });

  test("every answered call is told, and refusals are not", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const answered: string[] = [];
    const session = await clock.run(
      world.client.openMessageSession(5, {
        owner: "h",
        onAnswered: ({ call, heldMs }) => answered.push(`${call} ${heldMs}`),
      }),
    );
    await clock.run(session.getMessage({ maxCapacity: 1 }));
    service.once("GET queue", () => json(500, {}));
    await clock.run(session.getMessage({ maxCapacity: 1 }).catch(() => {}));
    await clock.run(session.acknowledge(1));
    await clock.run(session.refresh());
    expect(answered).toEqual(["open 0", "poll 50000", "acknowledge 0", "refresh 0"]);
  });

  test("a refresh that finds it gone ends its running calls with the same error, says so once, and it can be closed", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const lost: string[] = [];
    const session = await clock.run(
      world.client.openMessageSession(5, { owner: "h", onLost: ({ code }) => void lost.push(code) }),
    );
    const polling = session.getMessage({ maxCapacity: 1 }).catch((error: unknown) => error);
    await clock.advance(1_000);
    service.once("PATCH sessions/ID", () => exception(404, "RunnerAdminException", "doesn't exist in redis"));
    const refreshed = await clock.run(session.refresh().catch((error: unknown) => error));
    expect(refreshed).toMatchObject({ code: "SESSION_EXPIRED" });
    expect(await clock.run(polling)).toBe(refreshed);
    await expect(session.acknowledge(1)).rejects.toBe(refreshed);
    await expect(session.refresh()).rejects.toBe(refreshed);
    expect([lost, service.open, clock.monotonic()]).toEqual([["SESSION_EXPIRED"], 0, 1_000]);
    await clock.run(session.close());
    expect(clock.pending).toBe(0);
  });

  test("its newest reading may come from a refresh, and from a message whose id is lower than the last", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const session = await open(world);
    service.push(9, { body: "", statistics: statistics({ totalAssignedJobs: 1 }) });
    await clock.run(session.getMessage({ maxCapacity: 1 }));
    service.statistics = statistics({ totalAssignedJobs: 2 });
    await clock.run(session.refresh());
    expect(session.statistics.totalAssignedJobs).toBe(2);
    await clock.run(session.getMessage({ maxCapacity: 1 }));
    expect(session.statistics.totalAssignedJobs, "redelivered").toBe(2);
    service.queue.splice(0);
    service.push(1, { body: "", statistics: statistics({ totalAssignedJobs: 3 }) });
    await clock.run(session.getMessage({ maxCapacity: 1 }));
    expect(session.statistics.totalAssignedJobs).toBe(3);
  });

  test("its stream follows ids that restart", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const session = await open(world);
    const stopping = new AbortController();
    const named: (string | null)[] = [];
    for (const id of [7, 1, 2]) {
      service.once("GET queue", ({ url }) => {
        named.push(url.searchParams.get("lastMessageId"));
        const message = { messageId: id, messageType: "RunnerScaleSetJobMessages" };
        return json(200, { ...message, ...jobs({ messageType: "JobAssigned", jobId: `job-${id}` }) });
      });
    }
    const seen: number[] = [];
    const loop = async (): Promise<void> => {
      for await (const { messageId } of session.messages({ maxCapacity: 1, signal: stopping.signal })) {
        seen.push(messageId);
        if (messageId === 2) stopping.abort();
      }
    };
    await clock.run(loop());
    expect(seen).toEqual([7, 1, 2]);
    expect(named).toEqual([null, "7", "1"]);
    expect(clock.monotonic(), "none of them was waited for").toBe(0);
  });
});
