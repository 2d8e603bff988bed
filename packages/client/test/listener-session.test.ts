import { describe, expect, test } from "vitest";
import { isScaleSetError } from "../src/index.js";
import { conflict, exception, jobs, json, scaleSetMissing } from "./kit/fake-service.js";
import { createWorld, listen } from "./kit/world.js";

describe("a listener and its session", () => {
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
    const { states, events, stop } = listen(world, { beforeReopen: async () => void probes++ });
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
});
