import { isBuiltin } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf, type Provisioner } from "@scaleset/provisioner";
import { resolve as resolveAsNode } from "import-meta-resolve";

/** The version of the contract that this program speaks. */
const CONTRACT = 1;

/** Kinds with a short name, and the packages that they come in. */
export const KNOWN_PACKAGES: Readonly<Record<string, string>> = {
  docker: "@scaleset/docker",
  kubernetes: "@scaleset/kubernetes",
};

const CHOICES = `use process, ${Object.keys(KNOWN_PACKAGES).join(", ")}`;

export type PackageLookup =
  | { readonly provisioner: Provisioner }
  | {
      readonly provisioner: undefined;
      /** Whether the package is there, and something is wrong with it. */
      readonly installed: boolean;
      readonly problem: string;
      readonly remedy: string;
    };

/** What a package does while it is loaded is its own business, but not for ever. @unit milliseconds */
const LOAD_DEADLINE_MS = 30_000;

/**
 * Loads the provisioner of a package: its export `provisioner`, or its default one. The package is looked for from the
 * configuration's folder first, then from where this program is installed. Never rejects.
 */
export async function loadPackage(
  kind: string,
  options: {
    readonly baseFolder: string;
    readonly deadline: (ms: number) => Disposable & { readonly signal: AbortSignal };
  },
): Promise<PackageLookup> {
  const name = KNOWN_PACKAGES[kind] ?? kind;
  if (!isPackageName(name)) {
    const problem = `there is no provisioner called ${JSON.stringify(kind)}`;
    const remedy = `${CHOICES}, or the name of a package`;
    return { provisioner: undefined, installed: false, problem, remedy };
  }
  const url = find(name, options.baseFolder);
  if (url === undefined) {
    const install = `npm i ${name}, in ${options.baseFolder} or where scaleset is installed (npm i -g ${name})`;
    return {
      provisioner: undefined,
      installed: false,
      problem: `the provisioner ${JSON.stringify(kind)} is not installed`,
      // A plain word may be anybody's package: nobody should install one because we say so.
      remedy:
        name === kind && !name.startsWith("@")
          ? `${CHOICES}; where a package of that name is meant: ${install}`
          : install,
    };
  }
  using deadline = options.deadline(LOAD_DEADLINE_MS);
  try {
    const module: unknown = await Promise.race([import(url), over(deadline.signal)]);
    return provisionerOf(module, name);
  } catch (error) {
    const why = messageOf(error);
    const problem = `the package ${name} can't be loaded: ${firstLine(why)}`;
    return broken(problem, `install it again (npm i ${name}), or look for a version for this Node and this scaleset`);
  }
}

function isPackageName(name: string): boolean {
  return /^(?:@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/i.test(name) && !isBuiltin(name);
}

function find(name: string, baseFolder: string): string | undefined {
  for (const from of [pathToFileURL(join(baseFolder, "scaleset.yaml")).href, import.meta.url]) {
    try {
      return resolveAsNode(name, from);
    } catch (error) {
      // There, and without an entry that can be imported: importing it says what is wrong with it.
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code !== "ERR_MODULE_NOT_FOUND") return name;
    }
  }
  return undefined;
}

function provisionerOf(module: unknown, name: string): PackageLookup {
  const candidate = exported(module, "provisioner") ?? exported(module, "default");
  if (typeof candidate !== "object" || candidate === null || !("contract" in candidate)) {
    const problem = `the package ${name} has no provisioner: expected an export called provisioner, or a default one`;
    return broken(problem, "look up the package's name; a provisioner is made with defineProvisioner");
  }
  const { contract } = candidate;
  if (contract !== CONTRACT) {
    const problem = `the package ${name} speaks version ${String(contract)} of the provisioner contract, this scaleset version ${CONTRACT}`;
    const older = typeof contract === "number" && contract < CONTRACT;
    const update = older ? `npm i ${name}@latest` : "npm i @scaleset/autoscaler@latest";
    return broken(problem, `${update}, or install versions that belong together`);
  }
  if (!isProvisioner(candidate)) {
    return broken(`the provisioner of ${name} is not whole`, "make it with defineProvisioner of @scaleset/provisioner");
  }
  return { provisioner: candidate };
}

function exported(module: unknown, name: string): unknown {
  return typeof module === "object" && module !== null ? Reflect.get(module, name) : undefined;
}

function isProvisioner(candidate: object): candidate is Provisioner {
  if (!("kind" in candidate && "schema" in candidate && "open" in candidate)) return false;
  const { kind, schema, open } = candidate;
  if (typeof kind !== "string" || typeof open !== "function") return false;
  const alternatives: unknown = "alternatives" in candidate ? candidate.alternatives : undefined;
  if (alternatives !== undefined && !(Array.isArray(alternatives) && alternatives.every(Array.isArray))) return false;
  return typeof schema === "object" && schema !== null && "safeParse" in schema;
}

function broken(problem: string, remedy: string): PackageLookup {
  return { provisioner: undefined, installed: true, problem, remedy };
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

function over(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("it took too long")), { once: true });
  });
}
