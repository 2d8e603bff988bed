import { describe, expect, test } from "vitest";
import { exception, jobs, json, statistics } from "./kit/fake-service.js";
import { createWorld, listen, type World } from "./kit/world.js";

const available = (id: number) => ({ messageType: "JobAvailable", runnerRequestId: id, jobId: `job-${id}` });
const assigned = (id: number) => ({ messageType: "JobAssigned", runnerRequestId: id, jobId: `job-${id}` });
const completed = (id: number) => ({ messageType: "JobCompleted", runnerRequestId: id, jobId: `job-${id}` });
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

const message = (counts: Record<string, number>, ...all: object[]) => ({
  body: JSON.stringify(all),
  statistics: statistics(counts),
});

const asked = ({ service }: World): (string | undefined)[] =>
  service.requests.filter(({ call }) => call === "POST acquirejobs").map(({ body }) => body);

const list = (...ids: number[]): Response => json(200, { count: ids.length, value: ids.map(available) });

describe("jobs offered beyond what is announced", () => {
  test("are kept, not acquired, their message acknowledged; a raised capacity acquires them", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, stop } = listen(world, { maxCapacity: 3 });
    await clock.advance(10);
    service.push(1, message({ totalAvailableJobs: 5, totalAssignedJobs: 1 }, ...range(11, 15).map(available)));
    await clock.advance(10);
    expect(asked(world)).toEqual(["[11,12]"]);
    expect(service.queue).toEqual([]);
    await clock.advance(120_000);
    expect(asked(world), "no room came").toHaveLength(1);
    listener.setMaxCapacity(5);
    await clock.advance(10);
    expect(asked(world)).toEqual(["[11,12]", "[13,14]"]);
    await stop();
  });

  test("are acquired once a raised capacity is announced, and not before: until then its places may go to another set", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, stop } = listen(world, { maxCapacity: 1 });
    await clock.advance(10);
    listener.setMaxCapacity(2);
    await clock.advance(10);
    listener.setMaxCapacity(4);
    service.push(1, message({ totalAvailableJobs: 5 }, ...range(11, 15).map(available)));
    await clock.advance(10);
    expect(asked(world)).toEqual(["[11,12]", "[13,14]"]);
    await stop();
  });

  test("are acquired as statistics count fewer assigned", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { stop } = listen(world, { maxCapacity: 2 });
    await clock.advance(10);
    service.push(1, message({ totalAvailableJobs: 4 }, ...range(11, 14).map(available)));
    await clock.advance(10);
    service.push(2, message({ totalAvailableJobs: 2, totalAssignedJobs: 2 }, assigned(11), assigned(12)));
    await clock.advance(10);
    expect(asked(world)).toEqual(["[11,12]"]);
    service.push(3, message({ totalAvailableJobs: 2, totalAssignedJobs: 1 }, completed(11)));
    await clock.advance(10);
    expect(asked(world)).toEqual(["[11,12]", "[13]"]);
    service.push(4, message({ totalAvailableJobs: 1, totalAssignedJobs: 1 }, assigned(13), completed(12)));
    await clock.advance(10);
    expect(asked(world)).toEqual(["[11,12]", "[13]", "[14]"]);
    await stop();
  });

  test("are not acquired twice on statistics older than the grant", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { stop } = listen(world, { maxCapacity: 2 });
    await clock.advance(10);
    service.push(1, message({ totalAvailableJobs: 2 }, available(11), available(12)));
    service.push(2, message({ totalAvailableJobs: 2 }, available(13), available(14)));
    await clock.advance(100);
    expect(asked(world)).toEqual(["[11,12]"]);
    expect(service.queue).toEqual([]);
    await stop();
  });

  test("are not acquired without polling, and are once polls are sent again", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, stop } = listen(world, {
      maxCapacity: 2,
      handler: { onMessage: () => listener.setPolling(false) },
    });
    await clock.advance(10);
    service.push(1, message({ totalAvailableJobs: 1 }, available(11)));
    await clock.advance(60_000);
    expect(asked(world)).toEqual([]);
    listener.setPolling(true);
    await clock.advance(10);
    expect(asked(world)).toEqual(["[11]"]);
    await stop();
  });

  test("that ended meanwhile drop out", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, stop } = listen(world, { maxCapacity: 1 });
    await clock.advance(10);
    service.push(1, message({ totalAvailableJobs: 3 }, ...range(11, 13).map(available)));
    await clock.advance(10);
    service.push(2, message({ totalAvailableJobs: 1, totalAssignedJobs: 1 }, assigned(11), completed(12)));
    await clock.advance(10);
    listener.setMaxCapacity(9);
    await clock.advance(10);
    expect(asked(world)).toEqual(["[11]", "[13]"]);
    await stop();
  });

  test("survive an acquisition without an answer, which delays no poll and is repeated with a growing wait", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, events, stop } = listen(world, { maxCapacity: 1 });
    await clock.advance(10);
    service.push(1, message({ totalAvailableJobs: 2 }, available(11), available(12)));
    await clock.advance(10);
    service.always("POST acquirejobs", () => new Promise<Response>(() => {}));
    listener.setMaxCapacity(3);
    await clock.advance(10);
    expect(events.at(-1), "the raised capacity is announced meanwhile").toBe("poll 3");
    await clock.advance(300_000);
    const before = service.count("POST acquirejobs");
    expect(before).toBeLessThan(15);
    service.always("POST acquirejobs", undefined);
    await clock.advance(120_000);
    expect(asked(world).slice(before)).toEqual(["[12]"]);
    await stop();
    expect(clock.pending).toBe(0);
  });

  test("are kept over a lost session, and forgotten with their scale set", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, stop } = listen(world, { maxCapacity: 1 });
    await clock.advance(10);
    service.push(1, message({ totalAvailableJobs: 2 }, available(11), available(12)));
    await clock.advance(10);
    service.once("PATCH sessions/ID", () => exception(400, "RunnerScaleSetSessionExpiredException"));
    service.always("GET acquirablejobs", () => json(500, {}));
    await clock.run(listener.refresh().catch(() => {}));
    await clock.advance(30_000);
    listener.setMaxCapacity(4);
    await clock.advance(10);
    expect(asked(world)).toEqual(["[11]", "[12]"]);
    await stop();
  });
});

