import { isScaleSetError, parseConfigUrl } from "@scaleset/client";
import type { ConfigIssue, Path } from "./issue.js";
import { type ConfigSource, valueAt } from "./source.js";

interface Findings {
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
}

/** What the shape alone can't say. Looks at raw data, so that it can say its part while other parts are still wrong. */
export function checkRules(raw: unknown, source: ConfigSource, substituted: ReadonlySet<string>): Findings {
  const issues: ConfigIssue[] = [];
  const warnings: ConfigIssue[] = [];
  const note = (list: ConfigIssue[], path: Path, problem: string, remedy: string): void => {
    list.push({ place: source.place(path), path, problem, remedy });
  };

  const url = valueAt(raw, ["github", "url"]);
  if (typeof url === "string") {
    const why = urlProblem(url);
    const remedy = "expected https://HOST/ORG, https://HOST/OWNER/REPO or https://HOST/enterprises/NAME";
    if (why !== undefined) note(issues, ["github", "url"], why, remedy);
    else if (sendsInTheClear(url)) {
      note(warnings, ["github", "url"], "credentials would travel unencrypted", "use https");
    }
  }
  if (source.substitutes) {
    for (const path of [
      ["github", "token"],
      ["github", "app", "privateKey"],
    ]) {
      if (typeof valueAt(raw, path) === "string" && !substituted.has(path.join("."))) {
        note(warnings, path, "the secret stands in the file itself", `use the …File key or a \${VARIABLE} instead`);
      }
    }
  } else {
    const folder: Path = ["scaleSets", 0, "provisioner", "process", "runner", "folder"];
    if (valueAt(raw, folder) === undefined)
      note(issues, folder, "is required", "give the folder of an unpacked actions runner");
    const place = source.place(["github", "token"]);
    if (place.kind === "flag" && valueAt(raw, ["github", "token"]) !== undefined) {
      const problem = "every user of this machine can read the arguments of a process";
      note(warnings, ["github", "token"], problem, "set SCALESET_TOKEN instead, or use a config file with tokenFile");
    }
  }

  const sets = valueAt(raw, ["scaleSets"]);
  const seen = new Map<string, Path>();
  for (const [index, set] of (Array.isArray(sets) ? sets : []).entries()) {
    const at: Path = ["scaleSets", index];
    const min = countAt(set, "minRunners", 0);
    const max = countAt(set, "maxRunners", 10);
    if (min === undefined || max === undefined) {
      // The schema says what is wrong with the one that is no count.
    } else if (min > max) {
      const problem = `minRunners (${min}) is above maxRunners (${max})`;
      note(issues, [...at, "minRunners"], problem, `lower minRunners, or raise maxRunners to ${min} or more`);
    } else if (max === 0) {
      note(
        warnings,
        [...at, "maxRunners"],
        "this scale set takes no jobs",
        "raise maxRunners above 0, or remove the set",
      );
    }
    const name = valueAt(set, ["name"]);
    if (typeof name !== "string") continue;
    const group = valueAt(set, ["runnerGroup"]);
    const identity = `${typeof group === "string" ? group : "default"}\n${name}`.toLowerCase();
    const earlier = seen.get(identity);
    if (earlier === undefined) seen.set(identity, [...at, "name"]);
    else {
      const place = source.place(earlier);
      const where = place.kind === "file" ? `line ${place.line}` : source.nameOf(earlier);
      const problem = `a scale set of this name is in the same runner group already (${where})`;
      note(issues, [...at, "name"], problem, "give it another name or another runnerGroup");
    }
  }
  return { issues, warnings };
}

/** Numbers from flags and variables are still text here. Undefined for what is no count. */
function countAt(set: unknown, key: string, fallback: number): number | undefined {
  const value = valueAt(set, [key]) ?? fallback;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 ? number : undefined;
}

function urlProblem(url: string): string | undefined {
  try {
    parseConfigUrl(url);
    return undefined;
  } catch (error) {
    if (isScaleSetError(error)) return error.message;
    throw error;
  }
}

function sendsInTheClear(url: string): boolean {
  const { protocol, hostname } = new URL(url.trim());
  return protocol === "http:" && !/^(?:localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
