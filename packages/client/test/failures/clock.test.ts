import { generateKeyPairSync } from "node:crypto";
import { createSimulator } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { githubApp, realClock, ScaleSetClient } from "../../src/index.js";

test("F17: a clock that is wrong is corrected once through the Date header, and said so", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = publicKey.export({ type: "spki", format: "pem" }).toString();
  await using simulator = createSimulator({ app: { issuer: "Iv1.abc", key } });
  await simulator.listen();
  const warned: string[] = [];
  const quiet = (): void => {};
  const count = (call: string): number =>
    simulator.journal.entries({ subject: "request" }).filter((entry) => entry.call === call).length;
  await using client = new ScaleSetClient({
    configUrl: simulator.configUrl(),
    credentials: githubApp({
      clientId: "Iv1.abc",
      installationId: "7",
      privateKey: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    }),
    env: {},
    clock: { ...realClock, now: () => realClock.now() + 20 * 60_000 },
    logger: { debug: quiet, info: quiet, error: quiet, warn: (_, message) => warned.push(message ?? "") },
  });
  expect((await client.getRunnerGroupByName("default")).id).toBe(1);
  expect(count("create-installation-token")).toBe(2);
  expect(warned.filter((line) => /clock/.test(line))).toHaveLength(1);
  await client.getRunnerGroupByName("default");
  expect(count("create-installation-token")).toBe(2);
});
