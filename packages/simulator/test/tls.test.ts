import { createPublicKey, sign, verify } from "node:crypto";
import { createSimulator, newAppKey } from "@scaleset/simulator";
import { type Agent, Agent as DirectAgent, request } from "undici";
import { expect, test } from "vitest";
import { makeCertificate } from "../src/http/certificate.js";

const get = (url: string, dispatcher: Agent) => request(url, { dispatcher, headers: { "user-agent": "test" } });

test("over HTTPS a client that trusts the CA gets answers, by name and by address, and another one does not", async () => {
  await using simulator = createSimulator();
  const { url, ca } = await simulator.listen({ tls: true });
  expect(url).toMatch(/^https:/);
  const trusting = new DirectAgent({ connect: { ca: ca ?? "" } });
  const careful = new DirectAgent();
  for (const origin of [url, url.replace("127.0.0.1", "localhost")]) {
    const answer = await get(`${origin}/_simulator/state`, trusting);
    expect([answer.statusCode, await answer.body.json()]).toMatchObject([200, { scaleSets: [] }]);
    await expect(get(`${origin}/_simulator/state`, careful)).rejects.toThrow(/certificate/);
  }
  simulator.faults.add({ count: 1, effect: { kind: "reset" } });
  await expect(get(`${url}/api/v3/nothing`, trusting)).rejects.toThrow();
  expect((await get(`${url}/api/v3/nothing`, trusting)).statusCode).toBe(404);
  await trusting.close();
  await careful.close();
});

test("a certificate of one's own is used, and one that can't be read is refused in words", async () => {
  await using simulator = createSimulator();
  const own = makeCertificate({ hosts: ["::1", "simulator.test"], nowMs: Date.UTC(2030, 0, 1) });
  await expect(simulator.listen({ tls: own })).resolves.toMatchObject({ ca: undefined });
  await expect(simulator.listen({ tls: { cert: "x", key: "y" } })).rejects.toThrow(/give both as PEM/);
});

test("the App's key signs what its public half verifies", () => {
  const { privateKeyPem, publicKeyPem } = newAppKey();
  expect(privateKeyPem).toContain("BEGIN RSA PRIVATE KEY");
  const data = Buffer.from("data");
  expect(verify("sha256", data, createPublicKey(publicKeyPem), sign("sha256", data, privateKeyPem))).toBe(true);
});
