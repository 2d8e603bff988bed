import { seededRandom } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { identityOf, newRunnerName, specHashOf } from "./labels.js";

describe("the identity that instances carry", () => {
  const scaleSet = { configUrl: "https://github.com/my-org", runnerGroup: "default", name: "linux-x64" };

  test("is frozen: another hash would orphan every instance that runs at an upgrade", () => {
    expect(identityOf(scaleSet)).toBe("64c3fd5291ed8993527691c238f14b7507f692d1f156c2838eca1e47ae608ab2");
  });

  test("is the same however the config URL is written", () => {
    expect(identityOf({ ...scaleSet, configUrl: "https://GitHub.com/My-Org/" })).toBe(identityOf(scaleSet));
  });

  test.each([{ configUrl: "https://github.com/other-org" }, { runnerGroup: "other" }, { name: "linux-arm64" }])(
    "is another one for $configUrl$runnerGroup$name",
    (difference) => {
      expect(identityOf({ ...scaleSet, ...difference })).not.toBe(identityOf(scaleSet));
    },
  );
});

test("the spec's hash does not depend on the order of keys", () => {
  expect(specHashOf({ a: 1, b: { c: 2, d: 3 } })).toBe(specHashOf({ b: { d: 3, c: 2 }, a: 1 }));
  expect(specHashOf({ a: 1 })).not.toBe(specHashOf({ a: 2 }));
});

test("names are letters, digits and dashes, and never the same twice", () => {
  const random = seededRandom(1);
  const names = Array.from({ length: 10_000 }, () => newRunnerName("linux-x64", random));
  expect(new Set(names).size).toBe(names.length);
  expect(names[0]).toMatch(/^linux-x64-[a-z2-9]{12}$/);
});
