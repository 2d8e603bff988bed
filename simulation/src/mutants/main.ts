import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runBlock } from "../worlds/block.js";
import { type Mutant, mutants } from "./mutants.js";

/**
 * `npm run mutants [-- --only TEXT] [--seeds N] [--worlds]`: does one thing wrong at a time, and sees whether the unit
 * tests or a world catch it. With `--worlds` the unit tests are left out. Non-zero when one survives.
 */
const { values } = parseArgs({
  options: {
    only: { type: "string" },
    seeds: { type: "string", default: "1000" },
    worlds: { type: "boolean", default: false },
    processes: { type: "string", default: "2" },
  },
});
const seeds = Number(values.seeds);
const processes = Number(values.processes);
if (!(seeds >= 1 && processes >= 1)) {
  console.error("error: --seeds and --processes are numbers of at least 1");
  process.exit(2);
}
const chosen = mutants.filter(({ name }) => values.only === undefined || name.includes(values.only));
if (chosen.length === 0) {
  console.error(`error: no mutant is named like ${JSON.stringify(values.only)}`);
  process.exit(2);
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const rows: (readonly [string, string])[] = [];
let survivors = 0;
for (const mutant of chosen) {
  const caught = (values.worlds ? undefined : byTests(mutant)) ?? (await byWorlds(mutant));
  if (caught === undefined) survivors += 1;
  rows.push([mutant.name, caught ?? `SURVIVED ${seeds} seeds`]);
  console.log(`${mutant.name}: ${caught ?? "survived"}`);
}
const width = Math.max(...rows.map(([name]) => name.length));
console.log(`\n${rows.map(([name, caught]) => `${name.padEnd(width)}  ${caught}`).join("\n")}`);
console.log(`\n${chosen.length - survivors} of ${chosen.length} mutants caught`);
if (survivors > 0) process.exitCode = 1;

/** The first unit test that fails. */
function byTests({ name, tests }: Mutant): string | undefined {
  const { status, stdout } = spawnSync(
    "npx",
    ["vitest", "run", "--config", "simulation/mutants.vitest.config.ts", "--bail", "1", "--reporter=json", tests],
    { cwd: root, env: { ...process.env, MUTANT: name }, encoding: "utf8", maxBuffer: 256 * 1024 * 1024 },
  );
  if (status === 0) return undefined;
  return `a test: ${firstFailure(stdout) ?? `vitest ended with ${status}`}`;
}

function firstFailure(report: string): string | undefined {
  const title = /"fullName":"((?:[^"\\]|\\.)*)","status":"failed"/.exec(report)?.[1];
  return title === undefined ? undefined : JSON.parse(`"${title}"`);
}

/** The first world that breaks. */
async function byWorlds({ name }: Mutant): Promise<string | undefined> {
  const register = new URL("./register.js", import.meta.url).href;
  const block = await runBlock({
    first: 1,
    last: seeds,
    processes,
    patience: 1,
    execArgv: ["--import", register],
    env: { ...process.env, MUTANT: name },
  });
  const [first] = block.broken;
  if (first?.broken === undefined) return undefined;
  const { invariant, message } = first.broken;
  return `a world: seed ${first.seed} (${first.world}) after ${block.worlds}, ${invariant}: ${message.slice(0, 100)}`;
}
