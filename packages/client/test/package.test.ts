import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isScaleSetError, ScaleSetError, VERSION } from "../src/index.js";

describe("the package", () => {
  test("says its version in two places, alike", () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(VERSION).toBe(version);
  });

  test("an error of another copy of it is known, and nothing else is", () => {
    const foreign = Object.assign(new Error("x"), { [Symbol.for("scaleset.ScaleSetError")]: true, code: "TIMEOUT" });
    expect(isScaleSetError(foreign, "TIMEOUT")).toBe(true);
    expect(isScaleSetError(foreign, "NETWORK")).toBe(false);
    expect(isScaleSetError(Object.assign(new Error("x"), { code: "TIMEOUT" }))).toBe(false);
    expect(isScaleSetError(new ScaleSetError("TIMEOUT", "x", { operation: "getRunner" }))).toBe(true);
    expect(isScaleSetError(undefined)).toBe(false);
  });
});
