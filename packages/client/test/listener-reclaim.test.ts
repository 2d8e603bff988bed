import { describe, expect, test } from "vitest";
import type { ListenerOptions } from "../src/index.js";
import { conflict, exception, json, scaleSetMissing } from "./kit/fake-service.js";
import { createWorld, listen, type World } from "./kit/world.js";

const ID = "0b9d6a51-7c0e-4c3e-9f57-6d1f0b8b2a10";

/** A listener that knows of a recorded session, while the service holds one. */
function restarted(world: World, options: Partial<ListenerOptions> = {}) {
  const counted: number[] = [];
  const listening = listen(world, {
    recordedSession: { scaleSetId: 5, sessionId: ID },
    beforeReopen: async () => void counted.push(world.clock.monotonic()),
    ...options,
  });
  return { ...listening, counted };
}

const closed = ({ service }: World): string[] =>
  service.requests.filter(({ call }) => call === "DELETE sessions/ID").map(({ url }) => url.pathname);

describe("a recorded session", () => {
  test.each([
    ["names us", () => conflict("host-1")],
    ["names no owner", () => exception(409, "RunnerScaleSetSessionConflictException", "taken")],
  ])("is closed after a conflict that %s, and another one is opened at once, outside the budget", async (_, answer) => {
    const world = createWorld();
    const { clock, service } = world;
    service.once("POST sessions", answer);
    const { events, states, counted, stop } = restarted(world);
    await clock.advance(100);
    expect(events.slice(0, 3)).toEqual(["answered open", "opened 1 of 5", "poll 10"]);
    expect(closed(world)).toEqual([expect.stringContaining(`/runnerscalesets/5/sessions/${ID}`)]);
    expect(service.count("POST sessions")).toBe(2);
    expect(counted).toEqual([]);
    expect(states.some(({ state }) => state === "standby" || state === "waiting")).toBe(false);
    await stop();
  });

  test.each([
    ["gone", () => json(404, {})],
    ["unknown to the store", () => exception(404, "RunnerAdminException", "doesn't exist in redis")],
    ["expired", () => exception(400, "RunnerScaleSetSessionExpiredException")],
  ])("that is %s is closed all the same", async (_, answer) => {
    const world = createWorld();
    const { clock, service } = world;
    service.once("POST sessions", () => conflict("host-1"));
    service.once("DELETE sessions/ID", answer);
    const { events, stop } = restarted(world);
    await clock.advance(100);
    expect(events).toContain("opened 1 of 5");
    await stop();
  });

  test("is left alone without a conflict", async () => {
    const world = createWorld();
    const { stop } = restarted(world);
    await world.clock.advance(100);
    expect(closed(world)).toEqual([]);
    await stop();
  });

  test("is never closed where another owner holds the session, also not when that one names us later", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.once(
      "POST sessions",
      () => conflict("host-2"),
      () => conflict("host-1"),
      () => conflict("host-1"),
    );
    const { states, counted, stop } = restarted(world);
    await clock.advance(60_000);
    expect(closed(world)).toEqual([]);
    expect(states.find(({ state }) => state === "standby")).toMatchObject({ holder: "host-2" });
    expect(counted).toHaveLength(3);
    await stop();
  });

  test.each([
    ["another scale set", { scaleSetId: 6, sessionId: ID }],
    ["an id that is no UUID", { scaleSetId: 5, sessionId: "../../runnerscalesets/5" }],
    ["the id of no session", { scaleSetId: 5, sessionId: "00000000-0000-0000-0000-000000000000" }],
  ])("of %s is not used", async (_, recordedSession) => {
    const world = createWorld();
    const { clock, service } = world;
    service.once("POST sessions", () => conflict("host-1"));
    const { events, stop } = restarted(world, { recordedSession });
    await clock.advance(500);
    expect(service.requests.filter(({ method }) => method === "DELETE")).toEqual([]);
    expect(events).not.toContain("opened 1 of 5");
    await clock.advance(2_000);
    expect(events).toContain("opened 1 of 5");
    await stop();
  });

  test("is closed once: a conflict that goes on is waited for as our own", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.always("POST sessions", () => conflict("host-1"));
    const { states, counted, stop } = restarted(world);
    await clock.advance(60_000);
    expect(closed(world)).toHaveLength(1);
    expect(states.some((state) => state.state === "waiting" && state.reason === "own-session")).toBe(true);
    expect(counted.length).toBeGreaterThan(3);
    expect(service.count("POST sessions")).toBe(counted.length + 2);
    await stop();
  });

  test("that could not be closed in 3 s is tried again with the next conflict", async () => {
    const world = createWorld();
    const { clock, service } = world;
    service.once(
      "POST sessions",
      () => conflict("host-1"),
      () => conflict("host-1"),
    );
    service.once("DELETE sessions/ID", () => new Promise<Response>(() => {}));
    const { events, stop } = restarted(world);
    await clock.advance(2_900);
    expect(service.count("POST sessions")).toBe(1);
    await clock.advance(2_000);
    expect(events).toContain("opened 1 of 5");
    expect(closed(world)).toHaveLength(2);
    await stop();
    expect(clock.pending).toBe(0);
  });

  test("is forgotten once a session was open, and when its scale set came back under another id", async () => {
    const world = createWorld();
    const { clock, service } = world;
    const { events, stop } = restarted(world);
    await clock.advance(100);
    const before = closed(world).length;
    service.once("GET queue", () => exception(400, "RunnerScaleSetSessionExpiredException"));
    service.once("POST sessions", () => conflict("host-1"));
    service.push(1, {});
    await clock.advance(30_000);
    expect(events.filter((event) => event.startsWith("opened")).length).toBeLessThanOrEqual(2);
    expect(
      closed(world)
        .slice(before)
        .some((path) => path.includes(ID)),
    ).toBe(false);
    await stop();

    const other = createWorld();
    other.service.once(
      "POST sessions",
      () => scaleSetMissing(),
      () => conflict("host-1"),
    );
    other.service.sets.delete(5);
    other.service.sets.set(9, { id: 9, name: "linux", runnerGroupId: 1, labels: [], disableUpdate: false });
    const again = restarted(other);
    await other.clock.advance(60_000);
    expect(again.events).toContain("opened 1 of 9");
    expect(closed(other)).toEqual([]);
    await again.stop();
  });
});

test("an opened session says when its opening was sent, not when it was answered", async () => {
  const world = createWorld();
  const { clock, service } = world;
  service.once("POST sessions", async () => {
    await clock.sleep(7_000);
    service.sessionOwner = "host-1";
    return json(200, service.session());
  });
  const sent: number[] = [];
  const { stop } = listen(world, { observer: { onSessionOpened: ({ sentAt }) => void sent.push(sentAt) } });
  await clock.advance(10_000);
  expect(sent).toEqual([0]);
  await stop();
});
