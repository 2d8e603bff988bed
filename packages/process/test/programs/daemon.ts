/**
 * A daemon to be killed: takes the state folder, opens the process backend on it, makes and starts the instances that it
 * is told to, says "ready", and waits for its end. Arguments: state folder, then as JSON the options, `create`, `start`.
 */
import { realClock, realRandom } from "@scaleset/client";
import { lockStateFolder } from "../../../autoscaler/src/state/lock.js";
import { type ProcessOptions, processProvisioner } from "../../src/provisioner.js";

const [stateFolder = "", orders = "{}"] = process.argv.slice(2);
const { create, start, ...options }: ProcessOptions & { create: string[]; start: string[] } = JSON.parse(orders);
const { signal } = new AbortController();
const quiet = (): void => {};
const labels = { schema: 1, identity: "a".repeat(64), owner: "host-1", spec: "b".repeat(16) };

await lockStateFolder(stateFolder, { clock: realClock, random: realRandom });
const backend = await processProvisioner.open(
  { ...options, env: {} },
  {
    stateFolder,
    baseFolder: stateFolder,
    clock: realClock,
    random: realRandom,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  },
);
for (const name of [...create, ...start]) await backend.create({ name, labels }, { signal });
console.log("starting");
await Promise.all(start.map((name) => backend.start(name, { reveal: () => "jit" }, { signal })));
console.log("ready");
await realClock.sleep(60_000);
