import { createSign, generateKeyPairSync } from "node:crypto";
import { createSimulator, VirtualClock } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { RawClient, send, world } from "./raw-client.js";

const api = "https://github.example.test/api/v3";
const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });

function appJwt(
  claims: Record<string, unknown>,
  header: Record<string, unknown> = { alg: "RS256", typ: "JWT" },
): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const data = `${part(header)}.${part(claims)}`;
  return `${data}.${createSign("sha256").update(data).sign(keys.privateKey, "base64url")}`;
}

describe("an App's JWT", () => {
  const clock = new VirtualClock();
  const now = clock.now() / 1000;
  const key = keys.publicKey.export({ type: "spki", format: "pem" }).toString();
  const simulator = createSimulator({ clock, app: { issuer: "Iv1.abc", key, installationId: 7 } });
  const ask = (jwt: string, installation = 7) =>
    send(simulator.fetch, `${api}/app/installations/${installation}/access_tokens`, { method: "POST", token: jwt });
  const good = { iss: "Iv1.abc", iat: now - 60, exp: now + 480 };

  test("opens an installation, whose token opens the registration", async () => {
    const { status, body } = await ask(appJwt(good));
    expect(status).toBe(201);
    expect(Date.parse(body.expires_at)).toBe(clock.now() + 3_600_000);
    const registration = await send(simulator.fetch, `${api}/orgs/acme/actions/runners/registration-token`, {
      method: "POST",
      token: body.token,
    });
    expect(registration.status).toBe(201);
    const installation = await send(simulator.fetch, `${api}/repos/acme/app/installation`, { token: appJwt(good) });
    expect(installation.body).toEqual({ id: 7 });
  });

  test.each([
    ["orgs/acme", "organization_self_hosted_runners"],
    ["repos/acme/app", "administration"],
    ["enterprises/big", "enterprise_self_hosted_runners"],
  ])("whose installation may not manage runners at %s is told what it may not", async (place, permission) => {
    const ask = async (permissions: Record<string, "read" | "write">) => {
      const limited = createSimulator({ clock, app: { issuer: "Iv1.abc", key, installationId: 7, permissions } });
      const opened = `${api}/app/installations/7/access_tokens`;
      const { token } = (await send(limited.fetch, opened, { method: "POST", token: appJwt(good) })).body;
      return await send(limited.fetch, `${api}/${place}/actions/runners/registration-token`, { method: "POST", token });
    };
    const refused = await ask({ [permission]: "read", metadata: "read" });
    expect(refused.status).toBe(403);
    expect(refused.headers.get("x-accepted-github-permissions")).toBe(`${permission}=write`);
    expect((await ask({ [permission]: "write" })).status).toBe(201);
  });

  test.each([
    ["is no JWT", "abc"],
    ["is signed by another algorithm", appJwt(good, { alg: "HS256", typ: "JWT" })],
    [
      "was changed after signing",
      appJwt(good).replace(
        /\.[^.]+\./,
        `.${Buffer.from(JSON.stringify({ ...good, iss: "Iv1.abd" })).toString("base64url")}.`,
      ),
    ],
    ["is another App's", appJwt({ ...good, iss: "Iv1.xyz" })],
    ["has expired", appJwt({ ...good, exp: now - 1 })],
    ["was issued in the future, as by a clock that runs fast", appJwt({ ...good, iat: now + 120, exp: now + 600 })],
    ["lives too long", appJwt({ ...good, exp: now + 3_600 })],
    ["names nobody", appJwt({ iat: good.iat, exp: good.exp })],
  ])("is refused when it %s", async (_why, jwt) => {
    const { status, body } = await ask(jwt);
    expect(status).toBe(401);
    expect(body).toMatchObject({ message: expect.any(String), status: "401" });
  });

  test("opens no installation that is not there", async () => {
    expect((await ask(appJwt(good), 8)).status).toBe(404);
  });
});

