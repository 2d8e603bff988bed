import { describe, expect, test } from "vitest";
import { isScaleSetError, tokenProvider } from "../src/index.js";
import { ADMIN_BASE, json } from "./kit/fake-service.js";
import { createWorld } from "./kit/world.js";

describe("getting in", () => {
  test("a token goes through registration to the service, once for all calls", async () => {
    const { clock, client, service } = createWorld();
    await clock.run(Promise.all([client.getRunnerScaleSetById(5), client.getRunnerScaleSetById(5)]));
    await clock.run(client.getRunnerScaleSetById(5));
    expect(service.requests.map(({ call }) => call)).toEqual([
      "POST registration-token",
      "POST runner-registration",
      "GET runnerscalesets/ID",
      "GET runnerscalesets/ID",
      "GET runnerscalesets/ID",
    ]);
    const [registration, admin, call] = service.requests;
    expect(registration?.url.href).toBe("https://api.github.com/orgs/acme/actions/runners/registration-token");
    expect(registration?.headers.get("authorization")).toBe("Bearer ghp_verySecretToken1234");
    expect(admin?.headers.get("authorization")).toBe("RemoteAuth registration-token");
    expect(JSON.parse(admin?.body ?? "")).toEqual({ url: "https://github.com/acme", runner_event: "register" });
    expect(call?.url.href).toBe(`${ADMIN_BASE}/_apis/runtime/runnerscalesets/5?api-version=6.0-preview`);
    expect(call?.headers.get("authorization")).toMatch(/^Bearer e30\./);
    expect(JSON.parse(call?.headers.get("user-agent") ?? "")).toMatchObject({ scale_set_id: 5, kind: "scaleset" });
  });

  test("a token from a file goes without the line break that ends it, and an empty file is told as such", async () => {
    let content = "ghp_fromFile\n";
    const { clock, client, service } = createWorld({ credentials: tokenProvider(async () => content) });
    await clock.run(client.listRunnerDownloads().catch(() => {}));
    expect(service.requests[0]?.headers.get("authorization")).toBe("Bearer ghp_fromFile");
    content = " \n";
    const error = await clock.run(client.listRunnerDownloads().catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "UNAUTHORIZED") && error.message).toBe(
      "the token provider gave nothing: the token is empty",
    );
  });

  test("why a token provider fails stands in the error's own words, on one line and without what looks like a token", async () => {
    const credentials = tokenProvider(async () => {
      throw new Error("the vault is sealed\n  it was asked with ghp_verySecretToken1234");
    });
    const { clock, client } = createWorld({ credentials });
    const error = await clock.run(client.listRunnerDownloads().catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "UNAUTHORIZED") && error.message).toBe(
      "the token provider gave nothing: the vault is sealed it was asked with [redacted]",
    );
  });

  test("a registration token that is not known everywhere yet is tried again", async () => {
    const { clock, client, service } = createWorld();
    service.once(
      "POST runner-registration",
      () => json(401, {}),
      () => json(403, {}),
    );
    await clock.run(client.getRunnerScaleSetById(5));
    expect(service.count("POST runner-registration")).toBe(3);
  });

  test("a token that GitHub refuses for good is asked for once, not by every caller", async () => {
    const { clock, client, service } = createWorld();
    service.always("POST registration-token", () => json(401, { message: "Bad credentials" }));
    const errors = await clock.run(
      Promise.all(Array.from({ length: 100 }, () => client.getRunnerScaleSetById(5).catch((error: unknown) => error))),
    );
    await clock.run(client.getRunnerScaleSetById(5).catch(() => {}));
    expect(errors.every((error) => isScaleSetError(error, "UNAUTHORIZED"))).toBe(true);
    expect(service.count("POST registration-token")).toBe(1);
    await clock.advance(2_000);
    service.always("POST registration-token", undefined);
    await clock.run(client.getRunnerScaleSetById(5));
  });

  test("an admin token is renewed between 60 % and 90 % of its life, and calls go on meanwhile", async () => {
    const { clock, client, service } = createWorld();
    await clock.run(client.getRunnerScaleSetById(5));
    await clock.advance(3_600_000 * 0.74);
    await clock.run(client.getRunnerScaleSetById(5));
    expect(service.count("POST runner-registration")).toBe(1);
    await clock.advance(3_600_000 * 0.02);
    service.once(
      "POST registration-token",
      () => json(503, {}),
      () => json(503, {}),
      () => json(503, {}),
      () => json(503, {}),
    );
    await clock.run(client.getRunnerScaleSetById(5));
    await clock.advance(60_000);
    expect(service.count("POST runner-registration")).toBe(1);
    await clock.run(client.getRunnerScaleSetById(5));
    await clock.advance(1_000);
    expect(service.count("POST runner-registration")).toBe(2);
  });

  test("an admin token that is refused is replaced once, and a service that refuses all of them is not stormed", async () => {
    const { clock, client, service } = createWorld();
    service.once("GET runnerscalesets/ID", () => json(401, {}));
    await clock.run(client.getRunnerScaleSetById(5));
    expect(service.count("POST runner-registration")).toBe(2);
    service.always("GET runnerscalesets/ID", () => json(401, {}));
    for (let i = 0; i < 20; i++) {
      const error = await clock.run(client.getRunnerScaleSetById(5).catch((thrown: unknown) => thrown));
      expect(isScaleSetError(error, "UNAUTHORIZED")).toBe(true);
      await clock.advance(1_000);
    }
    expect(service.count("POST runner-registration")).toBeLessThanOrEqual(4);
  });

  test("a rate limit that is used up makes the next calls to GitHub wait, also after a success", async () => {
    const { clock, client, service } = createWorld();
    const reset = String(Math.floor(clock.now() / 1_000) + 40);
    const used = { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset };
    service.always("GET downloads", () => json(200, [], used));
    await clock.run(client.listRunnerDownloads());
    expect(clock.monotonic()).toBe(0);
    await clock.run(client.listRunnerDownloads());
    expect(clock.monotonic()).toBe(40_000);
  });

  test("a call that GitHub limits is tried again when it may be, and one that would wait too long is not sent", async () => {
    const { clock, client, service } = createWorld();
    service.once("POST registration-token", () => json(403, { message: "secondary limit" }, { "Retry-After": "40" }));
    await clock.run(client.getRunnerScaleSetById(5));
    expect(clock.monotonic()).toBeGreaterThanOrEqual(40_000);
    service.once("GET downloads", () => json(429, {}, { "Retry-After": "900" }));
    for (let i = 0; i < 3; i++) {
      const error = await clock.run(client.listRunnerDownloads().catch((thrown: unknown) => thrown));
      expect(isScaleSetError(error, "RATE_LIMITED") && error.retryAfterMs).toBe(900_000);
    }
    expect(service.count("GET downloads")).toBe(1);
  });

  test("what a token lacks is in the error of a 403", async () => {
    const { clock, client, service } = createWorld();
    const permissions = { "X-Accepted-GitHub-Permissions": "organization_self_hosted_runners=write" };
    service.always("POST registration-token", () => json(403, { message: "Resource not accessible" }, permissions));
    const error = await clock.run(client.listRunners().catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "FORBIDDEN") && error.permissions?.accepted).toBe(
      "organization_self_hosted_runners=write",
    );
  });
});
