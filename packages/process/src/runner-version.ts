import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** The official runner's own list of its parts names itself first, as `Runner.Listener/2.336.0`. */
const IN_ITS_PARTS = /"Runner\.Listener\/(\d+\.\d+\.\d+[^"/\s]*)"/;

/** Its archives are called `actions-runner-linux-x64-2.336.0.tar.gz`. */
const IN_A_NAME = /-(\d+\.\d+\.\d+)\.(?:tar\.gz|tgz)$/;

/** Version of an unpacked runner, told by its files without running them; undefined for one that does not say. */
export async function runnerVersion(folder: string): Promise<string | undefined> {
  try {
    const parts = await readFile(join(folder, "bin", "Runner.Listener.deps.json"), "utf8");
    return IN_ITS_PARTS.exec(parts)?.[1];
  } catch {
    return undefined;
  }
}

/** Version by the name of a runner's archive, as it was published. */
export function versionInName(url: string): string | undefined {
  return IN_A_NAME.exec(new URL(url).pathname)?.[1];
}
