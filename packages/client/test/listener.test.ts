import { describe, expect, test } from "vitest";
import { isScaleSetError } from "../src/index.js";
import { conflict, exception, jobs, json, scaleSetMissing, statistics } from "./kit/fake-service.js";
import { createWorld, listen } from "./kit/world.js";

const available = (id: number) => ({ messageType: "JobAvailable", runnerRequestId: id, jobId: `job-${id}` });
const assigned = (id: number) => ({ messageType: "JobAssigned", runnerRequestId: 0, jobId: `job-${id}` });

describe("a listener", () => {
  test("reads the session's statistics first, then handles, acquires and acknowledges in that order", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.statistics = statistics({ totalAssignedJobs: 3 });
    const told: string[] = [];
    const { stop, events } = listen(world, {
      handler: {
        onMessage: (message) => void told.push(`message ${message.messageId}`),
        onStatistics: ({ totalAssignedJobs }, { messageId }) =>
          void told.push(`statistics ${totalAssignedJobs} of ${messageId}`),
        onJobAvailable: ({ runnerRequestId }) => {
          told.push(`available ${runnerRequestId}`);
          return runnerRequestId !== "12";
        },
        onJobAssigned: async ({ jobId }) => {
          await clock.sleep(10);
          told.push(`assigned ${jobId}, acquired ${service.count("POST acquirejobs")}`);
        },
        onJobStarted: ({ runnerName }) => void told.push(`started on ${runnerName}`),
        onJobCompleted: ({ result, runnerName }) => void told.push(`completed ${result} on ${runnerName || "none"}`),
      },
    });
    await clock.advance(100);
    service.push(
      1,
      jobs(
        available(11),
        available(12),
        assigned(1),
        { messageType: "JobStarted", runnerRequestId: 1, runnerId: 4, runnerName: "r-4" },
        { messageType: "JobCompleted", runnerRequestId: 1, result: "canceled", runnerName: "" },
        { messageType: "New" },
      ),
    );
    await clock.advance(1_000);
    expect(told).toEqual([
      "statistics 3 of undefined",
      "message 1",
      "statistics 6 of 1",
      "available 11",
      "available 12",
      "assigned job-1, acquired 0",
      "started on r-4",
      "completed canceled on none",
    ]);
    expect(service.requests.find(({ call }) => call === "POST acquirejobs")?.body).toBe("[11]");
    expect(service.queue).toEqual([]);
    expect(events).toEqual([
      "answered open",
      "opened 1 of 5",
      "poll 10",
      "answered poll",
      "answered acquire",
      "answered acknowledge",
      "poll 10",
    ]);
    await stop();
    expect(service.sessionOwner).toBeUndefined();
    expect(clock.pending).toBe(0);
    expect(service.requests.at(-1)?.call).toBe("DELETE sessions/ID");
  });

  test("waits while its own session of an earlier process lives on, from 1 s up to 30 s (F1)", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("POST sessions", () => conflict("host-1"));
    const { states, stop } = listen(world);
    await clock.advance(120_000);
    const waits = states.flatMap((state) =>
      state.state === "waiting" && state.reason === "own-session" ? [state.retryInMs] : [],
    );
    expect(waits.slice(0, 7)).toEqual([750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500]);
    service.always("POST sessions", undefined);
    await clock.advance(30_000);
    expect(states.at(-1)?.state).toBe("polling");
    await stop();
  });

  test("stands by while somebody else holds the session, says who, and takes over when it ends", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.sessionOwner = "host-2";
    let probes = 0;
    const { states, events, stop } = listen(world, { beforeReopen: async () => void (probes += 1) });
    await clock.advance(60_000);
    expect(states.find(({ state }) => state === "standby")).toMatchObject({ holder: "host-2", retryInMs: 7_500 });
    expect(service.count("POST sessions")).toBe(probes + 1);
    service.sessionOwner = undefined;
    await clock.advance(30_000);
    expect(events).toContain("opened 1 of 5");
    await stop();
  });

  test("a conflict that names nobody is a stranger's", async () => {
    const world = createWorld();
    world.service.once("POST sessions", () => exception(409, "RunnerScaleSetSessionConflictException", "taken"));
    const { states, stop } = listen(world);
    await world.clock.advance(1_000);
    expect(states.at(-1)).toMatchObject({ state: "standby", holder: undefined });
    await stop();
  });

  test("keeps session and cursor through failing polls, 0.25 s to 30 s apart (F2, F13)", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { states, events, stop } = listen(world);
    await clock.advance(10);
    service.push(4, jobs());
    await clock.advance(10);
    service.always("GET queue", () => new Response("", { status: 200 }));
    service.push(5, jobs());
    await clock.advance(50_000);
    await clock.advance(300_000);
    const waits = states.flatMap((state) => (state.state === "recovering" ? [state.retryInMs] : []));
    expect(waits.slice(0, 3)).toEqual([187.5, 375, 750]);
    expect(Math.max(...waits)).toBe(22_500);
    expect(service.count("GET queue")).toBeLessThan(40);
    service.always("GET queue", undefined);
    await clock.advance(30_000);
    expect(service.queue).toEqual([]);
    expect(
      service.requests
        .filter(({ call }) => call === "GET queue")
        .at(-1)
        ?.url.searchParams.get("lastMessageId"),
    ).toBe("5");
    expect(events.filter((event) => event.startsWith("opened"))).toEqual(["opened 1 of 5"]);
    await stop();
  });

  test("a poll that hangs is cut off after 75 s and asked again", async () => {
    const world = createWorld();
    world.service.once("GET queue", () => new Promise<Response>(() => {}));
    const { states, stop } = listen(world);
    await world.clock.advance(74_900);
    expect(states.at(-1)?.state).toBe("polling");
    await world.clock.advance(200);
    const last = states.at(-1);
    expect(last?.state === "recovering" && isScaleSetError(last.error, "TIMEOUT")).toBe(true);
    await stop();
  });

  test("a session that is gone is replaced in place, the cursor kept (F3)", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { events, stop } = listen(world);
    await clock.advance(10);
    service.push(7, jobs());
    await clock.advance(10);
    service.queueToken = "queue-token-2";
    service.once("PATCH sessions/ID", () =>
      exception(404, "RunnerAdminException", "session ID that doesn't exist in redis"),
    );
    service.push(8, jobs());
    await clock.advance(60_000);
    expect(events.filter((event) => /opened|lost/.test(event))).toEqual(["opened 1 of 5", "lost 1", "opened 2 of 5"]);
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("sessions that are lost as soon as they are opened do not become a storm", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("GET queue", () => new Response(null, { status: 401 }));
    const { stop, states } = listen(world);
    await clock.advance(600_000);
    expect(service.count("POST sessions")).toBeGreaterThan(5);
    expect(service.count("POST sessions")).toBeLessThan(45);
    expect(states.some((state) => state.state === "waiting" && state.reason === "sessions-lost")).toBe(true);
    await stop();
  });

  test("a scale set that came back under a new id is found, and its messages count from 1 (F4)", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const seen: number[] = [];
    const { events, stop, states } = listen(world, {
      handler: { onMessage: ({ messageId }) => void seen.push(messageId) },
    });
    await clock.advance(10);
    service.push(50, jobs());
    await clock.advance(10);
    service.sets.delete(5);
    service.sessionOwner = undefined;
    service.once("GET queue", () => scaleSetMissing());
    await clock.advance(90_000);
    expect(states.at(-1)).toMatchObject({ state: "waiting", reason: "scale-set-missing" });
    service.sets.set(9, { id: 9, name: "linux", runnerGroupId: 1, labels: [], disableUpdate: false });
    service.push(1, jobs());
    await clock.advance(60_000);
    expect(events.filter((event) => /opened|lost/.test(event))).toEqual(["opened 1 of 5", "lost 1", "opened 2 of 9"]);
    expect(seen).toEqual([50, 1]);
    await stop();
  });

  test("a resolver decides what becomes of a lost scale set, and a failing one is asked again", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.sets.clear();
    const asked: unknown[] = [];
    const { events, stop } = listen(world, {
      scaleSet: 5,
      resolveScaleSet: async ({ lostId, attempt }) => {
        asked.push([lostId, attempt]);
        if (attempt === 1) return undefined;
        if (attempt === 2) throw new Error("look-up failed");
        service.sets.set(6, { id: 6, name: "linux", runnerGroupId: 1, labels: [], disableUpdate: false });
        return 6;
      },
    });
    await clock.advance(90_000);
    expect(asked).toEqual([
      [5, 1],
      [5, 2],
      [5, 3],
    ]);
    expect(events).toContain("opened 1 of 6");
    await stop();
  });

  test("a scale set that is known by its id alone and stays away ends the run", async () => {
    const world = createWorld();
    world.service.sets.clear();
    const { ended, states } = listen(world, { scaleSet: 5 });
    const error = await world.clock.run(ended.catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "SCALE_SET_NOT_FOUND")).toBe(true);
    expect(world.clock.monotonic()).toBeGreaterThanOrEqual(60_000);
    expect(states.at(-1)).toMatchObject({ state: "closed", error });
  });

  test("a session without a queue is closed, and opening goes on (F5)", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.once("POST sessions", () => json(200, { ...service.session(), messageQueueUrl: "" }));
    const { events, stop } = listen(world);
    await clock.advance(1_000);
    expect(service.count("DELETE sessions/ID")).toBe(1);
    expect(events).toContain("opened 1 of 5");
    await stop();
  });

  test("a failed handler leaves its message unacknowledged; it comes again, marked", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const tries: string[] = [];
    const { stop } = listen(world, {
      handler: {
        onMessage: (_, { attempt, redelivered }) => {
          tries.push(`${attempt} ${redelivered} ${service.queue.length}`);
          if (attempt < 3) throw new Error("not yet");
        },
      },
    });
    await clock.advance(10);
    service.push(1, jobs());
    await clock.advance(30_000);
    expect(tries).toEqual(["1 false 1", "2 true 1", "3 true 1"]);
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("a message that can never be handled is given up after five attempts, its jobs acquired (F12)", async () => {
    const world = createWorld();
    const { clock, service, log } = world;
    const seen: number[] = [];
    const { events, stop } = listen(world, {
      handler: {
        onMessage: ({ messageId }) => {
          seen.push(messageId);
          if (messageId === 1) throw new Error("bad ghp_secretInAnError");
        },
      },
    });
    await clock.advance(10);
    service.push(1, jobs(available(11)));
    service.push(2, jobs());
    await clock.advance(60_000);
    expect(seen).toEqual([1, 1, 1, 1, 1, 2]);
    expect(events).toContain("poison 1 after 5");
    expect(service.count("POST acquirejobs")).toBe(1);
    expect(service.queue).toEqual([]);
    expect(log.join("\n")).not.toContain("ghp_");
    await stop();
  });

  test("a message whose body can't be read is given up like one that can't be handled", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { events, stop } = listen(world);
    await clock.advance(10);
    service.push(1, { body: '[{"messageType":"JobAss', statistics: null });
    service.push(2, jobs());
    await clock.advance(60_000);
    expect(events).toContain("poison 1 after 5");
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("an acquire without an answer leaves the message unacknowledged and is no poison", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("POST acquirejobs", () => new Promise<Response>(() => {}));
    const readings: unknown[] = [];
    const { events, stop, states } = listen(world, {
      handler: { onStatistics: (_, { messageId }) => void readings.push(messageId) },
    });
    await clock.advance(10);
    service.push(1, jobs(available(11)));
    await clock.advance(19_990);
    expect(states.at(-1)?.state).toBe("handling");
    await clock.advance(20);
    expect(states.at(-1)).toMatchObject({ state: "recovering", reason: "acquire-failed" });
    await clock.advance(280_000);
    expect(service.queue).toHaveLength(1);
    expect(events.some((event) => event.startsWith("poison"))).toBe(false);
    service.always("POST acquirejobs", undefined);
    await clock.advance(60_000);
    expect(service.queue).toEqual([]);
    // What was read once is not read again: it may be old by now.
    expect(readings).toEqual([undefined, 1]);
    await stop();
  });

  test("a message that was given up is not handled again while acquiring its jobs fails", async () => {
    const world = createWorld();
    const { clock, service } = world;
    let handled = 0;
    service.once("POST acquirejobs", ...Array.from({ length: 8 }, () => () => json(500, {})));
    const handler = {
      onMessage: (): never => {
        handled += 1;
        throw new Error("never");
      },
    };
    const { stop, events } = listen(world, { handler });
    await clock.advance(10);
    service.push(1, jobs(available(11)));
    await clock.advance(180_000);
    expect(handled).toBe(5);
    expect(events.filter((event) => event.startsWith("poison"))).toEqual(["poison 1 after 5"]);
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("an acquire that is refused for good does not hold the queue", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.once("POST acquirejobs", () => exception(400, "SomethingException", "already taken"));
    const { stop } = listen(world);
    await clock.advance(10);
    service.push(1, jobs(available(11)));
    await clock.advance(1_000);
    expect(service.queue).toEqual([]);
    expect(service.count("POST acquirejobs")).toBe(1);
    await stop();
  });

  test("an acknowledgement that failed is repeated without handling the message again", async () => {
    const world = createWorld();
    const { clock, service } = world;
    let handled = 0;
    service.once("DELETE queue", ...Array.from({ length: 4 }, () => () => json(500, {})));
    const { stop } = listen(world, { handler: { onMessage: () => void (handled += 1) } });
    await clock.advance(10);
    service.push(1, jobs());
    await clock.advance(60_000);
    expect(service.queue).toEqual([]);
    expect(handled).toBe(1);
    await stop();
  });

  test("a queue that delivers an acknowledged message for ever is not a storm", async () => {
    const world = createWorld();
    const { clock, service } = world;
    let handled = 0;
    const raw = JSON.stringify({ messageId: 1, messageType: "RunnerScaleSetJobMessages", ...jobs() });
    service.always("GET queue", () => new Response(raw, { status: 200 }));
    const { stop } = listen(world, { handler: { onMessage: () => void (handled += 1) } });
    await clock.advance(600_000);
    expect(handled).toBe(1);
    expect(service.count("GET queue")).toBeLessThan(60);
    await stop();
  });

  test("a raised capacity ends the running poll, at most once in 2 s; a lowered one waits for the next", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, events, stop } = listen(world, { maxCapacity: 5 });
    await clock.advance(1_000);
    listener.setMaxCapacity(4);
    await clock.advance(5_000);
    listener.setMaxCapacity(6);
    await clock.advance(0);
    for (let capacity = 7; capacity < 20; capacity++) {
      listener.setMaxCapacity(capacity);
      await clock.advance(100);
    }
    expect(events.filter((event) => event.startsWith("poll"))).toEqual(["poll 5", "poll 6"]);
    await clock.advance(1_000);
    expect(events.filter((event) => event.startsWith("poll"))).toEqual(["poll 5", "poll 6", "poll 19"]);
    expect(service.open).toBe(1);
    expect(() => listener.setMaxCapacity(0)).toThrow("at least 1");
    await stop();
    expect(clock.pending).toBe(0);
  });

  test("a capacity that is raised while a poll starts is announced at once", async () => {
    const world = createWorld();
    const polls: number[] = [];
    const { listener, stop } = listen(world, {
      maxCapacity: 5,
      observer: {
        onPollStarted: ({ capacity }) => {
          polls.push(capacity);
          if (capacity === 5) listener.setMaxCapacity(6);
        },
      },
    });
    await world.clock.advance(100);
    expect(polls).toEqual([5, 6]);
    await stop();
  });

  test("polls that are answered with nothing at once do not become a storm", async () => {
    const world = createWorld();
    world.service.always("GET queue", () => new Response(null, { status: 202 }));
    const { stop } = listen(world);
    await world.clock.advance(600_000);
    expect(world.service.count("GET queue")).toBeLessThan(60);
    await stop();
  });

  test("a queue that moved is found again by refreshing the session", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    service.always("GET queue", ({ url }) =>
      url.pathname === "/moved" ? new Response(null, { status: 202 }) : Promise.reject(refused),
    );
    service.once("PATCH sessions/ID", () =>
      json(200, { ...service.session(), messageQueueUrl: "https://queue.example.test/moved" }),
    );
    const { stop, events } = listen(world);
    await clock.advance(60_000);
    expect(service.requests.filter(({ call }) => call === "GET queue").at(-1)?.url.pathname).toBe("/moved");
    expect(events).not.toContain("lost 1");
    await stop();
  });

  test("a handler that takes long has its session refreshed every 10 s", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { events, stop } = listen(world, { handler: { onMessage: () => clock.sleep(35_000) } });
    await clock.advance(10);
    service.push(1, jobs());
    await clock.advance(36_000);
    expect(events.filter((event) => event === "answered refresh")).toHaveLength(3);
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("ends within 3 s when asked to, whatever hangs: the handler, or closing the session", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("DELETE sessions/ID", () => new Promise<Response>(() => {}));
    const { stop, states } = listen(world, { handler: { onMessage: () => new Promise(() => {}) } });
    await clock.advance(10);
    service.push(1, jobs());
    await clock.advance(10);
    const before = clock.monotonic();
    await stop();
    expect(clock.monotonic() - before).toBeLessThanOrEqual(3_000);
    expect(states.at(-1)).toEqual({ state: "closed", error: undefined });
    expect(service.queue).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test("a session that opens while the listener ends is closed again", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.once("POST sessions", async () => {
      await clock.sleep(500);
      service.sessionOwner = "host-1";
      return json(200, service.session());
    });
    const { stop } = listen(world);
    await clock.advance(100);
    await stop();
    expect(service.count("DELETE sessions/ID")).toBe(1);
    expect(service.sessionOwner).toBeUndefined();
  });

  test("an observer that throws changes nothing", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const fail = (): never => {
      throw new Error("observer");
    };
    const observer = { onState: fail, onSessionOpened: fail, onPollStarted: fail, onAnswered: fail };
    const { stop } = listen(world, { observer });
    await clock.advance(10);
    service.push(1, jobs());
    await clock.advance(10);
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("statistics that the handler could not take in are offered again", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const seen: (number | undefined)[] = [];
    const { stop } = listen(world, {
      handler: {
        onStatistics: (_, { messageId }) => {
          seen.push(messageId);
          if (seen.length === 1 || seen.length === 3) throw new Error("not yet");
        },
      },
    });
    await clock.advance(1_000);
    service.push(1, jobs());
    await clock.advance(10_000);
    expect(seen).toEqual([undefined, undefined, 1, 1]);
    await stop();
  });

  test("runs once at a time, and can run again", async () => {
    const world = createWorld();
    const { listener, stop } = listen(world);
    await expect(listener.run({ signal: new AbortController().signal })).rejects.toThrow("runs already");
    await stop();
    const again = new AbortController();
    const run = listener.run({ signal: again.signal });
    await world.clock.advance(100);
    expect(world.service.sessionOwner).toBe("host-1");
    again.abort();
    await world.clock.run(run);
  });
});
