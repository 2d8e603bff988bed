import { describe, expect, test } from "vitest";
import { jobs } from "./kit/fake-service.js";
import { createWorld, listen } from "./kit/world.js";

describe("a listener", () => {
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
