import { posix, win32 } from "node:path";
import { parseConfigUrl } from "@scaleset/client";
import { defaultLimits, GITHUB_TARGET, type TargetConfig } from "./config.js";
import type { EffectiveSet } from "./effective.js";
import type { ConfigIssue, Path } from "./issue.js";
import { scaleSetDefaults } from "./schema.js";
import { type ConfigSource, isMapping, valueAt } from "./source.js";
import { suggest } from "./suggest.js";
import { timingIssues } from "./timing-rules.js";

/** 2,000 sets at the 100 requests a second that are the default. */
const SETS_PER_REQUEST_A_SECOND = 20;

interface Findings {
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
}

interface RuleContext {
  readonly raw: unknown;
  readonly source: ConfigSource;
  /** Paths whose text came from the environment. */
  readonly substituted: ReadonlySet<string>;
  readonly sets: readonly EffectiveSet[];
  /** By name; undefined where something is wrong with it. */
  readonly targets: ReadonlyMap<string, TargetConfig | undefined>;
}

/** What the shape alone can't say. Looks at raw data, so that it can say its part while other parts are still wrong. */
export function checkRules(context: RuleContext): Findings {
  const { source, sets } = context;
  const issues: ConfigIssue[] = [];
  const warnings: ConfigIssue[] = [];
  const rules = new Rules(context, issues, warnings);
  if (source.substitutes) rules.secretsInFile();
  else rules.flags();
  for (const set of sets) {
    rules.provisioner(set);
    rules.counts(set);
    rules.workFolder(set);
    const target = rules.target(set);
    rules.identity(set, target);
    rules.countAtHost(set, target);
  }
  rules.minimumsTogether();
  rules.pace();
  rules.timings();
  return { issues, warnings };
}

class Rules {
  readonly #context: RuleContext;
  readonly #issues: ConfigIssue[];
  readonly #warnings: ConfigIssue[];
  readonly #seen = new Map<string, Path>();
  /** Sets that are polled, by the host of their service. */
  readonly #atHost = new Map<string, number>();

  constructor(context: RuleContext, issues: ConfigIssue[], warnings: ConfigIssue[]) {
    this.#context = context;
    this.#issues = issues;
    this.#warnings = warnings;
  }

  secretsInFile(): void {
    const { raw, substituted } = this.#context;
    const named = valueAt(raw, ["targets"]);
    const places: Path[] = [["github"], ...Object.keys(isMapping(named) ? named : {}).map((name) => ["targets", name])];
    for (const place of places) {
      for (const path of [
        [...place, "token"],
        [...place, "app", "privateKey"],
      ]) {
        if (typeof valueAt(raw, path) !== "string" || substituted.has(path.join("."))) continue;
        this.#warn(path, "the secret stands in the file itself", `use the …File key or a \${VARIABLE} instead`);
      }
    }
  }

  flags(): void {
    const { raw, source } = this.#context;
    const folder: Path = ["scaleSets", 0, "provisioner", "process", "runner", "folder"];
    if (valueAt(raw, folder) === undefined)
      this.#refuse(folder, "is required", "give the folder of an unpacked actions runner");
    const token: Path = ["github", "token"];
    if (source.place(token).kind === "flag" && valueAt(raw, token) !== undefined) {
      const problem = "every user of this machine can read the arguments of a process";
      this.#warn(token, problem, "set SCALESET_TOKEN instead, or use a config file with tokenFile");
    }
  }

  provisioner(set: EffectiveSet): void {
    if (set.raw["provisioner"] !== undefined) return;
    const remedy =
      "say what makes its runners, here or under defaults: provisioner: { process: { runner: { folder: ./actions-runner } } }";
    this.#refuse(set.origin(["provisioner"]), "provisioner is missing", remedy);
  }

  counts(set: EffectiveSet): void {
    const min = countAt(set, "minRunners");
    const max = countAt(set, "maxRunners");
    // The schema says what is wrong with the one that is no count.
    if (min === undefined || max === undefined) return;
    // A set is paused by one line of its own, whatever minimum it has in common with others.
    const common = set.origin(["minRunners"])[0] === "defaults";
    if (min > max && !(max === 0 && common)) {
      const problem = `minRunners (${min}) is above maxRunners (${max})`;
      const remedy = `lower minRunners, or raise maxRunners to ${min} or more`;
      this.#refuse(placeOfCounts(set), problem, remedy);
    } else if (max === 0) {
      const remedy = "raise maxRunners above 0, or remove the set";
      this.#warn(set.origin(["maxRunners"]), "this scale set is not polled and takes no jobs", remedy);
    }
  }

  /** The limit of the process is a hard one: what the minimums ask for beyond it never comes. */
  minimumsTogether(): void {
    const { raw, sets } = this.#context;
    const path: Path = ["limits", "maxRunners"];
    const limit = valueAt(raw, path);
    const polled = sets.filter((set) => countAt(set, "maxRunners") !== 0);
    const wanted = polled.reduce((sum, set) => sum + (countAt(set, "minRunners") ?? 0), 0);
    if (typeof limit !== "number" || wanted <= limit) return;
    const problem = `the minimums of all scale sets (${wanted}) are more than limits.maxRunners (${limit})`;
    this.#warn(path, problem, `raise it to ${wanted} or more, or lower minRunners`);
  }

