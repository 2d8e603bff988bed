import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { realClock } from "@scaleset/simulator";
import type { Mutant } from "./mutant.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const vitest = fileURLToPath(new URL("../../../node_modules/vitest/vitest.mjs", import.meta.url));
const config = "verification/mutants.vitest.config.ts";

/** A test that fails with a mutant. */
export interface TestCatch {
  /** File of the test, from the root of the repository. */
  readonly file: string;
  readonly title: string;
}

/** The first test that fails: the file that is known to catch it is run first, then each of those that must. */
export async function caughtByTests(
  mutant: Mutant,
  options: { readonly hint: string | undefined; readonly limitMs: number },
): Promise<TestCatch | undefined> {
  const { hint, limitMs } = options;
  for (const tests of [...(hint === undefined ? [] : [hint]), ...mutant.tests]) {
    const failure = await firstFailure(mutant, tests, limitMs);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

async function firstFailure({ name }: Mutant, tests: string, limitMs: number): Promise<TestCatch | undefined> {
  const args = [vitest, "run", "--config", config, "--maxWorkers", "1", "--bail", "1", "--reporter=json", tests];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, MUTANT: name },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let report = "";
  child.stdout.on("data", (chunk: Buffer) => {
    report += chunk.toString();
  });
  // SIGTERM: it ends its workers and what the tests started.
  const ended = new AbortController();
  void realClock.sleep(limitMs, { signal: ended.signal }).then(
    () => child.kill(),
    () => {},
  );
  await new Promise((resolve) => child.once("close", resolve));
  ended.abort();
  const at = report.indexOf('{"numTotalTestSuites"');
  return at < 0 ? undefined : readFailure(JSON.parse(report.slice(at)));
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function readFailure({ testResults }: Report): TestCatch | undefined {
  for (const { name, status, message, assertionResults } of testResults) {
    const failed = assertionResults.find((each) => each.status === "failed");
    const title = failed?.fullName ?? (status === "failed" && message ? message.slice(0, 100) : undefined);
    if (title !== undefined) return { file: name.replace(root, ""), title };
  }
  return undefined;
}
