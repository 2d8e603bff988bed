import { ScaleSetError, type ScaleSetErrorCode } from "@scaleset/client";
import { expect, test } from "vitest";
import type { TroubleKind } from "../../src/ports/service.js";
import { troubleIn, troubleOf } from "../../src/service/trouble.js";

type Operation = ScaleSetError["operation"];

function failure(code: ScaleSetErrorCode, operation: Operation, cause?: unknown): ScaleSetError {
  return new ScaleSetError(code, "its words", { operation, cause });
}

test.each<[ScaleSetErrorCode, Operation, TroubleKind]>([
  ["UNAUTHORIZED", "configure", "no-credentials"],
  ["TIMEOUT", "configure", "no-credentials"],
  ["UNAUTHORIZED", "createRegistrationToken", "refused"],
  ["FORBIDDEN", "createRunnerScaleSet", "refused"],
  ["NOT_FOUND", "createRegistrationToken", "refused"],
  ["NOT_FOUND", "openMessageSession", "other"],
  ["RUNNER_GROUP_NOT_FOUND", "getRunnerGroupByName", "runner-group-missing"],
  ["NETWORK", "getMessage", "unreachable"],
  ["TIMEOUT", "getMessage", "unreachable"],
  ["RATE_LIMITED", "createRegistrationToken", "rate-limited"],
  ["SERVER_ERROR", "openMessageSession", "other"],
])("%s of %s is trouble of the kind that its remedy goes by: %s", (code, operation, kind) => {
  expect(troubleOf(failure(code, operation))).toEqual({ kind, message: "its words" });
});

test("a certificate that is not trusted is told from a network that is down, however deep its code stands", () => {
  const deep = (code: string) =>
    new Error("fetch failed", { cause: Object.assign(new Error("of the socket"), { code }) });
  const kindOf = (code: string) => troubleOf(failure("NETWORK", "getMessage", deep(code))).kind;
  expect(["SELF_SIGNED_CERT_IN_CHAIN", "CERT_HAS_EXPIRED", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"].map(kindOf)).toEqual(
    Array.from({ length: 3 }, () => "untrusted"),
  );
  expect(["ENOTFOUND", "ECONNREFUSED", "ECONNRESET"].map(kindOf)).toEqual(
    Array.from({ length: 3 }, () => "unreachable"),
  );
});

test("a listener that waits is told by what is in the way, never by the name that its reason has inside", () => {
  const error = failure("SERVER_ERROR", "openMessageSession");
  const wait = { state: "waiting", error, retryInMs: 1 } as const;
  expect(troubleIn({ ...wait, reason: "own-session" }, true)?.kind).toBe("own-session");
  expect(troubleIn({ ...wait, reason: "scale-set-missing" }, true)?.kind).toBe("scale-set-missing");
  expect(troubleIn({ ...wait, reason: "scale-set-missing" }, false)?.kind).toBe("scale-set-gone");
  expect(troubleIn({ ...wait, reason: "open-failed" }, true)).toEqual({ kind: "other", message: "its words" });
  expect(troubleIn({ ...wait, reason: "sessions-lost" }, true)).toEqual({
    kind: "other",
    message: "sessions are opened and lost again at once: its words",
  });
});
