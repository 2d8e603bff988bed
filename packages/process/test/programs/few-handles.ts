/**
 * A daemon that runs out of file handles just as it starts an instance. Argument: state folder. Prints what became of
 * the start, and what the list says once there are handles again. To be run with a low limit (`ulimit -n`).
 */
import { closeSync, openSync } from "node:fs";
import { realClock, realRandom } from "@scaleset/client";
import { processProvisioner } from "../../src/provisioner.js";

const [stateFolder = ""] = process.argv.slice(2);
const { signal } = new AbortController();
const quiet = (): void => {};
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const labels = { schema: 1, identity: "a".repeat(64), owner: "host-1", spec: "b".repeat(16) };

const backend = await processProvisioner.open(
  { command: ["true"], env: {} },
  { stateFolder, baseFolder: stateFolder, clock: realClock, random: realRandom, logger },
);
await backend.create({ name: "starved", labels }, { signal });
const handles: number[] = [];
try {
  for (;;) handles.push(openSync("/dev/null", "r"));
} catch {
  // All taken. A few are needed to read the instance's files; a child's pipes take more.
  for (const handle of handles.splice(0, 3)) closeSync(handle);
}
const outcome = await backend.start("starved", { reveal: () => "jit" }, { signal }).then(
  () => "started",
  (error: { kind?: string; message: string }) => `${error.kind}: ${error.message}`,
);
for (const handle of handles) closeSync(handle);
const [instance] = await backend.list({ signal });
console.log(JSON.stringify({ outcome, state: instance?.state }));
await backend.destroy("starved", { graceMs: 0, signal });
await backend.close();