  timings(): void {
    for (const { path, problem, remedy } of timingIssues(this.#context.raw)) this.#refuse(path, problem, remedy);
  }

  /** A container may have its work anywhere; on this machine it would be left behind, and runners would share it. */
  workFolder(set: EffectiveSet): void {
    const { workFolder, provisioner } = set.raw;
    if (typeof workFolder !== "string" || !isMapping(provisioner) || provisioner["process"] === undefined) return;
    const path = set.origin(["workFolder"]);
    const remedy = `give a relative path without .., such as ${scaleSetDefaults.workFolder}; it is removed with its runner`;
    if (posix.isAbsolute(workFolder) || win32.isAbsolute(workFolder) || /^[a-z]:/i.test(workFolder))
      this.#refuse(path, "expected a folder inside the runner's own, found an absolute path", remedy);
    else if (workFolder.split(/[\\/]/).includes(".."))
      this.#refuse(path, "expected a folder inside the runner's own, found a path with ..", remedy);
  }

  /** The name of its target; undefined where there is none. */
  target(set: EffectiveSet): string | undefined {
    const { targets, source } = this.#context;
    const given = set.raw["target"];
    const path = set.origin(["target"]);
    const known = [...targets.keys()];
    if (given === undefined) {
      if (targets.has(GITHUB_TARGET) || known.length === 0) return GITHUB_TARGET;
      const remedy = `write target: one of ${known.join(", ")}, here or under defaults`;
      this.#refuse(path, "it is not said where this scale set registers", remedy);
      return undefined;
    }
    if (typeof given !== "string") return undefined;
    if (targets.has(given) || known.length === 0) return given;
    const meant = suggest(given, known);
    const remedy = meant === undefined ? `there is ${known.join(", ")}` : `did you mean ${JSON.stringify(meant)}?`;
    this.#issues.push({
      place: source.place(path),
      path,
      problem: `there is no target called ${JSON.stringify(given)}`,
      remedy,
    });
    return undefined;
  }

  /** Two sets with one identity would fight over their runners. */
  identity(set: EffectiveSet, target: string | undefined): void {
    const { targets, source } = this.#context;
    const { name, runnerGroup = scaleSetDefaults.runnerGroup } = set.raw;
    if (typeof name !== "string" || typeof runnerGroup !== "string" || target === undefined) return;
    const url = targets.get(target)?.url;
    const place = url === undefined ? target : parseConfigUrl(url).url;
    const identity = [place, runnerGroup, name].join("\n").toLowerCase();
    const path = set.origin(["name"]);
    const earlier = this.#seen.get(identity);
    if (earlier === undefined) {
      this.#seen.set(identity, path);
      return;
    }
    const there = source.place(earlier);
    const where = there.kind === "file" ? `line ${there.line}` : source.nameOf(earlier);
    const problem = `a scale set of this name is in the same runner group already (${where})`;
    this.#refuse(path, problem, "give it another name or another runnerGroup");
  }

  countAtHost(set: EffectiveSet, target: string | undefined): void {
    const url = target === undefined ? undefined : this.#context.targets.get(target)?.url;
    if (url === undefined || countAt(set, "maxRunners") === 0) return;
    const { host } = new URL(parseConfigUrl(url).apiBase);
    this.#atHost.set(host, (this.#atHost.get(host) ?? 0) + 1);
  }

  /** What each set asks for beside its polls gets a tenth of the pace: with more sets it would come too late to be of use. */
  pace(): void {
    const { raw } = this.#context;
    const path: Path = ["limits", "requestsPerSecond"];
    const pace = numberAt(raw, path) ?? defaultLimits.requestsPerSecond;
    const most = numberAt(raw, ["limits", "maxScaleSets"]) ?? Number.POSITIVE_INFINITY;
    for (const [host, count] of this.#atHost) {
      const held = Math.min(count, most);
      const needed = Math.ceil(held / SETS_PER_REQUEST_A_SECOND);
      if (needed <= pace) continue;
      const problem = `${held} scale sets on ${host} need more than ${pace} requests a second`;
      this.#warn(path, problem, `raise it to ${needed} or more, or share the sets among daemons (limits.maxScaleSets)`);
    }
  }

  #refuse(path: Path, problem: string, remedy: string): void {
    this.#issues.push({ place: this.#context.source.place(path), path, problem, remedy });
  }

  #warn(path: Path, problem: string, remedy: string): void {
    this.#warnings.push({ place: this.#context.source.place(path), path, problem, remedy });
  }
}

function numberAt(raw: unknown, path: Path): number | undefined {
  const value = valueAt(raw, path);
  return typeof value === "number" ? value : undefined;
}

/** Of the two that don't fit, the one that this very set brought. */
function placeOfCounts(set: EffectiveSet): Path {
  const min = set.origin(["minRunners"]);
  const max = set.origin(["maxRunners"]);
  return min[0] === "defaults" && max[0] !== "defaults" ? max : min;
}

/** Numbers from flags and variables are still text here. Undefined for what is no count. */
function countAt(set: EffectiveSet, key: "minRunners" | "maxRunners"): number | undefined {
  const value = set.raw[key] ?? scaleSetDefaults[key];
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 ? number : undefined;
}
