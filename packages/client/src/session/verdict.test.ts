import { describe, expect, test } from "vitest";
import { ScaleSetError, type ScaleSetErrorCode } from "../errors.js";
import { holderOf, verdictOf } from "./verdict.js";

const error = (code: ScaleSetErrorCode, serviceMessage?: string) =>
  new ScaleSetError(code, "x", { operation: "getMessage", serviceMessage });

describe("what a failed session call means", () => {
  test.each([
    ["NETWORK", "retry"],
    ["TIMEOUT", "retry"],
    ["PROTOCOL", "retry"],
    ["SERVER_ERROR", "retry"],
    ["RATE_LIMITED", "retry"],
    ["UNAUTHORIZED", "retry"],
    ["SESSION_EXPIRED", "reopen"],
    ["QUEUE_TOKEN_EXPIRED", "reopen"],
    ["SCALE_SET_NOT_FOUND", "resolve"],
    ["CONFIG", "stop"],
    ["CLOSED", "stop"],
  ] as const)("%s: %s", (code, verdict) => {
    expect(verdictOf(error(code), 1)).toBe(verdict);
    expect(verdictOf(error(code), 100)).toBe(verdict);
  });

  test("a vague refusal is believed the third time", () => {
    expect([1, 2, 3].map((failures) => verdictOf(error("NOT_FOUND"), failures))).toEqual(["retry", "retry", "reopen"]);
  });

  test("an error of no known kind is retried, never fatal", () => {
    expect(verdictOf(new Error("surprise"), 1)).toBe("retry");
  });
});

describe("the holder of a session", () => {
  test.each([
    ["The runner scale set linux already has an active session for owner host-1.", "host-1"],
    ["The runner scale set a b already has an active session for owner host.example.com.", "host.example.com"],
    ["The runner scale set linux already has an active session for owner .", undefined],
    ["something else", undefined],
    [undefined, undefined],
  ])("%s", (text, holder) => {
    expect(holderOf(error("SESSION_CONFLICT", text))).toBe(holder);
  });
});
