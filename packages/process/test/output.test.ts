import { describe, expect, test } from "vitest";
import { redactOutput, tailOf } from "../src/redact-output.js";
import { openHost, until, untilExited } from "./host.js";

const base64 = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64");

/** As the service gives it: base64 of JSON, whose values are base64 of JSON themselves. */
const PRIVATE = "s9canaryPrivateExponentCanary4711".repeat(8);
const JIT_CONFIG = base64({
  ".runner": base64({ AgentName: "canary-runner", ServerUrlV2: "https://broker.example.com" }),
  ".credentials": base64({ Scheme: "OAuth", Data: { ClientId: "canary-client" } }),
  ".credentials_rsaparams": base64({ d: base64(PRIVATE), modulus: base64("m".repeat(256)) }),
});

const whole = (text: string): string => redactOutput({ text, isCut: false }, {});

describe("the output of a runner, as it is shown", () => {
  test("has neither its JIT config, printed in any way, nor a part of it; its own words stay", async () => {
    const script = [
      "echo before",
      "env",
      'echo "jit=$ACTIONS_RUNNER_INPUT_JITCONFIG;"',
      'echo "$ACTIONS_RUNNER_INPUT_JITCONFIG" | fold -w 76',
      'echo "$ACTIONS_RUNNER_INPUT_JITCONFIG" | base64 -d; echo',
      "echo after; exit 1",
    ].join("; ");
    const host = await openHost({ command: ["sh", "-c", script] });
    await host.launch("leaky", JIT_CONFIG);
    await untilExited(host, "leaky");
    const logs = await until("all of it", async () => {
      const text = await host.logs("leaky");
      return text.endsWith("after\n") ? text : undefined;
    });
    expect(logs.startsWith("before\n")).toBe(true);
    expect(logs).toContain("jit=[redacted];");
    for (let at = 0; at + 24 <= JIT_CONFIG.length; at += 12) expect(logs).not.toContain(JIT_CONFIG.slice(at, at + 24));
    const inner: Record<string, string> = JSON.parse(Buffer.from(JIT_CONFIG, "base64").toString());
    for (const value of Object.values(inner)) expect(logs).not.toContain(value.slice(30, 60));
  });

  test.each([
    ["a token of an installation", `x ghs_${"a1B2".repeat(9)} y`],
    ["a personal token", `x ghp_${"a1B2".repeat(9)} y`],
    ["a fine-grained token", `x github_pat_${"a1B2_".repeat(12)} y`],
    ["a JWT", `x ${base64({ alg: "RS256" })}.${base64({ iss: "someone somewhere" })}.c2lnbmF0dXJl y`],
    ["a header", "x Authorization: Bearer abcdefgh12345678 y"],
    ["an address with a password", "x https://user:hunter22@example.com/a y"],
    ["a private key", `x -----BEGIN RSA PRIVATE KEY-----\n${"A1b2".repeat(16)}\n-----END RSA PRIVATE KEY----- y`],
    ["a private key as JSON", `x "d":"${"A1b2".repeat(16)}" y`],
  ])("has no %s", (_what, text) => {
    const shown = whole(text);
    expect(shown).toMatch(/^x .*\[redacted\].* y$/s);
    expect(shown).not.toMatch(/a1B2|c2lnbm|12345678|hunter22|A1b2/);
  });

  test("has no value of the options' env whose name says that it is a secret", () => {
    const env = { NPM_TOKEN: "hunter22", REGION: "eu-west-1", PIN_KEY: "12" };
    expect(redactOutput({ text: "hunter22 in eu-west-1, 12", isCut: false }, env)).toBe("[redacted] in eu-west-1, 12");
  });

  test("has no end of a secret whose beginning was dropped", () => {
    const text = `${JIT_CONFIG.slice(500)}\nmore`;
    expect(redactOutput({ text, isCut: true }, {})).toBe("[redacted]\nmore");
  });

  test("keeps what only looks long", () => {
    const text =
      "/home/runner/work/some-repository/src/components/navigation/header.tsx 0123456789abcdef0123456789abcdef01234567";
    expect(whole(text)).toBe(text);
  });

  test.each(["here in /tmp/scaleset-EY7jQo/processes/one/work", "see docs/eyesight/of/the/whole/organisation"])(
    "shows a path, whatever its parts begin with: %s",
    (path) => {
      expect(whole(path)).toBe(path);
    },
  );

  test("is cut after it was redacted, so that no cut makes a secret unrecognisable", async () => {
    const host = await openHost({ command: ["sh", "-c", 'printf "%s" "$ACTIONS_RUNNER_INPUT_JITCONFIG"'] });
    await host.launch("cut", JIT_CONFIG);
    await untilExited(host, "cut");
    await until("it", async () => ((await host.logs("cut")) === "" ? undefined : true));
    const tail = await host.backend.logs?.("cut", { tailBytes: 100, signal: host.signal() });
    expect(tail).toBe("[redacted]");
  });

  test("is there until the instance is destroyed, also for the next daemon", async () => {
    const host = await openHost({ command: ["sh", "-c", "echo no such host >&2; exit 1"] });
    await host.launch("dead");
    await untilExited(host, "dead");
    const next = await openHost({ command: ["true"], stateFolder: host.stateFolder });
    expect(await next.logs("dead")).toBe("no such host\n");
    await host.destroy("dead");
    await expect(next.logs("dead")).rejects.toMatchObject({ kind: "gone" });
  });
});

test("a tail begins with a whole character", () => {
  expect(["", "ü", "ü", "öü"]).toEqual([0, 2, 3, 4].map((bytes) => tailOf("aäöü", bytes)));
});
