import { chmod, readdir, readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { errnoOf } from "./failures.js";
import { runProgram } from "./run-program.js";

/** Large caches of a job on a slow disk. @unit milliseconds */
const WIPE_DEADLINE_MS = 300_000;

/**
 * Removes a folder and all in it, also folders that forbid writing (as package caches like to be). Never goes through a
 * mount that a job left in it: what is behind that is no job's.
 *
 * `large` leaves it to the system's `rm`: much quicker with thousands of files, and it can't be led elsewhere by a link
 * that some other user's process swaps in meanwhile, which matters to root.
 */
export async function removeTree(path: string, { large = false } = {}): Promise<void> {
  const mounted = await mountsUnder(path);
  if (mounted.length > 0) {
    throw Object.assign(new Error(`EBUSY: something is mounted at ${mounted.join(", ")}`), { code: "EBUSY" });
  }
  if (large) {
    const args = process.platform === "linux" ? ["-rf", "--one-file-system", "--", path] : ["-rf", "--", path];
    if ((await runProgram("rm", args, WIPE_DEADLINE_MS)).code === 0) return;
  }
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 2 });
  } catch (error) {
    const code = errnoOf(error);
    if (code !== "EACCES" && code !== "EPERM" && code !== "ENOTEMPTY") throw error;
    await allowWriting(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function allowWriting(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await allowWriting(join(folder, entry.name)).catch(() => {});
  }
}

/** Places in a folder where something else is mounted. Linux only: elsewhere a job can't mount. */
async function mountsUnder(path: string): Promise<readonly string[]> {
  if (process.platform !== "linux") return [];
  const folder = await realpath(path).catch(() => path);
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table
    .split("\n")
    .map((line) => unoctal(line.split(" ")[4] ?? ""))
    .filter((place) => place === folder || place.startsWith(`${folder}/`));
}

/** The kernel writes blanks and the like as three octal digits. */
function unoctal(place: string): string {
  return place.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
