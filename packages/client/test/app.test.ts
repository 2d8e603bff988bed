import { createVerify, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { githubApp, isScaleSetError, ScaleSetClient, tokenProvider } from "../src/index.js";
import { json } from "./kit/fake-service.js";
import { createWorld, type World } from "./kit/world.js";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pkcs8 = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const pkcs1 = privateKey.export({ type: "pkcs1", format: "pem" }).toString();

function jwtOf(
  world: World,
  nth = 0,
): { header: object; payload: { iat: number; exp: number; iss: string }; valid: boolean } {
  const request = world.service.requests.filter(({ call }) => call === "POST access_tokens")[nth];
  const jwt = request?.headers.get("authorization")?.replace("Bearer ", "") ?? "";
  const [header = "", payload = "", signature = ""] = jwt.split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  const valid = createVerify("RSA-SHA256").update(`${header}.${payload}`).verify(publicKey, signature, "base64url");
  return { header: read(header), payload: read(payload), valid };
}

describe("a GitHub App", () => {
  test.each([
    ["PKCS#8", pkcs8],
    ["PKCS#1", pkcs1],
    ["one line", pkcs8.trim().replaceAll("\n", "\\n")],
  ])("signs in with a %s key", async (_, key) => {
    const world = createWorld({ credentials: githubApp({ clientId: "Iv1.abc", installationId: 42, privateKey: key }) });
    await world.clock.run(world.client.getRunnerScaleSetById(5));
    const { header, payload, valid } = jwtOf(world);
    expect(header).toEqual({ alg: "RS256", typ: "JWT" });
    expect(payload.iss).toBe("Iv1.abc");
    expect(payload.exp - payload.iat).toBe(540);
    expect(payload.iat * 1_000).toBe(world.clock.startedAt - 60_000);
    expect(valid).toBe(true);
    const [installation, registration] = world.service.requests;
    expect(installation?.url.pathname).toBe("/app/installations/42/access_tokens");
    expect(registration?.headers.get("authorization")).toBe("Bearer installation-token");
  });

  test("signs through a port, and finds its installation by itself", async () => {
    const sign = (data: Uint8Array) => new Uint8Array([data.length % 256]);
    const world = createWorld({ credentials: githubApp({ clientId: 7, sign }) });
    await world.clock.run(world.client.getRunnerScaleSetById(5));
    expect(world.service.requests[0]?.url.pathname).toBe("/orgs/acme/installation");
    expect(world.service.requests[1]?.url.pathname).toBe("/app/installations/77/access_tokens");
  });

  test("a clock that differs from GitHub's is corrected once, and said so (F17)", async () => {
    const world = createWorld({ credentials: githubApp({ clientId: "a", installationId: 42, privateKey: pkcs8 }) });
    const ahead = 20 * 60_000;
    world.service.once("POST access_tokens", () =>
      json(401, { message: "'Expiration time' claim" }, { Date: new Date(world.clock.now() + ahead).toUTCString() }),
    );
    await world.clock.run(world.client.getRunnerScaleSetById(5));
    expect(jwtOf(world, 1).payload.iat - jwtOf(world, 0).payload.iat).toBe(1_200);
    expect(world.log.filter((line) => line.includes("clock differs"))).toHaveLength(1);
  });

  test("a refused signature with a right clock is not tried again with the same key", async () => {
    const world = createWorld({ credentials: githubApp({ clientId: "a", installationId: 42, privateKey: pkcs8 }) });
    world.service.always("POST access_tokens", () =>
      json(401, {}, { Date: new Date(world.clock.now()).toUTCString() }),
    );
    const error = await world.clock.run(world.client.listRunners().catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "UNAUTHORIZED")).toBe(true);
    expect(world.service.count("POST access_tokens")).toBe(1);
  });

  test("a key that is read from somewhere is read again when GitHub refuses the signature", async () => {
    let reads = 0;
    const read = () => {
      reads += 1;
      return pkcs8;
    };
    const world = createWorld({ credentials: githubApp({ clientId: "a", installationId: 42, privateKey: read }) });
    world.service.once("POST access_tokens", () => json(401, {}));
    await world.clock.run(world.client.getRunnerScaleSetById(5));
    expect(reads).toBe(2);
  });

  test("a key file that is half written is no reason to end, it is read again later", async () => {
    let content = "-----BEGIN RSA PRIV";
    const world = createWorld({
      credentials: githubApp({ clientId: "a", installationId: 42, privateKey: () => content }),
    });
    const error = await world.clock.run(world.client.listRunners().catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "UNAUTHORIZED")).toBe(true);
    content = pkcs1;
    await world.clock.advance(5_000);
    await world.clock.run(world.client.getRunnerScaleSetById(5));
  });

  test("a client that is closed while it gets the token of several does not end the others", async () => {
    const credentials = githubApp({ clientId: "a", installationId: 42, privateKey: pkcs8 });
    const { clock, service, client } = createWorld({ credentials });
    const configUrl = "https://github.com/acme";
    const other = new ScaleSetClient({
      configUrl,
      credentials,
      fetch: service.fetch,
      clock,
      random: () => 0.5,
      env: {},
    });
    service.once("POST access_tokens", () => new Promise(() => {}));
    const first = client.getRunnerScaleSetById(5).catch((error: unknown) => error);
    const second = other.getRunnerScaleSetById(5);
    await clock.advance(100);
    await client.close();
    expect(isScaleSetError(await clock.run(first), "CLOSED")).toBe(true);
    expect((await clock.run(second)).id).toBe(5);
  });

  test("clients that share credentials share the installation token", async () => {
    const credentials = githubApp({ clientId: "a", installationId: 42, privateKey: pkcs8 });
    const { clock, service, client } = createWorld({ credentials });
    const configUrl = "https://github.com/acme/repo";
    const other = new ScaleSetClient({
      configUrl,
      credentials,
      fetch: service.fetch,
      clock,
      random: () => 0.5,
      env: {},
    });
    await clock.run(client.getRunnerScaleSetById(5));
    await clock.run(other.getRunnerScaleSetById(5));
    expect(service.count("POST access_tokens")).toBe(1);
    expect(service.count("POST registration-token")).toBe(2);
  });

  test("a key that can't be read is refused at once, without its text", () => {
    const make = () =>
      githubApp({
        clientId: "a",
        installationId: 1,
        privateKey: "-----BEGIN RSA PRIVATE KEY-----\nAAAASECRET\n-----END",
      });
    expect(make).toThrow("no unencrypted PEM key");
    expect(make).not.toThrow("AAAASECRET");
  });
});

describe("a token provider", () => {
  test("is asked again, once, when GitHub refuses its token", async () => {
    const asked: boolean[] = [];
    const credentials = tokenProvider(async ({ refused }) => {
      asked.push(refused);
      return refused ? "ghp_new" : "ghp_old";
    });
    const { clock, client, service } = createWorld({ credentials });
    service.once("POST registration-token", () => json(401, {}));
    await clock.run(client.getRunnerScaleSetById(5));
    expect(asked).toEqual([false, true]);
    expect(service.requests[1]?.headers.get("authorization")).toBe("Bearer ghp_new");
  });

  test("that never answers is given up after 15 s", async () => {
    const { clock, client } = createWorld({ credentials: tokenProvider(() => new Promise(() => {})) });
    const error = await clock.run(client.listRunners().catch((thrown: unknown) => thrown));
    expect(isScaleSetError(error, "TIMEOUT")).toBe(true);
    expect(clock.monotonic()).toBe(15_000);
  });
});