describe("a kept job that is gone", () => {
  test("leaves its room to the next, before the message is acknowledged; one list drops the others that are gone", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, stop } = listen(world, { maxCapacity: 1 });
    await clock.advance(10);
    service.push(1, message({ totalAssignedJobs: 1, totalAvailableJobs: 5 }, ...range(11, 15).map(available)));
    await clock.advance(10);
    service.always("POST acquirejobs", ({ body }) =>
      json(200, body === "[21]" ? { count: 1, value: [21] } : { count: 0, value: [] }),
    );
    service.always("GET acquirablejobs", () => list(21));
    service.push(2, message({ totalAvailableJobs: 1 }, available(21)));
    await clock.advance(10);
    expect(asked(world)).toEqual(["[11]", "[21]"]);
    expect(service.queue).toEqual([]);
    listener.setMaxCapacity(9);
    await clock.advance(10);
    expect(asked(world), "nothing is kept").toHaveLength(2);
    await stop();
  });

  test("is found by asking for each where no list can be read", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { stop } = listen(world, { maxCapacity: 1 });
    await clock.advance(10);
    service.push(1, message({ totalAssignedJobs: 1, totalAvailableJobs: 3 }, ...range(11, 13).map(available)));
    await clock.advance(10);
    service.always("POST acquirejobs", () => json(200, { count: 0, value: [] }));
    service.always("GET acquirablejobs", () => json(500, {}));
    service.push(2, message({ totalAvailableJobs: 1 }, available(14)));
    await clock.advance(60_000);
    expect(asked(world)).toEqual(["[11]", "[12]", "[13]", "[14]"]);
    expect(service.queue).toEqual([]);
    await stop();
  });
});

describe("a message whose jobs are asked for already", () => {
  test("waits for that answer, and asks again where there is none, before it is acknowledged", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, stop } = listen(world, { maxCapacity: 5 });
    await clock.advance(10);
    service.statistics = statistics({ totalAvailableJobs: 1 });
    service.always("GET acquirablejobs", () => list(11));
    let fail: (response: Response) => void = () => {};
    const failure = new Promise<Response>((resolve) => {
      fail = resolve;
    });
    service.once("POST acquirejobs", () => failure);
    await clock.run(listener.refresh());
    await clock.advance(10);
    expect(asked(world)).toEqual(["[11]"]);
    service.push(1, message({ totalAvailableJobs: 1 }, available(11)));
    await clock.advance(1_000);
    expect(service.queue, "not acknowledged").toHaveLength(1);
    fail(json(503, {}));
    await clock.advance(1_000);
    expect(asked(world)).toEqual(["[11]", "[11]"]);
    expect(service.queue).toEqual([]);
    await stop();
  });
});

