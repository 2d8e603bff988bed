import { parseArgs } from "node:util";
import { realClock } from "@scaleset/simulator";
import { caughtByTests } from "./by-tests.js";
import { Control, caughtByWorlds } from "./by-worlds.js";
import { learn, readHints } from "./catches.js";
import type { Mutant } from "./mutant.js";
import { mutants } from "./mutants.js";
import { type Catcher, Record, sourceOf } from "./record.js";

/**
 * `npm run mutants [-- --only TEXT] [--by tests|worlds] [--processes N] [--limit SECONDS] [--record FILE] [--learn]`: does one
 * thing wrong at a time. Unit tests must catch each mutant, and those of rules a world must catch, too. What is known to catch
 * one is tried first, so that a mutant takes seconds; `--learn` writes down what did. With a record a run goes on where it was
 * ended. Non-zero when one survives.
 */
const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    by: { type: "string" },
    processes: { type: "string", default: "2" },
    limit: { type: "string", default: "240" },
    record: { type: "string" },
    learn: { type: "boolean", default: false },
  },
});
const processes = Number(values.processes);
const limitMs = Number(values.limit) * 1_000;
const catchers = (["tests", "worlds"] as const).filter((by) => values.by === undefined || values.by === by);
const chosen = mutants.filter(({ name }) => name.includes(values.only));
if (!(processes >= 1 && limitMs > 0)) refuse("--processes is a number of at least 1, --limit one above 0");
if (catchers.length === 0) refuse("--by is tests or worlds");
if (chosen.length === 0) refuse(`no mutant is named like ${JSON.stringify(values.only)}`);

function refuse(why: string): never {
  console.error(`error: ${why}`);
  process.exit(2);
}

const hints = readHints();
const record = new Record(values.record);
const control = new Control();
const counts = { tests: 0, worlds: 0, rules: 0 };
const survived: string[] = [];
const queue = [...chosen];
await Promise.all(Array.from({ length: processes }, runNext));
control.end();
for (const line of survived) console.log(line);
console.log(
  `${chosen.length} mutants, ${counts.rules} of them to be caught by worlds: ${catchers
    .map((by) => `${counts[by]} caught by ${by}`)
    .join(", ")}, ${survived.length} survived`,
);
if (survived.length > 0) process.exitCode = 1;

async function runNext(): Promise<void> {
  for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
    if (!("none" in mutant.worlds)) counts.rules += 1;
    for (const by of catchers) {
      if (by === "worlds" && "none" in mutant.worlds) continue;
      const how = await caught(mutant, by).catch((error: Error) => ({ survives: error.message }));
      if (typeof how === "string") counts[by] += 1;
      else survived.push(`SURVIVED ${by}: ${mutant.name}${how === undefined ? "" : ` (${how.survives})`}`);
    }
  }
}

async function caught(mutant: Mutant, by: Catcher): Promise<string | undefined> {
  const { name } = mutant;
  const source = sourceOf(mutant);
  const before = record.caught(name, by, source);
  if (before !== undefined) return before;
  const startedAt = realClock.monotonic();
  const how = by === "tests" ? await byTests(mutant) : await byWorlds(mutant);
  console.log(`${Math.round((realClock.monotonic() - startedAt) / 1_000)} s  ${name}: ${how ?? `SURVIVED ${by}`}`);
  record.add({ name, by, source, caught: how });
  return how;
}

async function byTests(mutant: Mutant): Promise<string | undefined> {
  const seen = await caughtByTests(mutant, { hint: hints.get(mutant.name)?.test, limitMs });
  if (seen === undefined) return undefined;
  if (values.learn) learn(mutant.name, { test: seen.file });
  return `a test: ${seen.title}`;
}

async function byWorlds(mutant: Mutant): Promise<string | undefined> {
  const seen = await caughtByWorlds(mutant, { hint: hints.get(mutant.name)?.world, limitMs, control });
  if (seen === undefined) return undefined;
  if (values.learn) learn(mutant.name, { world: seen.world });
  return `a world: ${seen.world}, the ${seen.after}. lived, ${seen.how}`;
}
