import { describe, expect, test } from "vitest";
import { exception, jobs, json } from "./kit/fake-service.js";
import { createWorld, listen, type World } from "./kit/world.js";

const polls = (events: readonly string[]): string[] => events.filter((event) => event.startsWith("poll"));
const lastNamed = ({ service }: World): string | null | undefined =>
  service.requests
    .filter(({ call }) => call === "GET queue")
    .at(-1)
    ?.url.searchParams.get("lastMessageId");
const cut = async ({ clock }: World, heldMs: number, answer: () => Response): Promise<Response> => {
  await clock.sleep(heldMs);
  return answer();
};

describe("a capacity", () => {
  test("lowered at once ends the running poll at a random moment within 2 s, at most once in 2 s", async () => {
    const world = createWorld();
    const { clock } = world;
    const { listener, events, stop } = listen(world, { maxCapacity: 9 });
    await clock.advance(5_000);
    listener.setMaxCapacity(5, { lowerAtOnce: true });
    await clock.advance(990);
    expect(polls(events), "half of 2 s by this random").toEqual(["poll 9"]);
    await clock.advance(20);
    expect(polls(events)).toEqual(["poll 9", "poll 5"]);
    for (let capacity = 4; capacity >= 1; capacity--) listener.setMaxCapacity(capacity, { lowerAtOnce: true });
    await clock.advance(1_500);
    expect(polls(events)).toEqual(["poll 9", "poll 5"]);
    await clock.advance(1_000);
    expect(polls(events)).toEqual(["poll 9", "poll 5", "poll 1"]);
    await stop();
    expect(clock.pending).toBe(0);
  });

  test("raised and lowered again before the service was asked costs no poll", async () => {
    const world = createWorld();
    const { clock } = world;
    const { listener, events, stop } = listen(world, { maxCapacity: 5 });
    await clock.advance(1_000);
    listener.setMaxCapacity(6);
    await clock.advance(100);
    listener.setMaxCapacity(7);
    listener.setMaxCapacity(6);
    await clock.advance(10_000);
    expect(polls(events)).toEqual(["poll 5", "poll 6"]);
    listener.setMaxCapacity(4, { lowerAtOnce: true });
    listener.setMaxCapacity(6);
    await clock.advance(10_000);
    expect(polls(events)).toEqual(["poll 5", "poll 6"]);
    await stop();
  });

  test("raised is announced at once while a lower one waits for its moment", async () => {
    const world = createWorld();
    const { clock } = world;
    const { listener, events, stop } = listen(world, { maxCapacity: 5 });
    await clock.advance(1_000);
    listener.setMaxCapacity(4, { lowerAtOnce: true });
    listener.setMaxCapacity(8);
    await clock.advance(0);
    expect(polls(events)).toEqual(["poll 5", "poll 8"]);
    await stop();
  });
});

describe("polling", () => {
  test("switched off ends the poll and keeps the session, which nobody but the caller refreshes", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, events, states, stop } = listen(world);
    await clock.advance(1_000);
    listener.setPolling(false);
    await clock.advance(0);
    expect(service.open, "the poll is ended").toBe(0);
    await clock.advance(600_000);
    expect([listener.polling, service.open, service.count("PATCH sessions/ID")]).toEqual([false, 0, 0]);
    expect(states.at(-1)).toEqual({ state: "unpolled", generation: 1 });
    service.push(1, jobs());
    await clock.run(listener.refresh());
    expect(events.filter((event) => event === "answered refresh")).toHaveLength(1);
    expect(service.queue).toHaveLength(1);
    listener.setPolling(true);
    await clock.advance(100);
    expect(service.queue).toEqual([]);
    expect(events.filter((event) => /opened|lost/.test(event))).toEqual(["opened 1 of 5"]);
    await stop();
  });

  test("off from the start opens the session and sends no poll", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, events, stop } = listen(world, { polling: false });
    await clock.advance(60_000);
    expect(events).toEqual(["answered open", "opened 1 of 5"]);
    listener.setPolling(true);
    await clock.advance(100);
    expect(service.open).toBe(1);
    await stop();
  });

  test("off and on while the next poll waits sends one poll", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("GET queue", () => cut(world, 2_000, () => new Response(null, { status: 202 })));
    const { listener, events, stop } = listen(world);
    await clock.advance(3_000);
    listener.setPolling(false);
    await clock.advance(10_000);
    expect(polls(events)).toHaveLength(1);
    listener.setPolling(true);
    await clock.advance(1_000);
    expect(polls(events)).toHaveLength(2);
    await stop();
  });

  test("off ends while a listener ends, and while its session is lost", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, events, stop } = listen(world, { polling: false });
    await clock.advance(1_000);
    service.once("PATCH sessions/ID", () => exception(404, "RunnerAdminException", "doesn't exist in redis"));
    await clock.run(listener.refresh().catch(() => {}));
    await clock.advance(1_000);
    expect(events.filter((event) => /opened|lost/.test(event))).toEqual(["opened 1 of 5", "lost 1", "opened 2 of 5"]);
    await stop();
    expect(service.sessionOwner).toBeUndefined();
    expect(clock.pending).toBe(0);
  });
});

