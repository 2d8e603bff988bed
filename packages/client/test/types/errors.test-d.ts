// Checked by `npm run typecheck`; nothing here runs.
import { expectTypeOf } from "vitest";
import { isScaleSetError, type ScaleSetError, type ScaleSetErrorCode } from "../../src/index.js";

declare const thrown: unknown;

// An error narrows to the class, and to its code.
if (isScaleSetError(thrown, "SESSION_CONFLICT")) {
  expectTypeOf(thrown).toExtend<ScaleSetError>();
  expectTypeOf(thrown.code).toEqualTypeOf<"SESSION_CONFLICT">();
  expectTypeOf(thrown.serviceMessage).toEqualTypeOf<string | undefined>();
  // @ts-expect-error a code that it can't have any more
  thrown.code === "TIMEOUT";
}
if (isScaleSetError(thrown)) expectTypeOf(thrown.code).toEqualTypeOf<ScaleSetErrorCode>();
else expectTypeOf(thrown).toEqualTypeOf<unknown>();

// @ts-expect-error a code that does not exist
isScaleSetError(thrown, "SESSION_CONFLICTS");

/** A switch over codes is seen to be complete. */
export function whatToDo(error: ScaleSetError): "wait" | "mend" | "leave" {
  switch (error.code) {
    case "CONFIG":
    case "UNAUTHORIZED":
    case "FORBIDDEN":
    case "BAD_REQUEST":
    case "AMBIGUOUS":
      return "mend";
    case "NETWORK":
    case "TIMEOUT":
    case "PROTOCOL":
    case "SERVER_ERROR":
    case "RATE_LIMITED":
    case "SESSION_CONFLICT":
    case "SESSION_EXPIRED":
    case "SESSION_UNUSABLE":
    case "QUEUE_TOKEN_EXPIRED":
    case "JOB_STILL_RUNNING":
      return "wait";
    case "CLOSED":
    case "NOT_FOUND":
    case "CONFLICT":
    case "SCALE_SET_NOT_FOUND":
    case "SCALE_SET_EXISTS":
    case "RUNNER_NOT_FOUND":
    case "RUNNER_EXISTS":
    case "RUNNER_GROUP_NOT_FOUND":
      return "leave";
    default:
      return error.code satisfies never;
  }
}
