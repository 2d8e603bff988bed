import { Command, CommanderError, Option } from "commander";
import type { RunFlags } from "../config/flag-source.js";
import { VERSION } from "../version.js";
import { type ExitCode, exitCodes, exitCodeTable } from "./exit-codes.js";
import { positiveInteger, wholeNumber } from "./numbers.js";

/** Runs one command line and answers the exit code. Each command's code is loaded when it is called, so `--help` is quick. */
export async function program(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok.code;
  const command = commandLine((code) => {
    exitCode = code;
  });
  try {
    await command.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok.code : exitCodes.usage.code;
    return await explain(error, { json: args.includes("--json"), starts: args[0] === "run" });
  }
}

function commandLine(finish: (code: ExitCode) => void): Command {
  const scaleset = new Command("scaleset")
    .description("Runs GitHub Actions self-hosted runners just in time.")
    .version(VERSION)
    .addHelpText("after", `\n${exitCodeTable()}`)
    .showHelpAfterError("Try scaleset --help.")
    // Also for the commands below: they inherit it as they are added.
    .exitOverride();

  scaleset
    .command("run")
    .description("run the scale sets of a config file, or one scale set from flags, until stopped")
    .option("--config <file>", "YAML file; in place of all other flags")
    .option("--url <url>", "https://HOST/ORG, https://HOST/OWNER/REPO or https://HOST/enterprises/NAME")
    .option("--name <name>", "name of the scale set")
    .option("--labels <a,b>", "what runs-on may ask for (default: the name)")
    .option("--runner-group <name>", 'runner group (default: "default")')
    .option("--min-runners <n>", "runners kept ready beyond what jobs ask for (default: 0)")
    .option("--max-runners <n>", "most runners at one time (default: 10)")
    .option("--runner-folder <folder>", "folder of an unpacked actions runner")
    .option("--token <token>", "a personal access token; other users can see it here, so better set SCALESET_TOKEN")
    .option("--app-client-id <id>", "client id of a GitHub App")
    .option("--app-installation-id <id>", "its installation (default: looked up)")
    .option("--app-private-key-file <file>", "its private key, PEM")
    .option("--log-level <level>", "debug, info, warn or error (default: info)")
    .option("--log-format <format>", "text or json (default: text)")
    .option("--state-folder <folder>", "folder for records that outlive the daemon")
    .action(async (options: RunFlags & { readonly config?: string }) => {
      const { run } = await import("./run.js");
      finish(await run(options));
    });

  scaleset
    .command("validate")
    .description("check a config file and say everything that is wrong with it")
    .argument("[file]", "YAML file")
    .option("--json", "one line of JSON on standard output")
    .option("--schema", "print the JSON Schema for editors, with the options of the provisioners that the file uses")
    .action(async (file: string | undefined, options: { readonly json?: true; readonly schema?: true }) => {
      const { printSchema, validate } = await import("./validate.js");
      if (options.schema) finish(await printSchema(file));
      else finish(await validate(file, { json: options.json === true }));
    });

  scaleset
    .command("status")
    .description("show how the daemon of this machine is: what is wrong, what to do, demand against runners")
    .option("--config <file>", "config file of the daemon (default: the default state folder's daemon)")
    .option("--state-folder <folder>", "its state folder, in place of --config")
    .option("--socket <path>", "its status socket, in place of both")
    .option("--runners", "list each runner, its job and its age")
    .option("--json", "the whole snapshot as one line of JSON")
    .option("--watch", "look again and again, until stopped; then exits with 0")
    .addOption(new Option("--interval <s>", "seconds between two looks").argParser(positiveInteger).default(2))
    .action(async (options: StatusOptions) => {
      const { status } = await import("./status.js");
      const { json, watch, runners } = options;
      finish(await status({ ...options, json: json === true, watch: watch === true, runners: runners === true }));
    });

  scaleset
    .command("demo")
    .description("run real jobs against a simulated GitHub on this machine; needs no account")
    .addOption(new Option("--jobs <n>", "jobs to queue").argParser(positiveInteger).default(30))
    .addOption(new Option("--max-runners <n>", "most runners at one time").argParser(positiveInteger).default(10))
    .addOption(new Option("--seed <n>", "chooses the lengths of the jobs").argParser(wholeNumber).default(1))
    .addOption(
      new Option("--provisioner <kind>", "what runners run in").choices(["process", "docker"]).default("process"),
    )
    .option("--json", "end with one line of JSON on standard output; progress goes to standard error")
    .option("--keep", "stay up afterwards, until stopped")
    .action(async (options: DemoFlags) => {
      const { demo } = await import("./demo.js");
      finish(await demo({ ...options, json: options.json === true, keep: options.keep === true }));
    });
  return scaleset;
}

interface StatusOptions {
  readonly config?: string;
  readonly stateFolder?: string;
  readonly socket?: string;
  readonly interval: number;
  readonly json?: true;
  readonly watch?: true;
  readonly runners?: true;
}

interface DemoFlags {
  readonly jobs: number;
  readonly maxRunners: number;
  readonly seed: number;
  readonly provisioner: "process" | "docker";
  readonly json?: true;
  readonly keep?: true;
}

/** `starts`: the command would have started something. */
async function explain(
  error: unknown,
  { json, starts }: { readonly json: boolean; readonly starts: boolean },
): Promise<ExitCode> {
  const { ConfigError, formatIssue } = await import("../config/issue.js");
  if (!(error instanceof ConfigError)) {
    const { redactText } = await import("../config/redact.js");
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`scaleset: ${redactText(text)}\n`);
    return exitCodes.failed.code;
  }
  const { issues } = error;
  if (json) process.stdout.write(`${JSON.stringify({ valid: false, warnings: [], errors: issues })}\n`);
  else {
    const count = issues.length === 1 ? "1 problem" : `${issues.length} problems`;
    process.stderr.write(
      `${issues.map(formatIssue).join("\n")}\n\n${count} found${starts ? "; nothing was started" : ""}.\n`,
    );
  }
  return exitCodes.usage.code;
}