test("a restarted cursor lets the next poll leave out the last message", async () => {
  const world = createWorld();
  const { clock, service } = world;
  const seen: string[] = [];
  const { listener, stop } = listen(world, {
    handler: { onMessage: ({ messageId }, { redelivered }) => void seen.push(`${messageId} ${redelivered}`) },
  });
  await clock.advance(10);
  service.push(40, jobs({ messageType: "JobAssigned", jobId: "a" }));
  await clock.advance(10);
  expect(lastNamed(world)).toBe("40");
  // The queue restarts: without a restarted cursor these would never come.
  service.push(1, jobs({ messageType: "JobAssigned", jobId: "b" }));
  await clock.advance(120_000);
  expect(seen).toEqual(["40 false"]);
  listener.restartCursor();
  await clock.advance(60_000);
  expect(seen).toEqual(["40 false", "1 false"]);
  expect(lastNamed(world)).toBe("1");
  service.push(2, jobs({ messageType: "JobAssigned", jobId: "c" }));
  await clock.advance(10);
  expect(seen.at(-1)).toBe("2 false");
  await stop();
});

describe("pace", () => {
  test.each([
    ["reset", () => Promise.reject(Object.assign(new Error("reset"), { code: "ECONNRESET" }))],
    ["answered with nothing", () => new Response("", { status: 200 })],
    ["answered with a 504", () => json(504, {})],
  ])(
    "a poll that was held and then %s is no failure: the next begins within a second, for hours",
    async (_, answer) => {
      const world = createWorld();
      const { clock, service } = world;
      service.always("GET queue", async () => {
        await clock.sleep(10_000);
        return await answer();
      });
      const { states, stop } = listen(world);
      await clock.advance(3_600_000);
      expect(states.some(({ state }) => state === "recovering")).toBe(false);
      expect(service.count("GET queue")).toBeGreaterThan(3_600 / 11);
      expect(service.count("GET queue")).toBeLessThanOrEqual(360);
      expect(service.count("PATCH sessions/ID")).toBe(0);
      await stop();
    },
  );

  test("a poll that was cut off sooner is a failure, and so is one that was never answered", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("GET queue", () => cut(world, 9_000, () => json(502, {})));
    const { states, stop } = listen(world);
    await clock.advance(100_000);
    const waits = states.flatMap((state) => (state.state === "recovering" ? [state.retryInMs] : []));
    expect(waits.slice(0, 4)).toEqual([187.5, 375, 750, 1_500]);
    await stop();
  });

  test("a service that asks to be left alone is, however long it held the poll", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("GET queue", () => cut(world, 20_000, () => json(503, {}, { "retry-after": "40" })));
    const { stop } = listen(world);
    await clock.advance(600_000);
    expect(service.count("GET queue")).toBeLessThanOrEqual(11);
    await stop();
  });

  test("after a poll without a message the next begins 5 s after its start, unless the capacity was raised", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("GET queue", () => cut(world, 1_500, () => new Response(null, { status: 202 })));
    const { listener, events, stop } = listen(world, { maxCapacity: 3 });
    await clock.advance(60_000);
    expect(service.count("GET queue")).toBeGreaterThanOrEqual(12);
    expect(service.count("GET queue")).toBeLessThanOrEqual(13);
    await clock.advance(2_000);
    const before = polls(events).length;
    listener.setMaxCapacity(4);
    await clock.advance(0);
    expect(polls(events).slice(before)).toEqual(["poll 4"]);
    await stop();
  });

  test("a capacity that flaps costs at most a poll in 2 s, also where polls are not held", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("GET queue", () => cut(world, 1_000, () => new Response(null, { status: 202 })));
    const { listener, stop } = listen(world, { maxCapacity: 3 });
    for (let i = 0; i < 600; i++) {
      listener.setMaxCapacity(1 + (i % 2) * 5, { lowerAtOnce: true });
      await clock.advance(100);
    }
    expect(service.count("GET queue")).toBeLessThanOrEqual(32);
    await stop();
  });

  test("in every failure of polls the requests of a minute stay bounded", async () => {
    const answers: readonly (() => Response | Promise<Response>)[] = [
      () => new Response(null, { status: 401 }),
      () => new Response(null, { status: 202 }),
      () => json(500, {}),
      () => json(404, {}),
      () => json(403, {}),
      () => exception(400, "RunnerScaleSetSessionExpiredException"),
      () => Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" })),
    ];
    for (const answer of answers) {
      const world = createWorld();
      const { clock, service } = world;
      service.always("GET queue", answer);
      const { listener, stop } = listen(world);
      let before = 0;
      for (let minute = 0; minute < 20; minute++) {
        for (let i = 0; i < 2; i++) {
          await clock.run(listener.refresh().catch(() => {}));
          await clock.advance(30_000);
        }
        const now = service.requests.length;
        expect(now - before, `minute ${minute} of ${answer}`).toBeLessThanOrEqual(minute === 0 ? 60 : 40);
        before = now;
      }
      await stop();
    }
  });
});
