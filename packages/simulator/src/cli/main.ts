#!/usr/bin/env node
import { createWriteStream, readFileSync, statSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { faultSchema } from "../faults/fault.js";
import { newAppKey } from "../keys/app-key.js";
import { fixedRunnerKeys, freshRunnerKeys } from "../keys/runner-keys.js";
import { messageOf } from "../message-of.js";
import { loadScenario, ScenarioError, shippedScenario, shippedScenarios } from "../scenario/load.js";
import type { Scenario } from "../scenario/schema.js";
import { createSimulator, type Simulator } from "../simulator.js";
import { seededRandom } from "../time/random.js";
import { realClock } from "../time/real-clock.js";
import { CredentialFolder } from "./credentials.js";
import { reportText, violationLines } from "./report.js";

interface Flags {
  readonly port: number;
  readonly host: string;
  readonly urls: "ghes" | "hosted";
  readonly assignment?: "direct" | "acquire";
  readonly org: string;
  readonly token: string;
  readonly runnerUrl?: string;
  readonly faults?: string;
  readonly tls?: boolean;
  readonly githubApp?: boolean;
  readonly credentials?: string;
  readonly freshKeys?: boolean;
  readonly scenario?: string;
  readonly speed: number;
  readonly check?: boolean;
  readonly wait: number;
  readonly journal?: string;
  readonly seed?: number;
  readonly json?: boolean;
}

/** Of the App that `--github-app` makes. */
const appId = 1;

const program = new Command("scaleset-simulator")
  .description("Serves a simulated runner scale set service on loopback")
  .option("--port <number>", "port to listen at; 0 takes any free one", port, 8080)
  .option("--host <address>", "address to listen at", "127.0.0.1")
  .addOption(new Option("--urls <shapes>", "shapes of the URLs").choices(["ghes", "hosted"]).default("ghes"))
  .addOption(
    new Option("--assignment <kind>", "how jobs are given out (default: direct)").choices(["direct", "acquire"]),
  )
  .option("--org <path>", "place of the config URL that is printed: org, owner/repo or enterprises/name", "my-org")
  .option("--token <token>", "personal access token to accept", "simulator-token")
  .option("--runner-url <origin>", "origin by which runners reach this simulator, if it is another one")
  .option("--tls", "serve HTTPS, with a certificate made for this run")
  .option("--github-app", "make a GitHub App, and check what its key signs")
  .option("--credentials <folder>", "folder for the App's key and the CA (default: a new one, removed at the end)")
  .option("--fresh-keys", "a new key in each JIT config, in place of eight fixed ones")
  .option("--faults <file>", "JSON file with a list of faults to start with")
  .option("--scenario <name>", `play a scenario: a YAML file, or one of ${shippedScenarios().join(", ")}`)
  .option("--speed <factor>", "let the scenario go so many times faster", factor, 1)
  .option("--check", "end with status 1 if an autoscaler broke an invariant, and say what led to it")
  .option("--wait <seconds>", "with --check and --scenario: how long to wait for a client", factor, 600)
  .option("--journal <file>", "write everything that happens to a file, one line of JSON each")
  .option("--seed <number>", "make ids, tokens and chances the same in each run", factor)
  .option("--json", "print lines of JSON")
  .action(serve);

await program.parseAsync();

async function serve(flags: Flags): Promise<void> {
  const { json = false } = flags;
  const scenario = flags.scenario === undefined ? undefined : scenarioNamed(flags.scenario);
  const app = flags.githubApp ? newAppKey() : undefined;
  const simulator = build(flags, scenario, app?.publicKeyPem);
  const folder = flags.tls || app ? new CredentialFolder(flags.credentials) : undefined;
  const journal = flags.journal === undefined ? undefined : writeJournal(simulator, flags.journal);
  const checker = flags.check && scenario === undefined ? simulator.check() : undefined;
  if (flags.faults !== undefined) addFaults(simulator, flags.faults);
  const { url, ca } = await simulator
    .listen({ port: flags.port, host: flags.host, tls: flags.tls })
    .catch((error: unknown) => program.error(`error: ${messageOf(error)}`));
  const places = {
    url,
    configUrl: simulator.configUrl(flags.org),
    token: flags.token,
    control: `${url}/_simulator`,
    ...(app && { appId, installationId: 1, privateKeyFile: folder?.write("app-key.pem", app.privateKeyPem) }),
    ...(ca && { caFile: folder?.write("ca.pem", ca) }),
  };
  print(json ? JSON.stringify(places) : announcement(places));
  if (!json)
    simulator.journal.subscribe(
      ({ subject, cause }) =>
        subject === "request" && cause.startsWith("warning") && process.stderr.write(`${cause}\n`),
    );

  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    stop.signal.addEventListener("abort", () => resolve(), { once: true }),
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort(new Error(signal)));
  if (scenario !== undefined) await play(simulator, scenario, { flags, stop });
  if (scenario === undefined || !flags.check) await stopped;
  if (checker !== undefined) {
    const violations = checker.finish(realClock.now());
    print(
      json
        ? JSON.stringify({ violations })
        : ["", ...violationLines(violations, Object.fromEntries(checker.counts))].join("\n"),
    );
    if (violations.length > 0) process.exitCode = 1;
  }
  await simulator.close();
  journal?.end();
  folder?.clear();
}

