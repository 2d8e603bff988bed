import { readFileSync } from "node:fs";
import { defaultServiceOptions, Simulator } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { effectKinds } from "../src/faults/fault.js";
import { behaviourSchema } from "../src/runner/behaviour.js";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const guide = read("docs/simulator.md");
const readme = read("packages/simulator/README.md");

/** The names in the first column of the table below a heading. */
function namesIn(text: string, heading: string): string[] {
  const [, section = ""] = new RegExp(`## ${heading}\\n([\\s\\S]*?)(\\n## |$)`).exec(text) ?? [];
  const cells = [...section.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell = ""]) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w[\w-]*)/g)].map(([, name = ""]) => name));
}

test("the guide has every rule of the service, and no other", () => {
  expect(namesIn(guide, "Rules that are guesses").sort()).toEqual(Object.keys(defaultServiceOptions).sort());
});

test("the guide has every effect of a fault, and the README names each", () => {
  expect(namesIn(guide, "Faults").sort()).toEqual([...effectKinds].sort());
  for (const kind of effectKinds) expect(readme).toContain(`\`${kind}\``);
});

test("the guide has every way in which a runner misbehaves", () => {
  const named = namesIn(guide, "Runners that others made");
  expect(named.sort()).toEqual(Object.keys(behaviourSchema.shape).sort());
});

test("what the README says can be made to happen are methods of the simulator", () => {
  const named = namesIn(readme, "What can be made to happen");
  expect(named.filter((name) => !(name in Simulator.prototype))).toEqual([]);
  expect(named).toEqual(expect.arrayContaining(["expireMessages", "completeFalsely", "changeRules"]));
});
