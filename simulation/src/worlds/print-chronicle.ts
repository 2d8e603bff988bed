import { createHash } from "node:crypto";
import { type WorldName, worldNames } from "./kinds.js";
import { runWorld } from "./world.js";

// Prints the hash of what happened in one world, for whoever wants to compare it with that of another process.
const [, , seed = "1", name, hours = "1"] = process.argv;
const world: WorldName | undefined = worldNames.find((each) => each === name);
const { chronicle } = await runWorld(Number(seed), { ...(world !== undefined && { world }), hours: Number(hours) });
console.log(createHash("sha256").update(chronicle.text().join("\n")).digest("hex"));
