import { describe, expect, test } from "vitest";
import { personalAccessToken, ScaleSetClient, type ScaleSetClientOptions } from "../src/index.js";
import { createWorld } from "./kit/world.js";

function made(options: Partial<ScaleSetClientOptions>): ScaleSetClient {
  const credentials = personalAccessToken("ghp_verySecretToken1234");
  return new ScaleSetClient({ configUrl: "https://github.com/acme", credentials, env: {}, ...options });
}

describe("what a client tells about itself", () => {
  test("is how it is set up, and nothing that must not be seen", () => {
    const bare = made({}).debugInfo();
    expect(bare).toMatchObject({ credentials: "personal-access-token", proxy: false, ca: false, ownFetch: false });
    expect(bare).toMatchObject({ clientCertificate: false, rejectUnauthorized: true });
    expect(bare.target).toMatchObject({ scope: "organization", apiBase: "https://api.github.com" });
    const full = made({
      network: { proxy: "http://me:hunter2@proxy:3128", ca: "CA-PEM", cert: "CERT-PEM", key: "KEY-PEM" },
      headers: { "X-Gateway": "gateway-key" },
    }).debugInfo();
    expect(full).toMatchObject({ proxy: true, ca: true, clientCertificate: true });
    expect(JSON.stringify(full)).not.toMatch(/hunter2|PEM|gateway-key|ghp_/);
  });

  test("knows a proxy of the environment, unless it is told to use none", () => {
    const env = { HTTPS_PROXY: "http://proxy:3128" };
    expect(made({ env }).debugInfo().proxy).toBe(true);
    expect(made({ env, network: { proxy: false } }).debugInfo().proxy).toBe(false);
  });
});

describe("who calls", () => {
  test("can be said anew once the scale set's id is known, and the next call says it", async () => {
    const { client, service, clock } = createWorld({ systemInfo: { system: "fleet", version: "2" } });
    const said = (): unknown => JSON.parse(service.requests.at(-1)?.headers.get("user-agent") ?? "");
    await clock.run(client.listRunnerScaleSets(1));
    expect(said()).toMatchObject({ system: "fleet", version: "2", scale_set_id: 0 });
    client.setSystemInfo({ ...client.systemInfo, scaleSetId: 41, subsystem: "listener" });
    await clock.run(client.listRunnerScaleSets(1));
    expect(said()).toMatchObject({ system: "fleet", version: "2", scale_set_id: 41, subsystem: "listener" });
    expect(client.systemInfo.scaleSetId).toBe(41);
    expect(client.debugInfo().userAgent).toContain('"scale_set_id":41');
  });
});
