import { type AutoscalerConfig, targetOf } from "../config/config.js";
import { formatIssue } from "../config/issue.js";
import { loadConfigFile } from "../config/load.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { thisHost } from "./this-host.js";

/** `scaleset validate`: says everything that is wrong with a config file, and touches nothing else. */
export async function validate(file: string, options: { readonly json: boolean }): Promise<ExitCode> {
  const { config, warnings } = await loadConfigFile(file, thisHost());
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ valid: true, warnings, errors: [] })}\n`);
    return exitCodes.ok.code;
  }
  for (const warning of warnings) process.stderr.write(`warning: ${formatIssue(warning)}\n`);
  process.stdout.write(`${file} is valid: ${summary(config)}\n`);
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
