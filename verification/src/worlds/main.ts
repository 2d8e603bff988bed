import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { runBlock } from "./block.js";
import { kinds, type WorldName, worldNames } from "./kinds.js";
import { coverage, neverHappened, storyOf } from "./report.js";
import { readSeeds } from "./seeds.js";

/**
 * `npm run simulate -- --seeds 1..1000 [--world NAME] [--hours H] [--ignore I2,I8] [--processes N]`: worlds under virtual time. Non-zero
 * when an invariant broke, or when a block of the default mix left something untried.
 */
/** Smaller blocks can't be expected to bring everything about. */
const WHOLE_BLOCK = 100;

function usage(message: string): never {
  console.error(`error: ${message}`);
  console.error(
    "usage: npm run simulate -- --seeds 1..1000 [--world NAME] [--hours H] [--ignore I2,I8] [--processes N]",
  );
  for (const name of worldNames) console.error(`  ${name.padEnd(10)} ${kinds[name].about}`);
  process.exit(2);
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1..100" },
    world: { type: "string" },
    hours: { type: "string" },
    ignore: { type: "string", default: "" },
    processes: { type: "string", default: String(Math.min(2, availableParallelism())) },
  },
});
const world = values.world as WorldName | undefined;
if (world !== undefined && !worldNames.includes(world)) usage(`there is no world ${values.world}`);
const hours = values.hours === undefined ? undefined : Number(values.hours);
const processes = Number(values.processes);
if (hours !== undefined && !(hours > 0)) usage("--hours is a number above 0");
if (!(processes >= 1)) usage("--processes is a number of at least 1");
let range: ReturnType<typeof readSeeds>;
try {
  range = readSeeds(values.seeds);
} catch (error) {
  usage(error instanceof Error ? error.message : String(error));
}

const startedAt = process.uptime();
let toldAt = startedAt;
const block = await runBlock({
  ...range,
  world,
  hours,
  ignore: values.ignore.split(","),
  processes,
  onWorld: (report, { done, of, virtualMs, broken }) => {
    if (report.broken !== undefined) console.log(storyOf(report));
    const now = process.uptime();
    if (now - toldAt < 10 && done < of) return;
    toldAt = now;
    const seconds = now - startedAt;
    const rate = `${(done / seconds).toFixed(1)} worlds and ${(virtualMs / 3_600_000 / seconds).toFixed(1)} virtual hours a second`;
    console.log(`${done}/${of} worlds, ${rate}, ${broken} broken`);
  },
});
console.log(coverage(block.tally));
const never = neverHappened(block.tally);
const judged = world === undefined && block.worlds >= WHOLE_BLOCK;
if (never.length > 0) console.log(`${judged ? "error: " : ""}never happened: ${never.join("; ")}`);
console.log(
  `${block.worlds} worlds with ${block.jobs} jobs, ${Math.round(block.virtualMs / 3_600_000)} virtual hours in ${Math.round(process.uptime() - startedAt)} s; ${block.broken.length} broken`,
);
if (block.broken.length > 0) console.log(`broken seeds: ${block.broken.map(({ seed }) => seed).join(", ")}`);
if (block.broken.length > 0 || (judged && never.length > 0)) process.exitCode = 1;
