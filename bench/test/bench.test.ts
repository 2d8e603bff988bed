import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

test("every bench runs and prints a figure beside its baseline", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", main, "--quick"], {
    timeout: 150_000,
  });
  const rows = stdout.trim().split("\n").slice(2);
  expect(rows).toHaveLength(22);
  for (const row of rows) expect(row).toMatch(/^\| [^|]+ \| (µs|a second|KiB|ms) \| \S+ .*\| -?[\d.]+ × \|/);
}, 180_000);

test("a bench that does not exist is refused by name", async () => {
  const running = promisify(execFile)(process.execPath, [main, "speed"]);
  await expect(running).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("there is no bench speed") });
});
