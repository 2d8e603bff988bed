import { describe, expect, test } from "vitest";
import { publish, requestsObserved } from "../src/diagnostics.js";
import { githubApp, isScaleSetError, type ListenerHandler } from "../src/index.js";
import { jobs, json, scaleSetMissing } from "./kit/fake-service.js";
import { seeded } from "./kit/seeded.js";
import { Tracer } from "./kit/tracer.js";
import { createWorld, listen, type World } from "./kit/world.js";

const started = { messageType: "JobStarted", jobId: "j-1", runnerId: 7, runnerName: "r-7" };
const unavailable = () => json(503, { message: "busy" }, { "X-GitHub-Request-Id": "req-503", ActivityId: "act-503" });

describe("a tracer that hooks in", () => {
  test("makes a span of every attempt: what, how often, how long, how it ended", async () => {
    using tracer = new Tracer();
    const { client, service, clock } = createWorld();
    service.once("GET runnerscalesets/ID", unavailable);
    await clock.run(client.getRunnerScaleSetById(5));
    const [first, second, ...more] = tracer.spans.filter(({ name }) => name === "getRunnerScaleSetById");
    expect(more).toEqual([]);
    expect(first).toMatchObject({ ended: true, failed: true });
    expect(first?.attributes).toMatchObject({
      attempt: 1,
      method: "GET",
      host: "pipelines.example.test",
      scaleSetId: 5,
      status: 503,
      code: "SERVER_ERROR",
      requestId: "req-503",
      durationMs: 0,
    });
    expect(second).toMatchObject({ ended: true, failed: false });
    expect(second?.attributes).toMatchObject({ attempt: 2, status: 200, code: undefined });
    expect(tracer.spans.map(({ name }) => name)).toEqual([
      "createRegistrationToken",
      "registerRunnerAdmin",
      "getRunnerScaleSetById",
      "getRunnerScaleSetById",
    ]);
  });

  test("learns of a retry how long it waits", async () => {
    using tracer = new Tracer();
    const { client, service, clock } = createWorld();
    await clock.run(client.getRunnerScaleSetById(5));
    service.once("GET runnerscalesets/ID", () => json(503, {}, { "Retry-After": "7", "X-GitHub-Request-Id": "req-7" }));
    const startedAt = clock.monotonic();
    await clock.run(client.getRunnerScaleSetById(5));
    expect(tracer.retries).toEqual([
      {
        operation: "getRunnerScaleSetById",
        owner: undefined,
        scaleSetId: 5,
        attempt: 1,
        code: "SERVER_ERROR",
        status: 503,
        requestId: "req-7",
        waitMs: clock.monotonic() - startedAt,
      },
    ]);
    expect(tracer.retries[0]?.waitMs).toBeGreaterThan(7_000);
  });

  test("finds the caller's span above each request, and the request's above what sends it", async () => {
    using tracer = new Tracer();
    const { client, service, clock } = createWorld();
    await clock.run(client.getRunnerScaleSetById(5));
    const above: (string | undefined)[] = [];
    service.once("GET runnerscalesets/ID", () => {
      above.push(tracer.current?.name, tracer.current?.parent?.name);
      return scaleSetMissing();
    });
    const after = await tracer.within("reconcile", async () => {
      await clock.run(client.getRunnerScaleSetById(5)).catch(() => {});
      return tracer.current?.name;
    });
    expect(above).toEqual(["getRunnerScaleSetById", "reconcile"]);
    expect(after).toBe("reconcile");
  });

  test("knows the owner of every call that a session makes, and of no other", async () => {
    using tracer = new Tracer();
    const world = createWorld();
    const { clock, service } = world;
    service.push(1, jobs({ messageType: "JobAvailable", runnerRequestId: 9 }));
    const { stop } = listen(world, { owner: "host-7" });
    await clock.advance(100);
    service.queueToken = "queue-token-2";
    await clock.advance(60_000);
    await stop();
    const owners = new Map(tracer.spans.map(({ name, attributes }) => [name, attributes["owner"]]));
    expect(Object.fromEntries(owners)).toEqual({
      createRegistrationToken: undefined,
      registerRunnerAdmin: undefined,
      openMessageSession: "host-7",
      getMessage: "host-7",
      acquireJobs: "host-7",
      acknowledgeMessage: "host-7",
      refreshMessageSession: "host-7",
      closeMessageSession: "host-7",
    });
    expect(tracer.spans.every(({ ended }) => ended)).toBe(true);
  });

  test("sees a poll that was ended for a higher capacity end, and not fail", async () => {
    using tracer = new Tracer();
    const world = createWorld();
    const { listener, stop } = listen(world, { maxCapacity: 2 });
    await world.clock.advance(1_000);
    listener.setMaxCapacity(3);
    await world.clock.advance(100);
    const polls = tracer.spans.filter(({ name }) => name === "getMessage");
    expect(polls[0]).toMatchObject({ ended: true, failed: false, attributes: { aborted: true, status: undefined } });
    expect(polls[1]).toMatchObject({ ended: false });
    await stop();
  });

  test("follows a session from its opening over its loss to the next one's end", async () => {
    using tracer = new Tracer();
    const world = createWorld();
    const { clock, service } = world;
    const { stop } = listen(world);
    await clock.advance(100);
    service.queueToken = "queue-token-2";
    await clock.advance(110_000);
    service.queueToken = "queue-token-3";
    service.once("PATCH sessions/ID", scaleSetMissing);
    await clock.advance(60_000);
    await stop();
    expect(tracer.sessions.map(({ event }) => event)).toEqual([
      "opened",
      "refreshed",
      "lost",
      "closed",
      "opened",
      "closed",
    ]);
    expect(tracer.sessions[2]).toEqual({
      event: "lost",
      owner: "host-1",
      scaleSetId: 5,
      sessionId: "6a7bd5b1-0000-4000-8000-000000000001",
      code: "SCALE_SET_NOT_FOUND",
    });
  });

  test("follows a message from its arrival over a failure of its handler to its acknowledgement", async () => {
    using tracer = new Tracer();
    const world = createWorld();
    let failures = 1;
    const { stop } = await deliver(world, async () => {
      await world.clock.sleep(400);
      if (failures-- > 0) throw new Error("not yet");
    });
    const common = { owner: "host-1", scaleSetId: 5, messageId: 3 };
    expect(tracer.messages).toEqual([
      { event: "received", ...common, jobs: 1 },
      { event: "failed", ...common, jobs: 1, redelivered: false, attempt: 1, durationMs: 400 },
      { event: "received", ...common, jobs: 1 },
      { event: "handled", ...common, jobs: 1, redelivered: true, attempt: 2, durationMs: 400 },
      { event: "acknowledged", ...common, jobs: undefined },
    ]);
    await stop();
  });

  test("sees a message given up", async () => {
    using tracer = new Tracer();
    const world = createWorld();
    const { stop } = await deliver(world, () => {
      throw new Error("never");
    });
    const events = tracer.messages.map(({ event }) => event);
    expect(events.filter((event) => event === "failed")).toHaveLength(5);
    expect(events.slice(-2)).toEqual(["poison", "acknowledged"]);
    await stop();
  });

  test("is shown no token, key, JIT config or query of a queue, whatever happens", async () => {
    using tracer = new Tracer();
    const world = createWorld();
    const { client, clock, service } = world;
    service.once("POST generatejitconfig", () => json(200, { runner: "ghp_verySecretToken1234" }));
    await clock.run(client.generateJitRunnerConfig(5, { name: "r-1" })).catch(() => {});
    service.once("GET queue", () =>
      json(500, { message: "Bearer queue-token-1 at https://queue.example.test/q?sig=a" }),
    );
    const { stop } = await deliver(world, () => {});
    await client.close();
    const errors = tracer.spans.filter(({ failed }) => failed);
    expect(errors.length).toBeGreaterThan(1);
    const others = JSON.stringify([tracer.spans, tracer.retries, tracer.sessions, tracer.messages]);
    const seen = [others, ...tracer.inspected].join("\n");
    expect(seen).toContain("generateJitRunnerConfig");
    expect(seen).not.toMatch(/ghp_|queue-token|registration-token|aml0|sig=/);
    await stop();
  });
});

