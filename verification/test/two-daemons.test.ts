import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../dist/two-daemons/main.js", import.meta.url));
const run = (...args: string[]) => promisify(execFile)(process.execPath, [main, ...args], { timeout: 230_000 });

// The full form is `npm run two-daemons`.
test.runIf(process.platform === "linux")(
  "killed or stopped, the daemon that holds the session loses no job, beside another one or started again alone",
  async () => {
    const seed = process.pid;
    const { stdout } = await run("--short", "--seed", String(seed)).catch((error) => {
      throw new Error(`seed ${seed}: ${error.stdout}\n${error.stderr}`);
    });
    expect(stdout).toMatch(/^SIGKILL, restart +\d/m);
    expect(stdout).toMatch(/^SIGSTOP for 55 s, idle +[-\d]/m);
    expect(stdout).toMatch(/^0 lost, 0 twice, 0 leaked$/m);
  },
  240_000,
);

test("arguments that make no sense are refused", async () => {
  await expect(run("--seed", "many")).rejects.toMatchObject({ code: 2 });
  await expect(run("--only", "no such case")).rejects.toMatchObject({ code: 2 });
});
