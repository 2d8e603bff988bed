import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { isScaleSetError, ScaleSetError } from "../src/index.js";
import { exception, json } from "./kit/fake-service.js";
import { createWorld } from "./kit/world.js";

describe("calls", () => {
  test("a scale set is found by its name, escaped", async () => {
    const { clock, client, service } = createWorld();
    service.sets.set(9, { id: 9, name: "a&b c", runnerGroupId: 1, labels: [], disableUpdate: false });
    expect((await clock.run(client.getRunnerScaleSet(1, "a&b c")))?.id).toBe(9);
    expect(await clock.run(client.getRunnerScaleSet(1, "other"))).toBeUndefined();
  });

  test("a service that ignores the search does not hand us a stranger's scale set, and two of a name are refused", async () => {
    const { clock, client, service } = createWorld();
    const others = [
      { id: 1, name: "other" },
      { id: 2, name: "Linux" },
    ];
    service.once("GET runnerscalesets", () => json(200, { count: 2, value: others }));
    expect((await clock.run(client.getRunnerScaleSet(1, "linux")))?.id).toBe(2);
    service.once("GET runnerscalesets", () => json(200, { count: 2, value: [others[1], others[1]] }));
    const error = await clock.run(client.getRunnerScaleSet(1, "linux").catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "AMBIGUOUS")).toBe(true);
  });

  test("a runner group is found by its name, and one that is missing is an error", async () => {
    const { clock, client, service } = createWorld();
    const group = { id: 1, name: "default", size: 4, isDefaultGroup: true };
    service.once("GET runnergroups", () => json(200, { count: 1, value: [group] }));
    expect(await clock.run(client.getRunnerGroupByName("default"))).toEqual(group);
    expect(service.requests.at(-1)?.url.href).toContain("/_apis/runtime/runnergroups/?groupName=default&api-version=");
    service.once("GET runnergroups", () => json(200, { count: 0, value: [] }));
    const error = await clock.run(client.getRunnerGroupByName("none").catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "RUNNER_GROUP_NOT_FOUND")).toBe(true);
  });

  test("runners are found by name, listed and removed; jobs and downloads are listed", async () => {
    const { clock, client, service } = createWorld();
    const wire = { id: 4, name: "r-4", runnerScaleSetId: 5, version: "2.330.0" };
    const known = { id: 4, name: "r-4", runnerScaleSetId: 5 };
    service.always("GET agents", ({ url }) =>
      json(200, { count: 1, value: url.searchParams.get("agentName") === "no" ? [] : [wire] }),
    );
    service.always("GET agents/ID", () => json(200, wire));
    service.always("DELETE agents/ID", () => new Response(null, { status: 204 }));
    service.once("GET acquirablejobs", () => new Response(null, { status: 204 }));
    service.once(
      "GET acquirablejobs",
      () => new Response('{"count":1,"value":[{"runnerRequestId":9007199254740993}]}'),
    );
    const download = {
      os: "linux",
      architecture: "x64",
      download_url: "https://d.test/r.tar.gz",
      filename: "r.tar.gz",
    };
    service.once("GET downloads", () => json(200, [download]));
    expect(await clock.run(client.getRunnerByName("r-4"))).toEqual(known);
    expect(await clock.run(client.getRunnerByName("no"))).toBeUndefined();
    expect(await clock.run(client.listRunners())).toEqual([known]);
    expect(await clock.run(client.getRunner(4))).toEqual(known);
    expect(await clock.run(client.removeRunner(4))).toBeUndefined();
    expect(await clock.run(client.listAcquirableJobs(5))).toEqual([]);
    expect(await clock.run(client.listAcquirableJobs(5))).toMatchObject([{ runnerRequestId: "9007199254740993" }]);
    const { filename, os } = download;
    expect(await clock.run(client.listRunnerDownloads())).toMatchObject([
      { os, filename, downloadUrl: "https://d.test/r.tar.gz" },
    ]);
    expect(service.requests.at(-1)?.headers.get("authorization")).toBe("Bearer ghp_verySecretToken1234");
  });

  test("ensuring makes a scale set that is missing, and one that somebody else just made is taken", async () => {
    const { clock, client, service } = createWorld();
    const made = await clock.run(client.ensureRunnerScaleSet({ name: "gpu", runnerGroupId: 1 }));
    expect(made).toMatchObject({ id: 6, outcome: "created", drift: [], labels: [{ type: "System", name: "gpu" }] });
    service.sets.delete(6);
    service.once("POST runnerscalesets", () => {
      service.sets.set(8, { id: 8, name: "gpu", runnerGroupId: 1, labels: [], disableUpdate: false });
      return exception(400, "VssServiceException", "it exists");
    });
    const taken = await clock.run(client.ensureRunnerScaleSet({ name: "gpu", runnerGroupId: 1 }));
    expect(taken).toMatchObject({ id: 8, outcome: "found" });
  });

  test("ensuring changes what differs, and reports what the service ignored (F18)", async () => {
    const { clock, client, service } = createWorld();
    const wanted = { name: "linux", runnerGroupId: 1, labels: ["linux", "x64"], disableUpdate: true };
    const changed = await clock.run(client.ensureRunnerScaleSet(wanted));
    expect(changed).toMatchObject({ outcome: "updated", drift: [], runnerSetting: { disableUpdate: true } });
    expect(await clock.run(client.ensureRunnerScaleSet(wanted))).toMatchObject({ outcome: "found" });
    service.always("PATCH runnerscalesets/ID", () => json(200, { ...changed, labels: [{ name: "asked" }] }));
    const ignored = await clock.run(client.ensureRunnerScaleSet({ ...wanted, labels: ["arm"] }));
    expect(ignored.drift).toEqual([{ field: "labels", wanted: "arm", actual: "linux, x64" }]);
  });

  test("a JIT config is never asked for again once the request may have arrived (F15)", async () => {
    const { clock, client, service } = createWorld();
    const reset = Object.assign(new TypeError("fetch failed"), {
      cause: Object.assign(new Error("x"), { code: "ECONNRESET" }),
    });
    for (const answer of [
      () => json(500, {}),
      () => new Response('{"runner":{"id":4', { status: 200 }),
      () => Promise.reject(reset),
      () => new Promise<Response>(() => {}),
    ]) {
      const before = service.count("POST generatejitconfig");
      service.once("POST generatejitconfig", answer);
      await expect(clock.run(client.generateJitRunnerConfig(5, { name: "r-1" }))).rejects.toThrow(ScaleSetError);
      expect(service.count("POST generatejitconfig")).toBe(before + 1);
    }
    const refused = Object.assign(new TypeError("fetch failed"), {
      cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }),
    });
    service.once(
      "POST generatejitconfig",
      () => Promise.reject(refused),
      () => json(429, {}, { "Retry-After": "1" }),
    );
    const { runner, encodedJitConfig } = await clock.run(client.generateJitRunnerConfig(5, { name: "r-1" }));
    expect(runner).toEqual({ id: 41, name: "r-1", runnerScaleSetId: 5 });
    expect(encodedJitConfig.reveal()).toBe("aml0LWNvbmZpZw==");
    expect(`${encodedJitConfig} ${JSON.stringify({ encodedJitConfig })} ${inspect(encodedJitConfig)}`).not.toContain(
      "aml0",
    );
  });

  test("refusals come as codes: busy runners, missing ones, taken names", async () => {
    const { clock, client, service } = createWorld();
    service.once("DELETE agents/ID", () => exception(400, "JobStillRunningException"));
    service.once("DELETE agents/ID", () => exception(404, "AgentNotFoundException"));
    service.once("POST generatejitconfig", () => exception(409, "AgentExistsException"));
    const codes: unknown[] = [];
    const calls = [
      () => client.removeRunner(1),
      () => client.removeRunner(1),
      () => client.generateJitRunnerConfig(5, { name: "r" }),
    ];
    for (const call of calls) {
      const error: unknown = await clock.run(Promise.resolve<unknown>(call()).catch((thrown: unknown) => thrown));
      codes.push(isScaleSetError(error) && error.code);
    }
    expect(codes).toEqual(["JOB_STILL_RUNNING", "RUNNER_NOT_FOUND", "RUNNER_EXISTS"]);
  });

  test("an error tells how to find the call at GitHub, and no secret", async () => {
    const { clock, client, service, log } = createWorld();
    await clock.run(client.getRunnerScaleSetById(5));
    const token = service.adminJwt();
    const message = `token ${token} was refused for https://x.test/q?sig=abc`;
    service.always("DELETE agents/ID", (request) =>
      exception(400, "Odd", `${message} ${request.headers.get("authorization")}`),
    );
    const error = await clock.run(client.removeRunner(3).catch((thrown: unknown) => thrown));
    if (!isScaleSetError(error, "BAD_REQUEST")) throw error;
    expect(error).toMatchObject({
      operation: "removeRunner",
      status: 400,
      requestId: "req-1",
      activityId: "act-1",
      retryable: false,
    });
    const all = `${error.message} ${inspect(error, { depth: 9 })} ${JSON.stringify(error)} ${log.join("\n")}`;
    expect(all).not.toContain(token);
    expect(all).not.toContain("sig=abc");
    expect(all).not.toContain("ghp_");
  });

  test("empty, truncated, oversized and HTML answers are retried, and then named", async () => {
    const { clock, client, service } = createWorld({ maxAnswerBytes: 10_000 });
    service.once(
      "GET agents",
      () => new Response("", { status: 200 }),
      () => new Response('{"count":1,"val', { status: 200 }),
      () => new Response("<html>502</html>", { status: 502, headers: { "content-type": "text/html" } }),
      () => new Response("x".repeat(10_001), { status: 200 }),
    );
    const error = await clock.run(client.listRunners().catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "PROTOCOL") && error.message).toContain("longer than 10000 bytes");
    service.once("GET agents", () => new Response(`\uFEFF{"count":0,"value":[]}`, { status: 200 }));
    expect(await clock.run(client.listRunners())).toEqual([]);
  });

  test("a call that hangs is cut off after 15 s and tried again", async () => {
    const { clock, client, service } = createWorld();
    await clock.run(client.getRunnerScaleSetById(5));
    const before = clock.monotonic();
    service.once(
      "GET agents",
      () => new Promise<Response>(() => {}),
      () => json(200, { count: 0, value: [] }),
    );
    await clock.run(client.listRunners());
    expect(clock.monotonic() - before).toBeGreaterThanOrEqual(15_000);
    expect(clock.monotonic() - before).toBeLessThan(16_000);
    expect(clock.pending).toBe(0);
  });

  test("Retry-After is obeyed, and one that is too long is handed to the caller", async () => {
    const { clock, client, service } = createWorld();
    await clock.run(client.getRunnerScaleSetById(5));
    const before = clock.monotonic();
    service.once(
      "GET agents",
      () => json(503, {}, { "Retry-After": "20" }),
      () => json(200, { count: 0, value: [] }),
    );
    await clock.run(client.listRunners());
    expect(clock.monotonic() - before).toBeGreaterThanOrEqual(20_000);
    service.once("GET agents", () => json(429, {}, { "Retry-After": "600" }));
    const error = await clock.run(client.listRunners().catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "RATE_LIMITED") && error.retryAfterMs).toBe(600_000);
  });

  test("an aborted call ends with the caller's reason and leaves neither timer nor listener", async () => {
    const { clock, client, service } = createWorld();
    const caller = new AbortController();
    let listeners = 0;
    const { signal } = caller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    await clock.run(client.getRunnerScaleSetById(5, { signal }));
    expect(listeners).toBe(0);
    expect(clock.pending).toBe(0);
    service.once("GET agents", () => new Promise<Response>(() => {}));
    const call = client.listRunners({ signal });
    await clock.advance(1_000);
    caller.abort(new Error("enough"));
    await expect(clock.run(call)).rejects.toThrow("enough");
    expect(clock.pending).toBe(0);
    await expect(client.listRunners({ signal })).rejects.toThrow("enough");
  });

  test("a closed client refuses calls and ends those under way", async () => {
    const { clock, client, service } = createWorld();
    await clock.run(client.getRunnerScaleSetById(5));
    service.once("GET agents", () => new Promise<Response>(() => {}));
    const hanging = client.listRunners().catch((error: unknown) => error);
    await clock.advance(100);
    await client.close();
    expect(isScaleSetError(await clock.run(hanging), "CLOSED")).toBe(true);
    expect(isScaleSetError(await clock.run(client.listRunners().catch((e: unknown) => e)), "CLOSED")).toBe(true);
  });

  test("a thousand calls at once leave at no more than a hundred a second", async () => {
    const { clock, client, service } = createWorld();
    const at: number[] = [];
    service.always("GET agents", () => {
      at.push(clock.monotonic());
      return json(200, { count: 0, value: [] });
    });
    await clock.run(Promise.all(Array.from({ length: 1_000 }, () => client.listRunners())));
    for (const start of at) expect(at.filter((t) => t >= start && t < start + 1_000).length).toBeLessThanOrEqual(201);
    expect(clock.monotonic()).toBeGreaterThanOrEqual(8_900);
  });
});
