import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { runBlock } from "../worlds/block.js";
import { readSeeds } from "../worlds/seeds.js";
import { EVERY_INVARIANT } from "../worlds/stage.js";
import { compareHashes, nodeMajor, readHashes, writeHashes } from "./hashes.js";

/**
 * `npm run hashes -- [--seeds 1..200] [--write] [--processes N]`: whether worlds do exactly what they did when their hashes
 * were written down, so that a change of structure can be shown to change no behavior. No invariant ends a world here.
 */
const file = new URL("../../world-hashes.json", import.meta.url);
const SHOWN = 10;

function fail(message: string): never {
  console.error(`error: ${message}`);
  process.exit(1);
}

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1..200" },
    write: { type: "boolean", default: false },
    processes: { type: "string", default: String(Math.min(2, availableParallelism())) },
  },
});
const processes = Number(values.processes);
if (!(processes >= 1)) fail("--processes is a number of at least 1");
const range = readSeeds(values.seeds);
const kept = readHashes(file);
if (!values.write) {
  const { refused } = compareHashes(kept, new Map());
  if (refused !== undefined) fail(refused);
}
const lived = new Map<number, string>();
await runBlock({
  ...range,
  ignore: [EVERY_INVARIANT],
  processes,
  onWorld: ({ seed, hash, broken }, { done, of }) => {
    if (broken !== undefined) fail(`the world of seed ${seed} could not be lived: ${broken.message}`);
    lived.set(seed, hash);
    if (done % 20 === 0 || done === of) console.log(`${done}/${of} worlds`);
  },
});
const seconds = Math.round(process.uptime());
if (values.write) {
  writeHashes(file, lived);
  console.log(`${lived.size} hashes written, of Node ${nodeMajor}, in ${seconds} s`);
} else {
  const { equal, differing, unknown } = compareHashes(kept, lived);
  console.log(`${equal} equal, ${differing.length} differ, ${unknown.length} without a hash, in ${seconds} s`);
  if (differing.length > 0) console.log(`first that differ: ${differing.slice(0, SHOWN).join(", ")}`);
  if (unknown.length > 0) console.log(`first without a hash: ${unknown.slice(0, SHOWN).join(", ")}`);
  if (differing.length + unknown.length > 0) process.exitCode = 1;
}