test("tokens open only the calls they are for", async () => {
  const { simulator, client } = await world();
  const setId = await client.createSet();
  const session = await client.openSession(setId);
  const sets = new URL("_apis/runtime/runnerscalesets?api-version=6.0-preview", client.base).href;
  const registration = `${api}/orgs/acme/actions/runners/registration-token`;
  for (const token of [simulator.token, session.queueToken, "unknown", ""]) {
    expect((await send(simulator.fetch, sets, { token })).status).toBe(401);
  }
  for (const token of [client.admin, session.queueToken]) {
    expect((await send(simulator.fetch, registration, { method: "POST", token })).status).toBe(401);
  }
  const asBearer = await send(simulator.fetch, `${api}/actions/runner-registration`, {
    method: "POST",
    token: client.admin,
    json: { url: simulator.configUrl("acme"), runner_event: "register" },
  });
  expect(asBearer.status).toBe(401);
  const acquire = new URL(`_apis/runtime/runnerscalesets/${setId}/acquirejobs?api-version=6.0-preview`, client.base)
    .href;
  expect((await send(simulator.fetch, acquire, { method: "POST", token: client.admin, json: [1] })).status).toBe(401);
  expect((await client.poll({ ...session, queueToken: client.admin })).status).toBe(401);
});

test("a registration token of one organisation registers for no other", async () => {
  const { simulator } = await world();
  const { body } = await send(simulator.fetch, `${api}/orgs/acme/actions/runners/registration-token`, {
    method: "POST",
    token: simulator.token,
  });
  const other = { url: simulator.configUrl("globex"), runner_event: "register" };
  const refused = await send(simulator.fetch, `${api}/actions/runner-registration`, {
    method: "POST",
    token: body.token,
    scheme: "RemoteAuth",
    json: other,
  });
  expect(refused.status).toBe(403);
});

test("an admin token says in its exp when it ends, and is refused from then on", async () => {
  const { clock, client } = await world({ adminTokenTtlMs: 600_000 });
  const claims = JSON.parse(Buffer.from(client.admin.split(".")[1] ?? "", "base64url").toString());
  expect(claims.exp).toBe((clock.now() + 600_000) / 1000);
  await clock.runFor(599_000);
  expect((await client.sets("GET")).status).toBe(200);
  await clock.runFor(1_000);
  expect((await client.sets("GET")).status).toBe(401);
});

test("enterprises and repositories register as organisations do", async () => {
  const { simulator } = await world();
  for (const path of ["enterprises/big", "acme/app"]) {
    const client = await RawClient.connect(simulator, { path });
    expect((await client.sets("GET")).status).toBe(200);
  }
});

test("calls without api-version, with another content type or method, or to nowhere, are refused", async () => {
  const { simulator, client } = await world();
  const sets = new URL("_apis/runtime/runnerscalesets", client.base).href;
  const noVersion = await send(simulator.fetch, sets, { token: client.admin });
  expect(noVersion.status).toBe(400);
  expect(noVersion.body.typeName).toContain("VersionNotSpecified");
  const asText = await send(simulator.fetch, `${sets}?api-version=6.0-preview`, {
    method: "POST",
    token: client.admin,
    json: { name: "x" },
    headers: { "content-type": "text/plain" },
  });
  expect(asText.status).toBe(415);
  expect((await client.sets("PATCH", "", {})).status).toBe(405);
  expect((await client.call("GET", "_apis/nowhere")).status).toBe(404);
  expect((await client.sets("POST", "", { name: 5 })).status).toBe(400);
  expect((await client.sets("GET", "/abc")).status).toBe(400);
});

test("GitHub turns away who does not say who they are", async () => {
  const { simulator } = await world();
  const url = `${api}/orgs/acme/actions/runners/registration-token`;
  expect(
    (await send(simulator.fetch, url, { method: "POST", token: simulator.token, headers: { "user-agent": "" } }))
      .status,
  ).toBe(403);
});

test("downloads of the official runner are listed", async () => {
  const { simulator } = await world();
  const { status, body } = await send(simulator.fetch, `${api}/orgs/acme/actions/runners/downloads`, {
    token: simulator.token,
  });
  expect(status).toBe(200);
  expect(body).toContainEqual(
    expect.objectContaining({
      os: "linux",
      architecture: "x64",
      download_url: expect.any(String),
      filename: expect.any(String),
    }),
  );
});
