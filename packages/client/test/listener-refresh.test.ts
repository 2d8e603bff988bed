import { describe, expect, test } from "vitest";
import { exception, jobs, json, scaleSetMissing } from "./kit/fake-service.js";
import { createWorld, listen } from "./kit/world.js";

const MOVED = "https://queue.example.test/moved?sessionId=s-2";

describe("a refresh that the caller asks for", () => {
  test.each([
    ["unknown to the store", () => exception(404, "RunnerAdminException", "doesn't exist in redis")],
    ["expired", () => exception(400, "RunnerScaleSetSessionExpiredException")],
    ["of a scale set that is gone", () => scaleSetMissing()],
  ])("that finds the session %s ends it and its held poll at once", async (_, answer) => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, events, stop } = listen(world);
    await clock.advance(3_000);
    service.once("PATCH sessions/ID", answer);
    const refused = listener.refresh().catch(async () => {
      events.push("refused");
      return ["then", await listener.refresh()];
    });
    expect(await clock.run(refused), "no session is held now").toEqual(["then", undefined]);
    const since = events.slice(events.indexOf("lost 1") - 1);
    expect(since.slice(0, 3)).toEqual(["poll 10", "lost 1", "refused"]);
    await clock.advance(1_000);
    expect(events).toContain("opened 2 of 5");
    expect(events.filter((event) => event === "lost 1")).toHaveLength(1);
    expect([service.open, service.count("GET queue"), service.count("PATCH sessions/ID")]).toEqual([1, 2, 1]);
    await stop();
    expect(clock.pending).toBe(0);
  });

  test.each([
    ["a 500", () => json(500, {})],
    ["a 401", () => new Response(null, { status: 401 })],
    ["a 404 that names no reason", () => json(404, {})],
  ])("that fails with %s leaves session and poll as they are", async (_, answer) => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, events, stop } = listen(world);
    await clock.advance(3_000);
    service.once("PATCH sessions/ID", ...Array.from({ length: 4 }, () => answer));
    await clock.run(listener.refresh().catch(() => {}));
    expect(events).not.toContain("lost 1");
    expect(service.open).toBe(1);
    await stop();
  });

  test("three refusals in a row that name no reason end it too", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, events, stop } = listen(world);
    await clock.advance(3_000);
    service.always("PATCH sessions/ID", () => json(404, {}));
    for (let i = 0; i < 3; i++) {
      expect(events).not.toContain("lost 1");
      await clock.run(listener.refresh().catch(() => {}));
    }
    expect(events).toContain("lost 1");
    await stop();
  });

  test("a handler at work when the session is lost finishes, and its message is not acknowledged in the lost session", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const seen: string[] = [];
    const { listener, events, stop } = listen(world, {
      handler: {
        onMessage: async (_, { generation, redelivered, signal }) => {
          await clock.sleep(5_000);
          seen.push(`${generation} ${redelivered} ${signal.aborted}`);
        },
      },
    });
    await clock.advance(10);
    service.push(1, jobs({ messageType: "JobAssigned", jobId: "a" }));
    await clock.advance(1_000);
    service.once("PATCH sessions/ID", () => exception(400, "RunnerScaleSetSessionExpiredException"));
    await clock.run(listener.refresh().catch(() => {}));
    expect(events).toContain("lost 1");
    expect(events).not.toContain("opened 2 of 5");
    await clock.advance(10_000);
    expect(seen).toEqual(["1 false false"]);
    expect(service.count("DELETE queue")).toBe(1);
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("that names another queue address ends the held poll and repeats it there", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, events, states, stop } = listen(world);
    await clock.advance(3_000);
    service.always("PATCH sessions/ID", () => json(200, { ...service.session(), messageQueueUrl: MOVED }));
    await clock.run(listener.refresh());
    await clock.advance(0);
    const addresses = service.requests.filter(({ call }) => call === "GET queue").map(({ url }) => url.pathname);
    expect(addresses).toEqual(["/q/5", "/moved"]);
    expect(service.open).toBe(1);
    await clock.run(listener.refresh());
    await clock.advance(1_000);
    expect(service.count("GET queue"), "the same address again changes nothing").toBe(2);
    service.push(1, jobs());
    await clock.advance(10);
    expect(service.queue).toEqual([]);
    expect(events.filter((event) => /opened|lost/.test(event))).toEqual(["opened 1 of 5"]);
    expect(states.some(({ state }) => state === "recovering")).toBe(false);
    await stop();
  });

  test("that ends the held poll with a 202 or a 401 is no failure, however often", async () => {
    for (const status of [202, 401]) {
      const world = createWorld();
      const { clock, service } = world;
      let end: (response: Response) => void = () => {};
      service.always(
        "GET queue",
        () =>
          new Promise<Response>((resolve) => {
            end = resolve;
          }),
      );
      service.always("PATCH sessions/ID", () => {
        end(new Response(null, { status }));
        service.queueToken += "x";
        return json(200, service.session());
      });
      // Its token has expired by itself once before.
      service.once("GET queue", () => new Response(null, { status: 401 }));
      const { listener, events, states, stop } = listen(world);
      await clock.advance(100);
      for (let i = 0; i < 30; i++) {
        await clock.run(listener.refresh());
        await clock.advance(500);
      }
      expect(
        states.some(({ state }) => state === "recovering"),
        `status ${status}`,
      ).toBe(false);
      expect(events.filter((event) => /opened|lost/.test(event))).toEqual(["opened 1 of 5"]);
      if (status === 202) expect(service.count("GET queue"), "5 s apart").toBeLessThanOrEqual(5);
      await stop();
    }
  });

  test("callers at the same time share one request", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, stop } = listen(world);
    await clock.advance(100);
    const read = await clock.run(Promise.all([listener.refresh(), listener.refresh(), listener.refresh()]));
    expect(read.map((statistics) => statistics?.totalAssignedJobs)).toEqual([0, 0, 0]);
    expect(service.count("PATCH sessions/ID")).toBe(1);
    await stop();
  });
});