describe("without a subscriber", () => {
  test("nothing is built", () => {
    const build = (): never => {
      throw new Error("it was built");
    };
    expect(requestsObserved()).toBe(false);
    publish("session", build);
    using tracer = new Tracer();
    expect(requestsObserved()).toBe(true);
    expect(() => publish("session", build)).toThrow("it was built");
    tracer[Symbol.dispose]();
    expect(requestsObserved()).toBe(false);
    publish("session", build);
  });

  test("and with one, a world under a virtual clock goes the same way", async () => {
    const quiet = await way(11);
    using tracer = new Tracer();
    expect(await way(11)).toEqual(quiet);
    expect(tracer.spans.length).toBe(quiet.requests.length);
    expect(tracer.retries.length).toBeGreaterThan(0);
  });
});

/** Message 3, delivered until nothing of it is left. */
async function deliver(world: World, onMessage: ListenerHandler["onMessage"]) {
  world.service.push(3, jobs(started));
  const listening = listen(world, { handler: { onMessage: onMessage ?? (() => {}) } });
  for (let step = 0; world.service.queue.length > 0; step++) {
    if (step > 100) throw new Error("the message is still there");
    await world.clock.advance(10_000);
  }
  return listening;
}

/** Half an hour with faults by seed: every request, and when. */
async function way(seed: number) {
  const random = seeded(seed);
  const credentials = githubApp({ clientId: 1, installationId: 2, sign: (data) => data.slice(0, 8) });
  const world = createWorld({ credentials, random });
  const { clock, service, client } = world;
  const states: string[] = [];
  const { stop } = listen(world, {
    observer: { onState: ({ state }) => states.push(`${clock.monotonic()} ${state}`) },
  });
  for (let id = 1; id <= 20; id++) {
    await clock.advance(random() * 90_000);
    if (random() < 0.4) service.once("GET queue", unavailable);
    if (random() < 0.4) service.once("DELETE queue", unavailable);
    if (random() < 0.3) service.queueToken = `queue-token-${id}`;
    service.push(id, jobs({ ...started, jobId: `j-${id}` }));
    const found = await clock.run(client.getRunnerScaleSetById(5).catch((error: unknown) => error));
    if (isScaleSetError(found)) states.push(found.code);
  }
  await stop();
  return { states, requests: service.requests.map(({ call, url }) => `${call} ${url.search}`) };
}
