import { formatIssue } from "../config/issue.js";
import { loadConfigFile } from "../config/load.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { thisHost } from "./this-host.js";

/** `scaleset validate`: says everything that is wrong with a config file, and touches nothing else. */
export function validate(file: string, options: { readonly json: boolean }): ExitCode {
  const { config, warnings } = loadConfigFile(file, thisHost());
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ valid: true, warnings, errors: [] })}\n`);
    return exitCodes.ok.code;
  }
  for (const warning of warnings) process.stderr.write(`warning: ${formatIssue(warning)}\n`);
  const count = config.scaleSets.length;
  process.stdout.write(`${file} is valid: ${count} scale ${count === 1 ? "set" : "sets"} at ${config.github.url}\n`);
  return exitCodes.ok.code;
}
