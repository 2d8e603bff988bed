import type { Provisioner } from "@scaleset/provisioner";
import { defaultTimings, type Timings } from "../core/settings.js";
import { type AutoscalerConfig, GITHUB_TARGET, type ProvisionerConfig, type ScaleSetConfig } from "./config.js";
import { effectiveSets } from "./effective.js";
import { substitute } from "./environment.js";
import { absolutePath, type ConfigHost, defaultOwner, defaultStateFolder } from "./host.js";
import { ConfigError, type ConfigIssue, formatPath, sortIssues } from "./issue.js";
import { foundProvisioners, loadProvisioners, readProvisioners } from "./provisioner-options.js";
import { checkRules } from "./rules.js";
import { type ConfigDocument, configSchema, type ScaleSetDocument, scaleSetDefaults } from "./schema.js";
import { checkShape } from "./shape.js";
import type { ConfigSource } from "./source.js";
import { stateFolderIssues } from "./state-folder.js";
import { readTargets } from "./targets.js";

export interface LoadedConfig {
  readonly config: AutoscalerConfig;
  /** Those that it names, by how it calls them. */
  readonly provisioners: ReadonlyMap<string, Provisioner>;
  /** What works and is probably not meant. */
  readonly warnings: readonly ConfigIssue[];
}

/**
 * Turns what was written, in a file or as flags, into what the daemon takes: variables put in, defaults filled in, shape
 * and rules checked, provisioners loaded.
 *
 * @throws {ConfigError} with everything that is wrong, at once.
 */
export async function resolveConfig(source: ConfigSource, host: ConfigHost): Promise<LoadedConfig> {
  const { raw, paths: substituted, issues: unset } = substitute(source, host.environment);
  const sets = effectiveSets(raw);
  const lookups = await loadProvisioners(sets, source, host);

  const shape = checkShape(configSchema, raw, { source, whole: (path) => path, substituted });
  const targets = readTargets(raw, source);
  const rules = checkRules({ raw, source, substituted, sets, targets: targets.targets });
  const kinds = readProvisioners(sets, lookups, { source, substituted });
  const issues = withoutEchoes([...unset, ...targets.issues, ...rules.issues, ...shape.issues, ...kinds.issues]);
  const { data } = shape;
  const stateFolder =
    data?.stateFolder === undefined ? defaultStateFolder(host) : absolutePath(data.stateFolder, source.baseFolder);
  issues.push(...stateFolderIssues(stateFolder, source));
  if (issues.length > 0 || data === undefined) throw new ConfigError(sortIssues(issues));

  const timings = withTimings(defaultTimings, data.timings);
  const found = [...targets.targets].flatMap(([name, target]) => (target ? [[name, target] as const] : []));
  const config: AutoscalerConfig = {
    github: targets.targets.get(GITHUB_TARGET),
    targets: Object.fromEntries(found.filter(([name]) => name !== GITHUB_TARGET)),
    owner: data.owner ?? defaultOwner(host.hostname, stateFolder),
    stateFolder,
    baseFolder: source.baseFolder,
    scaleSets: data.scaleSets.flatMap((set, index) => {
      const provisioner = kinds.provisioners[index];
      return provisioner === undefined ? [] : [scaleSetConfig(set, data.defaults, { provisioner, timings })];
    }),
    log: data.log,
    limits: data.limits,
    timings,
  };
  const warnings = withoutEchoes([...rules.warnings, ...targets.warnings]);
  return { config, provisioners: foundProvisioners(lookups), warnings: sortIssues(warnings) };
}

function scaleSetConfig(
  own: ScaleSetDocument,
  common: ConfigDocument["defaults"],
  rest: { readonly provisioner: ProvisionerConfig; readonly timings: Timings },
): ScaleSetConfig {
  const maxRunners = own.maxRunners ?? common?.maxRunners ?? scaleSetDefaults.maxRunners;
  const commonMin = maxRunners === 0 ? 0 : common?.minRunners;
  return {
    name: own.name,
    target: own.target ?? common?.target ?? GITHUB_TARGET,
    labels: own.labels ?? common?.labels ?? [own.name],
    runnerGroup: own.runnerGroup ?? common?.runnerGroup ?? scaleSetDefaults.runnerGroup,
    minRunners: own.minRunners ?? commonMin ?? scaleSetDefaults.minRunners,
    maxRunners,
    priority: own.priority ?? common?.priority ?? scaleSetDefaults.priority,
    disableUpdate: own.disableUpdate ?? common?.disableUpdate ?? scaleSetDefaults.disableUpdate,
    recreate: own.recreate ?? common?.recreate ?? scaleSetDefaults.recreate,
    namePrefix: own.namePrefix ?? common?.namePrefix ?? namePrefixFrom(own.name),
    workFolder: own.workFolder ?? common?.workFolder ?? scaleSetDefaults.workFolder,
    provisioner: rest.provisioner,
    timings: own.timings === undefined ? undefined : withTimings(rest.timings, own.timings),
  };
}

function withTimings(base: Timings, changes: ConfigDocument["timings"]): Timings {
  const set = Object.entries(changes ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value === "off" ? Number.POSITIVE_INFINITY : value]],
  );
  return { ...base, ...Object.fromEntries(set) };
}

/** Runner names are letters, digits and dashes, and need room for a random part behind the prefix. */
function namePrefixFrom(name: string): string {
  const plain = name
    .replaceAll(/[^A-Za-z0-9]+/g, "-")
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, "");
  return plain === "" ? "runner" : plain;
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
