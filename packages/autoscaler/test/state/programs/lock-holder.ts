/** Takes a state folder, says "locked" or why not, and waits for its end. Argument: the state folder. */
import { realClock, realRandom } from "@scaleset/client";
import { lockStateFolder } from "../../../src/state/lock.js";

const [stateFolder = ""] = process.argv.slice(2);
try {
  const lock = await lockStateFolder(stateFolder, { clock: realClock, random: realRandom });
  process.once("SIGTERM", () => {
    lock.release();
    process.exit(0);
  });
  console.log(`locked by ${process.pid}`);
  await realClock.sleep(60_000);
} catch (error) {
  console.log(`refused: ${error instanceof Error ? error.message : error}`);
}
