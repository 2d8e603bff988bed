import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../dist/kills/main.js", import.meta.url));
const run = (...args: string[]) => promisify(execFile)(process.execPath, [main, ...args], { timeout: 170_000 });

// The hundred are `npm run kills`.
test.runIf(process.platform === "linux")(
  "killed at three random moments with real processes, a daemon loses no job, runs none twice, and leaves nothing behind",
  async () => {
    const seed = process.pid;
    const { stdout } = await run("--kills", "3", "--seed", String(seed)).catch((error) => {
      throw new Error(`seed ${seed}: ${error.stdout}\n${error.stderr}`);
    });
    expect(stdout).toMatch(/^seed \d+: 3 kills$/m);
    expect(stdout).toMatch(/^0 lost, 0 twice, 0 leaked$/m);
  },
  180_000,
);

test("a number of kills that makes no sense is refused", async () => {
  await expect(run("--kills", "many")).rejects.toMatchObject({ code: 2 });
});
