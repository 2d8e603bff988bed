#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { faultSchema } from "./faults/fault.js";
import { createSimulator, type Simulator } from "./simulator.js";

interface Flags {
  readonly port: number;
  readonly host: string;
  readonly urls: "ghes" | "hosted";
  readonly assignment: "direct" | "acquire";
  readonly org: string;
  readonly token: string;
  readonly runnerUrl?: string;
  readonly faults?: string;
  readonly json?: boolean;
}

const program = new Command("scaleset-simulator")
  .description("Serves a simulated runner scale set service on loopback")
  .option("--port <number>", "port to listen at; 0 takes any free one", port, 8080)
  .option("--host <address>", "address to listen at", "127.0.0.1")
  .addOption(new Option("--urls <shapes>", "shapes of the URLs").choices(["ghes", "hosted"]).default("ghes"))
  .addOption(
    new Option("--assignment <kind>", "how jobs are given out").choices(["direct", "acquire"]).default("direct"),
  )
  .option("--org <name>", "organisation of the config URL that is printed", "my-org")
  .option("--token <token>", "personal access token to accept", "simulator-token")
  .option("--runner-url <origin>", "origin by which runners reach this simulator, if it is another one")
  .option("--faults <file>", "JSON file with a list of faults to start with")
  .option("--json", "print one line of JSON")
  .action(serve);

await program.parseAsync();

async function serve({ port, host, urls, assignment, org, token, runnerUrl, faults, json }: Flags): Promise<void> {
  const simulator = createSimulator({ urls, assignment, token, runnerUrl });
  if (faults !== undefined) addFaults(simulator, faults);
  const { url } = await simulator
    .listen({ port, host })
    .catch((error: unknown) => program.error(`error: ${reason(error)}`));
  const control = `${url}/_simulator`;
  const configUrl = simulator.configUrl(org);
  const text = [
    `The simulator listens at ${url}`,
    ``,
    `  config URL  ${configUrl}`,
    `  token       ${token}`,
    ``,
    `Queue a job:  curl -s ${control}/jobs --json '{"runsOn":"linux","script":"echo hello"}'`,
    `Look at it:   curl -s ${control}/state`,
  ].join("\n");
  process.stdout.write(`${json ? JSON.stringify({ url, configUrl, token, control }) : text}\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      void simulator.close();
    });
  }
}

function addFaults(simulator: Simulator, file: string): void {
  try {
    const list: unknown = JSON.parse(readFileSync(file, "utf8"));
    for (const fault of z.array(faultSchema).parse(list)) simulator.faults.add(fault);
  } catch (error) {
    program.error(`error: ${file}: ${error instanceof z.ZodError ? z.prettifyError(error) : reason(error)}`);
  }
}

function port(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number <= 65_535) return number;
  throw new InvalidArgumentError("It must be a number from 0 to 65535.");
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
