import { resolve } from "node:path";
import type { Provisioner } from "@scaleset/provisioner";
import { effectiveSets } from "./effective.js";
import { flagSource, type RunFlags, TOKEN_VARIABLE } from "./flag-source.js";
import { type ConfigHost, readText } from "./host.js";
import { ConfigError } from "./issue.js";
import { foundProvisioners, loadProvisioners } from "./provisioner-options.js";
import { type LoadedConfig, resolveConfig } from "./resolve.js";
import type { ConfigSource } from "./source.js";
import { yamlSource } from "./yaml-source.js";

/**
 * Reads and checks a config file.
 *
 * @throws {ConfigError} with everything that is wrong, each with line and column.
 */
export async function loadConfigFile(file: string, host: ConfigHost): Promise<LoadedConfig> {
  return await resolveConfig(openFile(file, host), host);
}

/**
 * The provisioners that a config file names, whatever else is wrong with it.
 *
 * @throws {ConfigError} where the file can't be read, or is no YAML
 */
export async function provisionersOf(file: string, host: ConfigHost): Promise<ReadonlyMap<string, Provisioner>> {
  const source = openFile(file, host);
  return foundProvisioners(await loadProvisioners(effectiveSets(source.raw), source, host));
}

function openFile(file: string, host: ConfigHost): ConfigSource {
  const read = readText(resolve(host.workingFolder, file));
  if (read.text === undefined) {
    const place = { kind: "file", file, line: 1, column: 1 } as const;
    const remedy = "give the path of a YAML file that this user may read";
    throw new ConfigError([{ place, path: [], problem: `the config file ${read.why}`, remedy }]);
  }
  return yamlSource(read.text, { file: resolve(host.workingFolder, file), name: file });
}

/**
 * Checks a configuration that was given as flags, the same way as a file.
 *
 * @throws {ConfigError} with everything that is wrong, each with its flag.
 */
export async function loadConfigFlags(flags: RunFlags, host: ConfigHost): Promise<LoadedConfig> {
  const token = host.environment[TOKEN_VARIABLE];
  return await resolveConfig(flagSource(flags, { workingFolder: host.workingFolder, token }), host);
}