/** Plays the scenario, and says what became of it. The status is 1 if checks were asked for and failed. */
async function play(
  simulator: Simulator,
  scenario: Scenario,
  { flags: { json, check, speed, wait }, stop }: { flags: Flags; stop: AbortController },
): Promise<void> {
  const say = (line: string): void => {
    if (!json) print(line);
  };
  say(`\nScenario ${scenario.name}: waiting for a client to poll …`);
  const waiting = new AbortController();
  const onBegin = (): void => {
    waiting.abort();
    say(`Scenario ${scenario.name} has begun: ${scenario.about.trim()}`);
  };
  if (check)
    realClock.sleep(wait * 1_000, { signal: waiting.signal }).then(
      () => stop.abort(new Error("no client came")),
      () => undefined,
    );
  const report = await simulator.play(scenario, { speed, signal: stop.signal, onBegin });
  waiting.abort();
  print(json ? JSON.stringify(report) : `\n${reportText(report)}`);
  if (check && !report.passed) process.exitCode = 1;
}

function build(flags: Flags, scenario: Scenario | undefined, appKey: string | undefined): Simulator {
  const { urls, token, runnerUrl, seed } = flags;
  return createSimulator({
    urls,
    assignment: flags.assignment ?? scenario?.assignment,
    token,
    runnerUrl,
    random: seed === undefined ? undefined : seededRandom(seed),
    runnerKeys: flags.freshKeys ? freshRunnerKeys() : fixedRunnerKeys,
    app: appKey === undefined ? undefined : { issuer: String(appId), key: appKey, installationId: 1 },
  });
}

function announcement(
  places: Readonly<Record<string, unknown>> & { readonly url: string; readonly control: string },
): string {
  const { url, control, configUrl, token, appId: app, installationId, privateKeyFile, caFile } = places;
  const curl = caFile === undefined ? "curl -s" : `curl -s --cacert ${String(caFile)}`;
  const lines = [
    ["config URL", configUrl],
    ["token", token],
    ["App id", app],
    ["installation", installationId],
    ["App key", privateKeyFile],
    ["CA", caFile],
  ];
  return [
    `The simulator listens at ${url}`,
    "",
    ...lines
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `  ${String(name).padEnd(13)}${String(value)}`),
    "",
    `Queue a job:  ${curl} ${control}/jobs --json '{"runsOn":"linux","script":"echo hello"}'`,
    `Look at it:   ${curl} ${control}/state`,
    `All of it:    ${curl} ${control}/openapi.json`,
  ].join("\n");
}

function scenarioNamed(name: string): Scenario {
  try {
    // A folder of that name is no scenario; a name with a dot or a slash is meant as a file, also where there is none.
    const isFile = statSync(name, { throwIfNoEntry: false })?.isFile() === true;
    return isFile || /[./]/.test(name) ? loadScenario(name) : shippedScenario(name);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return program.error(`error: ${error.message}`);
  }
}

function writeJournal(simulator: Simulator, file: string): { end(): void } {
  const stream = createWriteStream(file, { flags: "a" });
  stream.on("error", (error) => program.error(`error: the journal can't be written: ${error.message}`));
  simulator.journal.subscribe((entry) => stream.write(`${JSON.stringify(entry)}\n`));
  return stream;
}

function addFaults(simulator: Simulator, file: string): void {
  try {
    const list: unknown = JSON.parse(readFileSync(file, "utf8"));
    for (const fault of z.array(faultSchema).parse(list)) simulator.faults.add(fault);
  } catch (error) {
    program.error(`error: ${file}: ${error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error)}`);
  }
}

function port(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number <= 65_535) return number;
  throw new InvalidArgumentError("It must be a number from 0 to 65535.");
}

function factor(value: string): number {
  const number = Number(value);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError("It must be a number above 0.");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
