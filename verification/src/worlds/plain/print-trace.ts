import { createHash } from "node:crypto";
import { runWorld } from "./one-daemon.js";

// Prints the hash of one world's trace, for whoever wants to compare it with that of another process.
const seed = Number(process.argv[2] ?? 1);
const { trace } = await runWorld({ seed });
console.log(createHash("sha256").update(trace.join("\n")).digest("hex"));
