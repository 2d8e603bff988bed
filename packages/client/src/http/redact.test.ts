import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { Secret } from "../secret.js";
import { redact, redactedCause } from "./redact.js";

describe("redaction", () => {
  test.each([
    ["Authorization: Bearer abcdefgh12345", "abcdefgh"],
    ["RemoteAuth AABBCCDDEEFF", "AABBCC"],
    ["ghs_16C7e42F292c6912E7", "16C7"],
    ["github_pat_11AAAAA", "11AAAAA"],
    ["eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl", "eyJpc3"],
    ["https://q.test/m?sig=abc&x=1 failed", "sig"],
    [`jit ${"QUJD".repeat(40)}`, "QUJDQUJD"],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----", "MIIB"],
  ])("of %s hides what is secret", (text, secret) => {
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain("[redacted]");
  });

  test("leaves what a person needs", () => {
    const text = "The runner scale set linux already has an active session for owner host-1.";
    expect(redact(text)).toBe(text);
  });

  test("hides the very secret of the call, whatever it looks like", () => {
    expect(redact("it was short!", [new Secret("short!")])).toBe("it was [redacted]");
  });

  test("leaves out what a cut would divide: it may be a secret", () => {
    const secret = `${"QUJD".repeat(40)}`;
    expect(redact(`${"a ".repeat(4_990)}${secret}`)).not.toContain("QUJD");
    expect(redact(`${"a ".repeat(4_990)}${secret} end`, [], 10_000)).toMatch(/a …$/);
  });

  test("keeps an address without its query, also where addresses follow each other", () => {
    expect(redact("https://a.test/x?y=1 and http://b.test/z")).toBe("https://a.test/x?[redacted] and http://b.test/z");
  });

  test.each([
    ["addresses without a query", "http://"],
    ["schemes of sign-in", "bearer "],
    ["spaces after a scheme", " "],
    ["dashes of a key", "-----BEGIN "],
    ["dashes", "-"],
    ["long words that are no key", `${"a".repeat(119)} `],
    ["parts of tokens", "eyJ."],
    ["slashes", "/"],
  ])("takes time in proportion to the text: %s", (_, part) => {
    const of = (length: number): number => {
      const text = `token${part.repeat(Math.ceil(length / part.length)).slice(0, length)}`;
      const times = Array.from({ length: 5 }, () => {
        const before = process.cpuUsage();
        redact(text, [], Number.POSITIVE_INFINITY);
        return process.cpuUsage(before).user / 1_000;
      });
      return times.sort((a, b) => a - b)[2] ?? 0;
    };
    of(10_000);
    // A tenth of a second for what else the machine does; the quadratic form took more than ten.
    expect(of(100_000)).toBeLessThan(15 * of(10_000) + 100);
  });

  test("of causes keeps name and code, not the object", () => {
    const cause = Object.assign(new Error("inner ghp_abcdef"), {
      code: "ECONNRESET",
      request: { headers: "ghp_abcdef" },
    });
    const clean = redactedCause(new TypeError("fetch failed", { cause }));
    expect(inspect(clean, { depth: 9 })).not.toContain("ghp_");
    expect(clean).toMatchObject({ name: "TypeError", message: "fetch failed" });
    expect(clean.cause).toMatchObject({ code: "ECONNRESET" });
  });
});
