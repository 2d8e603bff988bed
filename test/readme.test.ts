import { readFileSync } from "node:fs";
import * as clientPackage from "@scaleset/client";
import { createSimulator, runSimulatedRunner } from "@scaleset/simulator";
import ts from "typescript";
import { expect, test } from "vitest";

/** The block that a page marks with `<!-- test: NAME -->`, as a function of what it takes for given. */
function example(page: string, name: string, given: readonly string[]): (...values: unknown[]) => Promise<void> {
  const text = readFileSync(new URL(`../${page}`, import.meta.url), "utf8");
  const [, block] = text.match(new RegExp(`<!-- test: ${name} -->\\s*\`\`\`ts\\n([\\s\\S]*?)\`\`\``)) ?? [];
  if (block === undefined) throw new Error(`${page} has no block for "${name}"`);
  const body = block.replace(/^import \{(.*)\} from "@scaleset\/client";$/m, "const {$1} = clientPackage;");
  const whole = `async function run(clientPackage, ${given.join(", ")}) {\n${body}\n}`;
  const { outputText } = ts.transpileModule(whole, { compilerOptions: { target: ts.ScriptTarget.ES2022 } });
  const run: unknown = new Function(`${outputText}\nreturn run;`)();
  if (typeof run !== "function") throw new Error("the block is no program");
  return (...values) => run(clientPackage, ...values);
}

test("the polling loop of the README runs the jobs that waited, and those that come", async () => {
  await using simulator = createSimulator();
  await simulator.listen();
  const configUrl = simulator.configUrl("my-org");
  const token = simulator.token;
  simulator.queueJobs([
    { runsOn: ["linux-x64"], durationMs: 20 },
    { runsOn: ["linux-x64"], durationMs: 20 },
  ]);

  const client = new clientPackage.ScaleSetClient({
    configUrl,
    credentials: clientPackage.personalAccessToken(token),
  });
  const runners = new Set<Promise<unknown>>();
  let made = 0;
  const scaleTo = async (count: number): Promise<void> => {
    const [set] = simulator.state().scaleSets;
    while (set !== undefined && runners.size < count) {
      const { encodedJitConfig } = await client.generateJitRunnerConfig(set.id, { name: `runner-${++made}` });
      const life = runSimulatedRunner({ jitConfig: encodedJitConfig.reveal(), fetch });
      const ended = life.finally(() => runners.delete(ended));
      runners.add(ended);
    }
  };
  const done = new AbortController();
  const loop = example("README.md", "readme-loop", ["configUrl", "token", "signal", "scaleTo"]);
  const running = loop(configUrl, token, done.signal, scaleTo);
  await simulator.when(() => simulator.summary().succeeded === 2, { signal: AbortSignal.timeout(15_000) });
  // A runner that has not quite ended yet would be counted in place of the one that the next job needs.
  await Promise.all(runners);
  simulator.queueJob({ runsOn: ["linux-x64"], durationMs: 20 });
  await simulator.when(() => simulator.summary().succeeded === 3, { signal: AbortSignal.timeout(15_000) });
  done.abort();
  await running;
  await client.close();
  expect(simulator.state().scaleSets[0]?.session).toBeUndefined();
  expect(simulator.summary()).toMatchObject({ lost: 0, twice: 0, leaked: 0 });
});
