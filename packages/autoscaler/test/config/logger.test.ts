import { Writable } from "node:stream";
import { Secret } from "@scaleset/client";
import { describe, expect, test } from "vitest";
import type { LogConfig } from "../../src/config/config.js";
import { createLogger, type Logger } from "../../src/config/logger.js";

function logged(config: LogConfig, log: (logger: Logger) => void): string {
  let text = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  log(createLogger(config, { stream }));
  return text;
}

const JSON_LOG: LogConfig = { level: "info", format: "json" };
const PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----";

describe("the log", () => {
  test.each([
    ["a Secret", { anything: new Secret("hidden-value") }],
    ["a key that is named like one", { encodedJitConfig: "hidden-value", nested: { accessToken: "hidden-value" } }],
    ["a bearer header in a text", { text: "Authorization: Bearer hidden-value" }],
    ["a GitHub token in a text", { text: "ghp_hidden-value".replace("-", "").padEnd(30, "a") }],
    ["a private key in an error", { error: new Error(`can't read ${PEM}`) }],
    [
      "a token in the cause of an error",
      { error: new Error("outer", { cause: new Error("ghs_MIIabchiddenvalue12345") }) },
    ],
  ])("never shows %s", (_, data) => {
    const text = logged(JSON_LOG, (logger) => logger.error(data, "failed"));
    expect(text).toContain("[redacted]");
    expect(text).not.toMatch(/hidden-?value|MIIabc/);
  });

  test("takes a secret out of the message too", () => {
    expect(logged(JSON_LOG, (logger) => logger.info({}, "got ghs_abcdefghijklmnop1234"))).toContain(
      '"msg":"got [redacted]"',
    );
  });

  test("as json has one record a line, with the level in words", () => {
    const lines = logged(JSON_LOG, (logger) => {
      logger.debug({}, "too small");
      logger.info({ scaleSet: "a", count: 3 }, "one");
      logger.warn({}, "two");
    })
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      { level: "info", time: expect.any(String), scaleSet: "a", count: 3, msg: "one" },
      { level: "warn", time: expect.any(String), msg: "two" },
    ]);
  });

  test("as text is for people, without colours where nobody sees them", () => {
    const text = logged({ level: "info", format: "text" }, (logger) => logger.info({ scaleSet: "a" }, "started"));
    expect(text).toMatch(/^\[[\d:.]+\] INFO: started \{"scaleSet":"a"\}\n$/);
  });

  test("as text shows a known error on the record's line, and a bug with its stack below", () => {
    const text: LogConfig = { level: "info", format: "text" };
    const known = Object.assign(new Error("no token"), { code: "UNAUTHORIZED" });
    const line = logged(text, (logger) => logger.error({ err: known, retryInMs: 5 }, "failed"));
    expect(line.trimEnd().split("\n")).toHaveLength(1);
    expect(line).toContain("UNAUTHORIZED");
    expect(logged(text, (logger) => logger.error({ err: new Error("bug") }, "failed"))).toMatch(/failed.*\n +err:.*\n/);
  });

  test("tells what an error says about itself", () => {
    const error = Object.assign(new Error("no room", { cause: new Error("disk full") }), {
      code: "FULL",
      requestId: "r-1",
    });
    const text = logged(JSON_LOG, (logger) => logger.error({ error }, "failed"));
    expect(JSON.parse(text)).toMatchObject({
      error: { name: "Error", message: "no room", code: "FULL", requestId: "r-1", cause: { message: "disk full" } },
    });
  });

  test("shows a stack where there may be a bug, and not the same one again at each retry of a known failure", () => {
    const cause = new Error("exit code 1");
    const known = Object.assign(new Error("no token", { cause }), { code: "UNAUTHORIZED" });
    expect(logged(JSON_LOG, (logger) => logger.error({ err: known }, "failed"))).not.toContain("stack");
    const bug = new Error("outer", { cause });
    expect(JSON.parse(logged(JSON_LOG, (logger) => logger.error({ err: bug }, "failed")))).toMatchObject({
      err: { stack: expect.any(String), cause: { stack: expect.any(String) } },
    });
  });
});
