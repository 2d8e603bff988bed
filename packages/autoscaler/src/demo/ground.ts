import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the demo's runners can run in. */
export type DemoProvisioner = "process" | "docker";

/** Where the demo's runners run, as a config has it, and how to clear away what was made for it. */
export interface Ground {
  /** `{ process: { … } }` or `{ docker: { … } }`. */
  readonly provisioner: Readonly<Record<string, object>>;
  clear(signal: AbortSignal): Promise<void>;
}

/** @param runner program and arguments of the simulated runner */
export async function prepareGround(
  kind: DemoProvisioner,
  runner: readonly [node: string, file: string],
  signal: AbortSignal,
): Promise<Ground> {
  if (kind === "process") return { provisioner: { process: { command: runner } }, clear: async () => {} };
  // A package of its own, and not one of ours: who does not ask for it need not have it.
  const specifier: string = "@scaleset/docker/host-image";
  const module: unknown = await import(specifier).catch((error: unknown) => {
    throw new Error("the docker provisioner is not installed: npm i @scaleset/docker", { cause: error });
  });
  if (!makesHostImages(module)) throw new Error("this @scaleset/docker has no image for a demo: install it again");
  const name = `scaleset-demo-${process.pid}:latest`;
  const image = await module.makeHostImage({ name, paths: foldersFor(runner[1]), signal });
  // The host's network, since the simulated GitHub listens on this machine's loopback.
  const docker = { ...image.options, command: runner, networks: ["host"] };
  return { provisioner: { docker }, clear: (ending) => image.remove(ending) };
}

interface HostImages {
  makeHostImage(options: {
    readonly name: string;
    readonly paths: readonly string[];
    readonly signal: AbortSignal;
  }): Promise<{ readonly options: object; remove(signal: AbortSignal): Promise<void> }>;
}

function makesHostImages(module: unknown): module is HostImages {
  return typeof module === "object" && module !== null && typeof Reflect.get(module, "makeHostImage") === "function";
}

/** A program's own package, and every folder in which Node looks for what that needs. */
function foldersFor(file: string): readonly string[] {
  const own = dirname(dirname(dirname(file)));
  const folders = [own];
  for (let folder = own; folder !== dirname(folder); folder = dirname(folder)) {
    const packages = join(folder, "node_modules");
    if (existsSync(packages)) folders.push(packages);
  }
  return folders;
}
