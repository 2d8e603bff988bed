import type { Clock, Random } from "../../clock.js";
import type { Backend, OpenContext } from "../../contract.js";
import { Bench, NotApplicable } from "./bench.js";
import type { ContractCase } from "./case.js";
import { callCases } from "./cases/calls.js";
import { createCases } from "./cases/create.js";
import { destroyCases } from "./cases/destroy.js";
import { inventoryCases } from "./cases/inventory.js";
import { startCases } from "./cases/start.js";
import { survivalCases } from "./cases/survival.js";
import { watchCases } from "./cases/watch.js";
import { realClock, realRandom } from "./real-clock.js";

const cases = {
  ...createCases,
  ...startCases,
  ...inventoryCases,
  ...destroyCases,
  ...survivalCases,
  ...watchCases,
  ...callCases,
};

/** The name of a test of the suite, for `skip`. */
export type ContractTestName = keyof typeof cases;

/** The two functions that the suite needs from a test runner. Those of `node:test` and of vitest fit. */
export interface ContractTestApi {
  describe(title: string, body: () => void): unknown;
  test(title: string, body: (context: { skip(reason?: string): unknown }) => Promise<void>): unknown;
}

export interface BackendContractOptions {
  /** `import { describe, test } from "node:test"` (or `"vitest"`), then `api: { describe, test }`. */
  readonly api: ContractTestApi;
  /** What this backend can't do, and why. A name that the suite does not have is a type error, and an error. */
  readonly skip?: readonly { readonly test: ContractTestName; readonly reason: string }[];
  /**
   * How long one call, and one wait for something to become so, may take. Raise the time limit of the test runner with
   * it: a test makes several. @default 10_000 @unit milliseconds
   */
  readonly patienceMs?: number;
  /** How many runners were ever started for an instance, where its logs can't tell. */
  readonly countRunners?: (name: string) => Promise<number>;
  /** @default real time */
  readonly clock?: Clock;
  /** @default Math.random */
  readonly random?: Random;
}

/**
 * Declares the suite that every backend must pass: one test for each sentence of the `Backend` contract.
 *
 * Each test calls `open` with a state folder of its own, and may call it again with the same one, as the next daemon
 * would. What `open` gives back must run `contractRunnerScript` (or `playContractRunner`) where it would run the actions
 * runner.
 *
 * ```ts
 * import { describe, test } from "node:test";
 *
 * describeBackendContract("nomad", (context) => provisioner.open({ command: ["sh", "-c", contractRunnerScript] }, context), {
 *   api: { describe, test },
 *   skip: [{ test: "start/exit-code", reason: "Nomad's API tells only that it failed" }],
 * });
 * ```
 */
export function describeBackendContract(
  name: string,
  open: (context: OpenContext) => Promise<Backend>,
  options: BackendContractOptions,
): void {
  const { describe, test } = options.api;
  const skips = new Map<string, string>(options.skip?.map((skip) => [skip.test, skip.reason]));
  for (const skipped of skips.keys()) {
    if (!Object.hasOwn(cases, skipped)) throw new Error(`the backend contract has no test called "${skipped}"`);
  }
  const benchOptions = {
    open,
    clock: options.clock ?? realClock,
    random: options.random ?? realRandom,
    patienceMs: options.patienceMs ?? 10_000,
    countRunners: options.countRunners,
  };
  describe(`the ${name} backend`, () => {
    for (const [key, each] of Object.entries<ContractCase>(cases)) {
      test(`${each.title} (${key})`, async (context) => {
        const reason = skips.get(key);
        if (reason !== undefined) {
          context.skip(reason);
          return;
        }
        const bench = new Bench(benchOptions);
        const inapplicable = await run(each, bench);
        if (inapplicable !== undefined) context.skip(inapplicable);
      });
    }
  });
}

/** Why the case can't be asked of this backend, or undefined when it passed. */
async function run(each: ContractCase, bench: Bench): Promise<string | undefined> {
  await bench.open();
  try {
    const why = each.needs?.(bench.backend);
    if (why !== undefined) return why;
    await each.run(bench);
    return undefined;
  } catch (error) {
    if (error instanceof NotApplicable) return error.message;
    throw error;
  } finally {
    await bench.end();
  }
}
