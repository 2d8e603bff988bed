import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { configJsonSchema } from "../../src/config/json-schema.js";
import { referencePage, schemaFile } from "../../src/config/reference-page.js";
import { configSchema } from "../../src/config/schema.js";
import { timingDescriptions } from "../../src/config/timing-guide.js";
import { defaultTimings } from "../../src/core/settings.js";
import { builtInProvisioners } from "../../src/provisioners/registry.js";

const kinds = builtInProvisioners();
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const RENEW = "run: npm run docs:config";

test("the published JSON Schema is that of the code", () => {
  expect(read("../../scaleset.schema.json") === schemaFile(kinds), RENEW).toBe(true);
});

test("the reference page is that of the code", () => {
  expect(read("../../../../docs/configuration.md") === referencePage(kinds), RENEW).toBe(true);
});

test("the reference page has every key with a description, and every timing with its default", () => {
  const page = referencePage(kinds);
  const rows = [...page.matchAll(/^\| `(\w+)` \|.*\|([^|]*)\|$/gm)];
  expect(rows.length).toBeGreaterThan(60);
  const silent = rows.filter(([, key, words]) => words?.trim() === "" && key !== "process").map(([, key]) => key);
  expect(silent).toEqual([]);
  for (const [name, value] of Object.entries(defaultTimings)) {
    const shown = value === Number.POSITIVE_INFINITY ? "`off`" : `\`${value}\``;
    expect(page).toMatch(new RegExp(`^\\| \`${name}\` \\|.*\\| ${shown}`, "m"));
  }
});

test("every timing is described in a sentence", () => {
  expect(Object.keys(timingDescriptions).sort()).toEqual(Object.keys(defaultTimings).sort());
  for (const words of Object.values(timingDescriptions)) expect(words).toMatch(/^[A-Z].{20,}\.$/);
});

describe("the JSON Schema", () => {
  const schema = z.fromJSONSchema(JSON.parse(JSON.stringify(configJsonSchema(kinds))));
  const good = {
    github: { url: "https://github.com/acme", token: "t" },
    targets: { labs: { url: "https://github.com/labs", tokenCommand: ["vault"] } },
    defaults: { maxRunners: 3, provisioner: { process: { env: { A: "b" } } } },
    timings: { maxIdleAgeMs: "off", surplusMs: 5_000 },
    scaleSets: [{ name: "a", target: "labs", provisioner: { process: { command: ["x"] } } }],
  };

  test("takes what the program takes", () => {
    expect(schema.safeParse(good).error).toBeUndefined();
    expect(configSchema.safeParse(good).error).toBeUndefined();
  });

  test("takes a variable where a number or a choice belongs", () => {
    const variable = { ...good, log: { level: `\${LEVEL}` }, scaleSets: [{ name: "a", maxRunners: `\${MAX}` }] };
    expect(schema.safeParse(variable).error).toBeUndefined();
  });

  test("takes a provisioner that is a package", () => {
    expect(
      schema.safeParse({ ...good, scaleSets: [{ name: "a", provisioner: { "@acme/nomad": { x: 1 } } }] }).error,
    ).toBeUndefined();
  });

  test.each([
    ["a misspelt key", { ...good, scaleSet: [] }],
    ["a misspelt key of a scale set", { ...good, scaleSets: [{ name: "a", maxRuners: 1 }] }],
    [
      "a misspelt option of a provisioner",
      { ...good, scaleSets: [{ name: "a", provisioner: { process: { foldr: "x" } } }] },
    ],
    ["a number that is text", { ...good, scaleSets: [{ name: "a", maxRunners: "3" }] }],
    ["two kinds of provisioner", { ...good, scaleSets: [{ name: "a", provisioner: { process: {}, docker: {} } }] }],
    ["no scale sets", { github: good.github }],
  ])("refuses %s", (_, wrong) => {
    expect(schema.safeParse(wrong).success).toBe(false);
  });
});
