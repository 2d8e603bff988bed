import { readFileSync } from "node:fs";
import * as autoscaler from "@scaleset/autoscaler";
import * as client from "@scaleset/client";
import type * as simulator from "@scaleset/simulator";
import { expect, expectTypeOf, test } from "vitest";

function versionOf(name: string): unknown {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL(`../packages/${name}/package.json`, import.meta.url), "utf8"),
  );
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : undefined;
}

test("packages say the version that they are published under, and move in lock-step", () => {
  expect(client.VERSION).toBe(versionOf("client"));
  expect(autoscaler.VERSION).toBe(versionOf("autoscaler"));
  expect(versionOf("simulator")).toBe(versionOf("client"));
});

test("one clock fits the client and the simulator, which declare it apart", () => {
  expectTypeOf<client.Clock>().toEqualTypeOf<simulator.Clock>();
  expectTypeOf<client.Random>().toEqualTypeOf<simulator.Random>();
  expect(typeof client.realClock.monotonic()).toBe("number");
});