describe("statistics that are asked for", () => {
  test("come from the scale set where refreshes bring none; offered jobs are acquired, and then counted", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, stop } = listen(world, { maxCapacity: 5 });
    await clock.advance(10);
    service.always("PATCH sessions/ID", () => json(200, { ...service.session(), statistics: null }));
    service.always("GET runnerscalesets/ID", () => {
      const acquired = service.count("POST acquirejobs") > 0;
      const counts = acquired ? { totalAssignedJobs: 2 } : { totalAvailableJobs: 2 };
      return json(200, { id: 5, name: "linux", runnerGroupId: 1, labels: [], statistics: statistics(counts) });
    });
    service.always("GET acquirablejobs", () => list(21, 22));
    const reading = await clock.run(listener.readStatistics());
    expect(asked(world)).toEqual(["[21,22]"]);
    expect(reading).toMatchObject({ totalAssignedJobs: 2, totalAvailableJobs: 0 });
    const before = service.requests.length;
    await clock.run(listener.readStatistics());
    expect(service.requests.slice(before).map(({ call }) => call)).toEqual([
      "PATCH sessions/ID",
      "GET runnerscalesets/ID",
    ]);
    await stop();
    expect(await listener.readStatistics(), "without a session").toBeUndefined();
  });
});

describe("the list of acquirable jobs", () => {
  test("is read after an opening and a refresh that the caller asks for, while jobs are available", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.statistics = statistics({ totalAvailableJobs: 2 });
    service.always("GET acquirablejobs", () => list(21, 22));
    const { listener, stop } = listen(world, { maxCapacity: 1 });
    await clock.advance(10);
    expect([service.count("GET acquirablejobs"), asked(world)]).toEqual([1, ["[21]"]]);
    service.statistics = statistics({ totalAvailableJobs: 2, totalAssignedJobs: 0 });
    service.always("GET acquirablejobs", () => list(22, 23));
    await clock.run(listener.refresh());
    await clock.advance(10);
    expect(service.count("GET acquirablejobs")).toBe(2);
    expect(asked(world)).toEqual(["[21]", "[22]"]);
    service.statistics = statistics({ totalAssignedJobs: 1 });
    service.always("GET acquirablejobs", () => list());
    await clock.run(listener.refresh());
    await clock.advance(10);
    expect(service.count("GET acquirablejobs"), "23 was kept, and is gone").toBe(3);
    await clock.run(listener.refresh());
    await clock.advance(10);
    expect(service.count("GET acquirablejobs")).toBe(3);
    listener.setMaxCapacity(9);
    await clock.advance(10);
    expect(asked(world)).toHaveLength(2);
    await stop();
  });

  test("is not read where no job is available: not at all on github.com", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, stop } = listen(world);
    await clock.advance(10);
    for (let i = 0; i < 5; i++) await clock.run(listener.refresh());
    service.push(1, jobs(assigned(1)));
    await clock.advance(60_000);
    expect(service.count("GET acquirablejobs")).toBe(0);
    await stop();
  });

  test("that can't be read harms nothing", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.statistics = statistics({ totalAvailableJobs: 2 });
    service.always("GET acquirablejobs", () => json(404, {}));
    const { states, events, stop } = listen(world);
    await clock.advance(60_000);
    expect(states.some(({ state }) => state === "recovering")).toBe(false);
    expect(events).toContain("poll 10");
    await stop();
  });
});

describe("a handler that decides", () => {
  test("about each job has all acquired but those it leaves, whatever is announced, and nothing is listed", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.statistics = statistics({ totalAvailableJobs: 9 });
    const { listener, stop } = listen(world, {
      maxCapacity: 1,
      handler: { onJobAvailable: ({ runnerRequestId }) => runnerRequestId !== "12" },
    });
    await clock.advance(10);
    service.push(1, message({ totalAvailableJobs: 3 }, ...range(11, 13).map(available)));
    await clock.advance(10);
    await clock.run(listener.refresh());
    await clock.advance(60_000);
    expect(asked(world)).toEqual(["[11,13]"]);
    expect(service.count("GET acquirablejobs")).toBe(0);
    await stop();
  });

  test("in onMessage has those acquired that it chose, and the others are not taken from a list", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { listener, stop } = listen(world, { handler: { onMessage: () => ({ acquire: ["12"] }) } });
    await clock.advance(10);
    service.push(1, message({ totalAvailableJobs: 3 }, ...range(11, 13).map(available)));
    await clock.advance(10);
    service.statistics = statistics({ totalAvailableJobs: 2 });
    service.always("GET acquirablejobs", () => list(11, 13));
    await clock.run(listener.refresh());
    await clock.advance(60_000);
    expect(asked(world)).toEqual(["[12]"]);
    await stop();
  });
});
