import {
  type ContractTestName,
  describeBackendContract,
  MemoryHost,
  playContractRunner,
} from "@scaleset/provisioner/testing";
import { describe, expect, test } from "vitest";
import type { Backend } from "../src/contract.js";
import { breaches } from "./breaches.js";

interface Result {
  readonly key: string;
  readonly outcome: "passed" | "failed" | "skipped";
}

/** Runs the suite outside of a test runner, on a backend that may break a rule. */
async function runSuite(
  breaking: (backend: Backend) => Partial<Backend>,
  options: { skip?: { test: ContractTestName; reason: string }[]; only?: ContractTestName; seesNoExits?: boolean } = {},
): Promise<Result[]> {
  const hosts = new Map<string, MemoryHost>();
  const bodies: [string, (context: { skip(): void }) => Promise<void>][] = [];
  const observesExit = options.seesNoExits !== true;
  describeBackendContract(
    "broken",
    async ({ stateFolder, clock, random }) => {
      const onStart = playContractRunner(clock);
      const host = hosts.get(stateFolder) ?? new MemoryHost({ clock, random, observesExit, onStart });
      hosts.set(stateFolder, host);
      const backend = host.open();
      const changes = breaking(backend);
      return new Proxy<Backend>(backend, {
        get: (target, property) => {
          const value: unknown = Reflect.get(property in changes ? changes : target, property);
          return typeof value === "function" ? value.bind(property in changes ? changes : target) : value;
        },
      });
    },
    {
      api: { describe: (_title, body) => body(), test: (title, body) => void bodies.push([title, body]) },
      // One that needs a second to end is part of one test.
      patienceMs: options.only === "destroy/asks-first" ? 1_500 : 400,
      skip: options.skip ?? [],
    },
  );
  const results: Result[] = [];
  for (const [title, body] of bodies) {
    const key = /\(([^()]+)\)$/.exec(title)?.[1] ?? title;
    if (options.only !== undefined && key !== options.only) continue;
    let skipped = false;
    const outcome = body({
      skip: () => {
        skipped = true;
      },
    });
    const passed = await outcome.then(
      () => true,
      () => false,
    );
    results.push({ key, outcome: passed ? (skipped ? "skipped" : "passed") : "failed" });
  }
  return results;
}

describe("the suite catches a backend that breaks a rule", () => {
  test.each(breaches)("%s: %s", async (_rule, only, breaking) => {
    expect(await runSuite(breaking, { only })).toEqual([{ key: only, outcome: "failed" }]);
    expect(await runSuite(() => ({}), { only })).toEqual([{ key: only, outcome: "passed" }]);
  });
});

test("a test that is skipped with a reason does not run", async () => {
  const skip = [{ test: "check/quiet" as const, reason: "it always finds something" }];
  const results = await runSuite(() => ({ check: () => Promise.reject(new Error("no")) }), {
    skip,
    only: "check/quiet",
  });
  expect(results).toEqual([{ key: "check/quiet", outcome: "skipped" }]);
});

test("a backend that sees no exits is not asked about them", async () => {
  expect(await runSuite(() => ({}), { only: "start/exit-code", seesNoExits: true })).toEqual([
    { key: "start/exit-code", outcome: "skipped" },
  ]);
});

test("a skip of a test that does not exist is refused", () => {
  const name: string = "start/twice";
  expect(() =>
    describeBackendContract("x", () => Promise.reject(new Error("not opened")), {
      api: { describe, test },
      // @ts-expect-error a name that the suite does not have
      skip: [{ test: name, reason: "" }],
    }),
  ).toThrow('no test called "start/twice"');
});
