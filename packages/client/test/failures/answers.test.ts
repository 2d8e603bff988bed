import { connect, createServer, type Socket } from "node:net";
import { type FaultEffect, faultCatalogue } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { personalAccessToken, ScaleSetClient } from "../../src/index.js";
import { Arena, of } from "./arena.js";

const spoilt: readonly (readonly [string, FaultEffect])[] = [
  ["empty", { kind: "answer", status: 200, body: "", commit: true }],
  ["truncated", { kind: "truncated" }],
  ["HTML", { kind: "bad-gateway" }],
  ["HTML with 200", { kind: "answer", status: 200, body: "<html>hello</html>", contentType: "text/html" }],
  ["plain text", { kind: "answer", status: 200, body: "gone fishing", contentType: "text/plain" }],
  ["an array where an object belongs", { kind: "answer", status: 200, body: "[]" }],
  ["a message of wrong types", { kind: "patch", body: { messageId: "seven" } }],
  ["a bare null", { kind: "answer", status: 200, body: "null" }],
  ["503", { kind: "answer", status: 503 }],
  ["a reset", { kind: "reset" }],
  ["a reset in the middle of the body", { kind: "reset", afterBytes: 20 }],
];

describe("F2: a poll answered with nonsense", () => {
  test.each(spoilt)("%s: is polled again in the same session, and the message is handled once", async (_, effect) => {
    await using arena = await Arena.open();
    const handled: number[] = [];
    arena.simulator.queueJob({ scaleSet: "linux" });
    arena.simulator.faults.add({ call: "get-message", count: 3, effect });
    const { states } = arena.listen({ onMessage: ({ messageId }) => void handled.push(messageId) });
    await arena.until(() => arena.count("acknowledge-message", 204) >= 1, "the message is acknowledged");
    expect(handled).toEqual([1]);
    expect(of(states, "recovering").filter(({ reason }) => reason === "poll-failed").length).toBe(3);
    expect(arena.count("open-session")).toBe(1);
    expect(arena.count("refresh-session")).toBe(0);
    expect(arena.count("acknowledge-message")).toBe(1);
  });

  test("a byte order mark is no nonsense", async () => {
    await using arena = await Arena.open();
    for (const fault of faultCatalogue.F2.filter(({ effect }) => effect.kind === "bom"))
      arena.simulator.faults.add(fault);
    arena.simulator.queueJob({ scaleSet: "linux" });
    const { states } = arena.listen({});
    await arena.until(() => arena.count("acknowledge-message", 204) === 1, "the message is acknowledged");
    expect(of(states, "recovering")).toEqual([]);
  });

  test("a body without end is cut at the limit, and says so", async () => {
    await using arena = await Arena.open({ client: { maxAnswerBytes: 4_000 } });
    const session = await arena.client.openMessageSession(arena.scaleSetId, { owner: "host-1" });
    const body = `{"messageId":1,"pad":"${"x".repeat(10_000)}"}`;
    arena.simulator.faults.add({ call: "get-message", count: 1, effect: { kind: "answer", status: 200, body } });
    await expect(session.getMessage({ maxCapacity: 1 })).rejects.toMatchObject({
      code: "PROTOCOL",
      message: expect.stringContaining("longer than 4000 bytes"),
    });
  });

  test("16 MiB is too much by default, and leaves the client able to go on", async () => {
    await using arena = await Arena.open();
    const body = "x".repeat(16 * 1024 * 1024 + 1);
    arena.simulator.faults.add({ call: "get-runner-group", count: 1, effect: { kind: "answer", status: 200, body } });
    // The first answer is refused, the second try is answered: reading is safe to repeat.
    expect((await arena.client.getRunnerGroupByName("default")).id).toBe(1);
    expect(arena.count("get-runner-group")).toBe(2);
  });
});

describe("F13: a connection that is accepted and never answers", () => {
  test("is cut at the deadline, the next try has a connection of its own, and no other call waits for it", async () => {
    await using arena = await Arena.open({ client: { timings: { callDeadlineMs: 150, pollDeadlineMs: 300 } } });
    await using door = await countingDoor(arena.simulator.configUrl());
    await using alone = new ScaleSetClient({
      configUrl: door.configUrl,
      credentials: personalAccessToken(arena.simulator.token),
      env: {},
      retry: { baseMs: 10, maxMs: 40 },
      timings: { callDeadlineMs: 150 },
    });
    await alone.getRunnerGroupByName("default");
    const before = door.connections();
    arena.simulator.faults.add({ call: "get-runner-group", count: 1, effect: { kind: "hang" } });
    await alone.getRunnerGroupByName("default");
    expect(door.connections()).toBe(before + 1);

    arena.simulator.faults.add({ call: "get-runner-group", count: 1, effect: { kind: "hang" } });
    const startedAt = performance.now();
    const hung = arena.client.getRunnerGroupByName("default");
    const other = await arena.client.getRunnerScaleSetById(arena.scaleSetId);
    expect(performance.now() - startedAt).toBeLessThan(140);
    expect(other.id).toBe(arena.scaleSetId);
    expect((await hung).id).toBe(1);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(150);
  });

  test("costs a poll its deadline, and nothing else: same session, same cursor", async () => {
    await using arena = await Arena.open({
      simulator: { pollHoldMs: 100 },
      client: { timings: { pollDeadlineMs: 200 } },
    });
    arena.simulator.faults.add({ call: "get-message", count: 2, effect: { kind: "hang" } });
    const { states } = arena.listen({});
    await arena.until(() => of(states, "recovering").length === 2, "two polls were cut");
    arena.simulator.queueJob({ scaleSet: "linux" });
    await arena.until(() => arena.count("acknowledge-message", 204) === 1, "the message is acknowledged");
    expect(arena.count("open-session")).toBe(1);
    const errors = of(states, "recovering").map(({ error }) => error);
    expect(errors.slice(0, 2)).toMatchObject([{ code: "TIMEOUT" }, { code: "TIMEOUT" }]);
  });
});

