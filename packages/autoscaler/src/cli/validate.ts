import { type AutoscalerConfig, targetOf } from "../config/config.js";
import { ConfigError, formatIssue } from "../config/issue.js";
import { loadConfigFile, provisionersOf } from "../config/load.js";
import { schemaFile } from "../config/reference-page.js";
import { builtInProvisioners } from "../provisioners/registry.js";
import { thisHost } from "../this-host.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";

/** `scaleset validate`: says everything that is wrong with a config file, and touches nothing else. */
export async function validate(file: string | undefined, options: { readonly json: boolean }): Promise<ExitCode> {
  if (file === undefined) {
    const place = { kind: "flag", flag: "<file>" } as const;
    throw new ConfigError([{ place, path: [], problem: "is required", remedy: "give the config file to check" }]);
  }
  const { config, warnings } = await loadConfigFile(file, thisHost());
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ valid: true, warnings, errors: [] })}\n`);
    return exitCodes.ok.code;
  }
  for (const warning of warnings) process.stderr.write(`warning: ${formatIssue(warning)}\n`);
  process.stdout.write(`${file} is valid: ${summary(config)}\n`);
  return exitCodes.ok.code;
}

/** `scaleset validate --schema [FILE]`: the JSON Schema, also of a file that is still wrong elsewhere. */
export async function printSchema(file: string | undefined): Promise<ExitCode> {
  const named = file === undefined ? new Map() : await provisionersOf(file, thisHost());
  process.stdout.write(schemaFile(new Map([...builtInProvisioners(), ...named])));
  return exitCodes.ok.code;
}

/** "3 scale sets at https://github.com/acme", or "… at 4 targets". */
function summary(config: AutoscalerConfig): string {
  const count = config.scaleSets.length;
  const urls = new Set(config.scaleSets.map((set) => targetOf(config, set).url));
  const [only = ""] = urls;
  const where = urls.size === 1 ? only : `${urls.size} targets`;
  return `${count} scale ${count === 1 ? "set" : "sets"} at ${where}`;
}
