import { lstatSync, readlinkSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import tar from "tar-stream";
import { connectionOf } from "./connection.js";
import { Engine } from "./engine.js";
import { isRecord } from "./is-record.js";
import { jsonLines } from "./json-lines.js";
import type { EngineOptions, MountOptions } from "./options.js";

/**
 * An image of nothing but folders, for engines on this machine: containers of it see this machine's programs, this Node
 * among them, read-only. It takes milliseconds to make and needs no registry; the demo and our tests run in it.
 */
export interface HostImage {
  /** Options of the `docker` provisioner. A command in it runs as a user called runner. */
  readonly options: {
    readonly image: string;
    readonly pull: "never";
    readonly mounts: readonly MountOptions[];
    readonly createOptions: { readonly WorkingDir: string };
  };
  /** Removes the image from the engine. */
  remove(signal: AbortSignal): Promise<void>;
}

export interface HostImageOptions {
  readonly engine?: EngineOptions | undefined;
  /** Its name. @default scaleset-host:latest */
  readonly name?: string | undefined;
  /** More paths of this machine to show, read-only. */
  readonly paths: readonly string[];
  readonly signal: AbortSignal;
}

/** Where programs and their libraries live. Not /sbin, where an engine puts its init. */
const SYSTEM = ["/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache"];

const USER_ID = 1001;
const HOME = "/home/runner";

/** @throws {BackendError} where the engine can't be reached, or this is no Linux machine */
export async function makeHostImage(options: HostImageOptions): Promise<HostImage> {
  if (process.platform !== "linux") throw new Error("containers can use this machine's programs on Linux only");
  const engine = new Engine(connectionOf(options.engine ?? {}, process.env, process.cwd()));
  const { name = "scaleset-host:latest", signal } = options;
  const [repo = name, tag = "latest"] = name.split(":");
  const pack = tar.pack();
  const folder = (path: string, mode = 0o755, uid = 0): void =>
    void pack.entry({ name: path.slice(1), type: "directory", mode, uid, gid: uid });
  for (const path of ["/proc", "/sys", "/dev", "/etc", "/home", "/sbin"]) folder(path);
  folder("/tmp", 0o1777);
  folder(HOME, 0o755, USER_ID);
  pack.entry({ name: "etc/passwd" }, `root:x:0:0::/root:/bin/sh\nrunner:x:${USER_ID}:${USER_ID}::${HOME}:/bin/sh\n`);
  pack.entry({ name: "etc/group" }, `root:x:0:\nrunner:x:${USER_ID}:\n`);
  const shown: string[] = [];
  for (const path of SYSTEM) {
    const kind = kindOf(path);
    if (kind === "link") pack.entry({ name: path.slice(1), type: "symlink", linkname: readlinkSync(path) });
    else if (kind === "there") shown.push(path);
  }
  for (const path of [nodeFolder(), ...options.paths]) if (!shown.some((each) => within(path, each))) shown.push(path);
  pack.finalize();
  await engine.call(`making image ${name}`, signal, async (docker) => {
    const changes = [
      `USER runner`,
      `ENV HOME=${HOME}`,
      `ENV PATH=${join(nodeFolder(), "bin")}:/usr/local/bin:/usr/bin:/bin`,
    ];
    const stream = await docker.importImage(pack, { repo, tag, changes, abortSignal: signal });
    for await (const line of jsonLines(stream))
      if (isRecord(line) && line["error"]) throw new Error(String(line["error"]));
  });
  return {
    options: {
      image: name,
      pull: "never",
      mounts: shown.map((path) => ({ type: "bind", source: path, target: path, readOnly: true })),
      createOptions: { WorkingDir: HOME },
    },
    remove: (ending) =>
      engine.call(`removing image ${name}`, ending, async (docker) => {
        await docker.getImage(name).remove({ force: true, abortSignal: ending });
      }),
  };
}

/** The folder that this Node is installed in. */
function nodeFolder(): string {
  return dirname(dirname(realpathSync(process.execPath)));
}

function kindOf(path: string): "link" | "there" | "missing" {
  try {
    return lstatSync(path).isSymbolicLink() ? "link" : "there";
  } catch {
    return "missing";
  }
}

function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