/** Passes everything through to the simulator, and counts the connections. */
async function countingDoor(configUrl: string) {
  const target = new URL(configUrl);
  let count = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    count += 1;
    const through = connect(Number(target.port), target.hostname);
    for (const each of [socket, through]) {
      open.add(each);
      each.on("error", () => {});
      each.on("close", () => {
        socket.destroy();
        through.destroy();
      });
    }
    socket.pipe(through);
    through.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    configUrl: `http://127.0.0.1:${port}${target.pathname}`,
    connections: () => count,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

describe("F14: GitHub asks to be left alone", () => {
  const calls = ["create-registration-token", "register-runner"] as const;
  test.each([
    ["Retry-After in seconds", "seconds", 1_000],
    ["Retry-After as a date", "date", 1_500],
    ["a rate-limit reset", "reset", 1_500],
  ] as const)("%s: is obeyed, and nothing is sent meanwhile", async (_, form, ms) => {
    await using arena = await Arena.open();
    arena.simulator.revokeTokens("admin");
    arena.simulator.faults.add({ call: calls[0], count: 1, effect: { kind: "rate-limit", form, ms } });
    const before = arena.count(calls[0]);
    // Dates on the wire have whole seconds.
    const least = form === "seconds" ? ms : ms - 1_000;
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 5 }, () => arena.client.getRunnerGroupByName("default")));
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(least - 5);
    expect(arena.count(calls[0]) - before).toBe(2);
    expect(arena.count(calls[1])).toBe(2);
  });

  test("a wrong token is an error at once that says what GitHub said, and burns no retries", async () => {
    await using arena = await Arena.open();
    arena.simulator.revokeTokens("admin");
    arena.simulator.faults.add({
      call: calls[0],
      effect: { kind: "answer", status: 401, body: '{"message":"Bad credentials"}', contentType: "application/json" },
    });
    const before = arena.count(calls[0]);
    await expect(arena.client.getRunnerGroupByName("default")).rejects.toMatchObject({
      code: "UNAUTHORIZED",
      serviceMessage: "Bad credentials",
      operation: "createRegistrationToken",
    });
    expect(arena.count(calls[0]) - before).toBeLessThanOrEqual(2);
  });

  test("a 403 tells which permission was missing", async () => {
    await using arena = await Arena.open();
    arena.simulator.revokeTokens("admin");
    const headers = { "x-accepted-github-permissions": "organization_self_hosted_runners=write" };
    arena.simulator.faults.add({ call: calls[0], effect: { kind: "answer", status: 403, body: "{}", headers } });
    await expect(arena.client.getRunnerGroupByName("default")).rejects.toMatchObject({
      code: "FORBIDDEN",
      permissions: { accepted: "organization_self_hosted_runners=write" },
    });
  });
});

test("F15: a JIT config whose answer is lost is not asked for again under the same name", async () => {
  await using arena = await Arena.open();
  arena.simulator.faults.add({ call: "generate-jit-config", count: 1, effect: { kind: "lost-answer" } });
  await expect(arena.client.generateJitRunnerConfig(arena.scaleSetId, { name: "r-1" })).rejects.toMatchObject({
    code: "NETWORK",
  });
  expect(arena.simulator.state().runners.map(({ name }) => name)).toEqual(["r-1"]);
  expect(arena.count("generate-jit-config")).toBe(1);
  // What is left to do for the caller: find it by its name, and remove it.
  const leaked = await arena.client.getRunnerByName("r-1");
  await arena.client.removeRunner(leaked?.id ?? 0);
  expect(arena.simulator.state().runners).toEqual([]);
});

test("F18: labels that were dropped in silence are told as drift", async () => {
  await using arena = await Arena.open();
  arena.simulator.faults.add({
    call: ["create-scale-set", "update-scale-set", "get-scale-set", "list-scale-sets"],
    effect: { kind: "patch", body: { labels: [{ type: "System", name: "gpu" }] } },
  });
  const wanted = { name: "gpu", runnerGroupId: 1, labels: ["gpu", "x64"] };
  const ensured = await arena.client.ensureRunnerScaleSet(wanted);
  expect(ensured.drift).toEqual([{ field: "labels", wanted: "gpu, x64", actual: "gpu" }]);
  expect(arena.count("update-scale-set")).toBeLessThanOrEqual(1);
});

test("F24: a listener never announces 0, and refuses to be told to", async () => {
  await using arena = await Arena.open();
  expect(() => arena.listen({}, { maxCapacity: 0 })).toThrow("at least 1");
  const { listener } = arena.listen({}, { maxCapacity: 1 });
  expect(() => listener.setMaxCapacity(0)).toThrow("at least 1");
  arena.simulator.queueJob({ scaleSet: "linux" });
  await arena.until(() => arena.count("acknowledge-message", 204) === 1, "the job is offered");
  expect(arena.simulator.summary().stranded).toBe(0);
});
