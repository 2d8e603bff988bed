import { resolve } from "node:path";
import { flagSource, type RunFlags, TOKEN_VARIABLE } from "./flag-source.js";
import { type ConfigHost, readText } from "./host.js";
import { ConfigError } from "./issue.js";
import { type LoadedConfig, resolveConfig } from "./resolve.js";
import { yamlSource } from "./yaml-source.js";

/**
 * Reads and checks a config file.
 *
 * @throws {ConfigError} with everything that is wrong, each with line and column.
 */
export async function loadConfigFile(file: string, host: ConfigHost): Promise<LoadedConfig> {
  const read = readText(resolve(host.workingFolder, file));
  if (read.text === undefined) {
    const place = { kind: "file", file, line: 1, column: 1 } as const;
    const remedy = "give the path of a YAML file that this user may read";
    throw new ConfigError([{ place, path: [], problem: `the config file ${read.why}`, remedy }]);
  }
  return await resolveConfig(yamlSource(read.text, { file: resolve(host.workingFolder, file), name: file }), host);
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
