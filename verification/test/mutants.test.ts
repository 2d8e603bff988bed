import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readHints } from "../src/mutants/catches.js";
import { mutate } from "../src/mutants/mutant.js";
import { mutants, rules } from "../src/mutants/mutants.js";

const root = new URL("../../", import.meta.url);

test.each(mutants)("the mutant '$name' still finds its place, exactly once", (mutant) => {
  const source = readFileSync(fileURLToPath(new URL(mutant.file, root)), "utf8");
  expect(mutate(source, mutant)).not.toBe(source);
});

test("no two mutants have the same name", () => {
  const names = mutants.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test("what is known to catch a mutant is known of one that there is", () => {
  const names = new Set(mutants.map(({ name }) => name));
  expect([...readHints().keys()].filter((name) => !names.has(name))).toEqual([]);
});

test("every rule of the core has a mutant that leaves it out", () => {
  const folder = fileURLToPath(new URL("packages/autoscaler/src/core/rules", root));
  // Two files are what several rules share, and no rules.
  const files = readdirSync(folder).map((file) => file.replace(/\.ts$/, ""));
  expect(files.filter((file) => file !== "by-age" && file !== "take-down").sort()).toEqual(Object.keys(rules).sort());
});
