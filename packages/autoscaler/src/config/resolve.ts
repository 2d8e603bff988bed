import { defaultTimings } from "../core/settings.js";
import type { AutoscalerConfig, ScaleSetConfig } from "./config.js";
import { substitute } from "./environment.js";
import { absolutePath, type ConfigHost, defaultOwner, defaultStateFolder } from "./host.js";
import { ConfigError, type ConfigIssue, formatPath, type Path, sortIssues } from "./issue.js";
import { checkRules } from "./rules.js";
import { configSchema, type ScaleSetDocument } from "./schema.js";
import { readCredentials } from "./secrets.js";
import { checkShape } from "./shape.js";
import { type ConfigSource, isMapping, valueAt } from "./source.js";
import { suggest } from "./suggest.js";

export interface LoadedConfig {
  readonly config: AutoscalerConfig;
  /** What works and is probably not meant. */
  readonly warnings: readonly ConfigIssue[];
}

/**
 * Turns what was written, in a file or as flags, into what the daemon takes: variables put in, shape checked, secrets
 * read, defaults filled in.
 *
 * @throws {ConfigError} with everything that is wrong, at once.
 */
export function resolveConfig(source: ConfigSource, host: ConfigHost): LoadedConfig {
  const { raw, paths: substituted, issues: unset } = substitute(source, host.environment);
  const shape = checkShape(configSchema, raw, { source, prefix: [], substituted });
  const rules = checkRules(raw, source, substituted);
  const secrets = readCredentials(raw, source);
  const kinds = readProvisioners(raw, { source, substituted, host });
  const issues = withoutEchoes([...unset, ...rules.issues, ...shape.issues, ...secrets.issues, ...kinds.issues]);
  const { data } = shape;
  const { credentials } = secrets;
  if (issues.length > 0 || data === undefined || credentials === undefined) throw new ConfigError(sortIssues(issues));

  const stateFolder =
    data.stateFolder === undefined ? defaultStateFolder(host) : absolutePath(data.stateFolder, source.baseFolder);
  const config: AutoscalerConfig = {
    github: { url: data.github.url.trim(), credentials },
    owner: data.owner ?? defaultOwner(host.hostname, stateFolder),
    stateFolder,
    baseFolder: source.baseFolder,
    scaleSets: data.scaleSets.flatMap((set, index) => {
      const provisioner = kinds.provisioners[index];
      return provisioner === undefined ? [] : [scaleSetConfig(set, provisioner)];
    }),
    log: data.log,
    limits: data.limits,
    timings: { ...defaultTimings, ...data.timings },
  };
  return { config, warnings: sortIssues([...rules.warnings, ...secrets.warnings]) };
}

function scaleSetConfig(set: ScaleSetDocument, provisioner: ScaleSetConfig["provisioner"]): ScaleSetConfig {
  return {
    name: set.name,
    labels: set.labels ?? [set.name],
    runnerGroup: set.runnerGroup,
    minRunners: set.minRunners,
    maxRunners: set.maxRunners,
    disableUpdate: set.disableUpdate,
    namePrefix: set.namePrefix ?? namePrefixFrom(set.name),
    workFolder: set.workFolder,
    provisioner,
  };
}

/** Runner names are letters, digits and dashes, and need room for a random part behind the prefix. */
function namePrefixFrom(name: string): string {
  const plain = name
    .replaceAll(/[^A-Za-z0-9]+/g, "-")
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, "");
  return plain === "" ? "runner" : plain;
}

interface ProvisionerFindings {
  /** One for each scale set; undefined where an issue says why. */
  readonly provisioners: readonly (ScaleSetConfig["provisioner"] | undefined)[];
  readonly issues: readonly ConfigIssue[];
}

interface ProvisionerContext {
  readonly source: ConfigSource;
  readonly substituted: ReadonlySet<string>;
  readonly host: ConfigHost;
}

/** Each provisioner says itself which options it takes. */
function readProvisioners(raw: unknown, context: ProvisionerContext): ProvisionerFindings {
  const sets = valueAt(raw, ["scaleSets"]);
  const issues: ConfigIssue[] = [];
  const provisioners = (Array.isArray(sets) ? sets : []).map((set: unknown, index) => {
    const path: Path = ["scaleSets", index, "provisioner"];
    const given = valueAt(set, ["provisioner"]);
    if (!isMapping(given)) return undefined;
    const found = readProvisioner(given, path, context);
    issues.push(...found.issues);
    return found.provisioner;
  });
  return { provisioners, issues };
}

function readProvisioner(
  given: Readonly<Record<string, unknown>>,
  path: Path,
  { source, substituted, host }: ProvisionerContext,
): { readonly provisioner: ScaleSetConfig["provisioner"] | undefined; readonly issues: readonly ConfigIssue[] } {
  const [kind, second] = Object.keys(given);
  if (kind === undefined || second !== undefined) {
    const issue: ConfigIssue = {
      place: second === undefined ? source.place(path) : source.place([...path, second], "key"),
      path,
      problem: `expected one kind of provisioner, found ${Object.keys(given).join(" and ") || "none"}`,
      remedy: "write one, for example provisioner: { process: { runner: { folder: ./actions-runner } } }",
    };
    return { provisioner: undefined, issues: [issue] };
  }
  const at = [...path, kind];
  const lookup = host.findProvisioner(kind);
  if (lookup.provisioner === undefined) {
    const meant = suggest(kind, lookup.known);
    const issue: ConfigIssue = {
      place: source.place(at, "key"),
      path: at,
      problem: `there is no provisioner called ${JSON.stringify(kind)}`,
      remedy: meant === undefined ? `known here: ${lookup.known.join(", ")}` : `did you mean ${JSON.stringify(meant)}?`,
    };
    return { provisioner: undefined, issues: [issue] };
  }
  // `process:` with nothing behind it is an empty set of options.
  const shape = checkShape(lookup.provisioner.schema, given[kind] ?? {}, { source, prefix: at, substituted });
  return {
    provisioner: shape.issues.length === 0 ? { kind, options: shape.data } : undefined,
    issues: shape.issues,
  };
}

/** A value that could not be read is wrong once, not again for being empty; a flag is told about once. */
function withoutEchoes(issues: readonly ConfigIssue[]): ConfigIssue[] {
  const seen = new Map<string, ConfigIssue>();
  for (const issue of issues) {
    const key = issue.place.kind === "flag" ? issue.place.flag : formatPath(issue.path);
    if (!seen.has(key)) seen.set(key, issue);
  }
  return [...seen.values()];
}
