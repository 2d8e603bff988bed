import { type WorldName, worldNames } from "./kinds.js";
import { runWorld } from "./world.js";

// Prints the hash of what one world did, to be compared with that of another process.
const [, , seed = "1", name, hours = "1"] = process.argv;
const world: WorldName | undefined = worldNames.find((each) => each === name);
console.log((await runWorld(Number(seed), { ...(world !== undefined && { world }), hours: Number(hours) })).hash);
