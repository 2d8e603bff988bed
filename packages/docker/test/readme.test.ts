import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { provisioner } from "../src/index.js";

test("the README's table has every option, and no other", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, table = ""] = readme.split("## Options\n\n");
  const rows = table.split("\n\n")[0]?.split("\n").slice(2) ?? [];
  const documented = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name));
  const schema = z.toJSONSchema(provisioner.schema, { io: "input" });
  expect(documented.sort()).toEqual(Object.keys(Object(schema.properties)).sort());
});
