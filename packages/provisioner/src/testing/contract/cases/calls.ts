import assert from "node:assert/strict";
import type { Backend, CallOptions } from "../../../contract.js";
import type { Bench } from "../bench.js";
import type { ContractCase } from "../case.js";

/** Every call that takes a signal, on an instance that exists. */
function everyCall(bench: Bench, name: string): [string, (options: CallOptions) => Promise<unknown>][] {
  const { backend } = bench;
  const calls: [string, (options: CallOptions) => Promise<unknown>][] = [
    ["check", (options) => backend.check(options)],
    ["create", (options) => backend.create({ name: bench.name(), labels: bench.labels() }, options)],
    ["start", (options) => backend.start(name, bench.jitConfig({ mode: "work" }), options)],
    ["list", (options) => backend.list(options)],
    ["destroy", (options) => backend.destroy(name, { ...options, graceMs: 0 })],
  ];
  const logs = backend.logs?.bind(backend);
  if (logs !== undefined) calls.push(["logs", (options) => logs(name, { ...options, tailBytes: 10 })]);
  return calls;
}

export const callCases = {
  "signal/aborted": {
    title: "a call whose signal is aborted already rejects with its reason, and does nothing",
    async run(bench) {
      const name = await bench.created();
      const reason = new Error("changed our mind");
      const before = await bench.call((options) => bench.backend.list(options));
      for (const [method, call] of everyCall(bench, name)) {
        await assert.rejects(
          () => call({ signal: AbortSignal.abort(reason) }),
          (error: unknown) => {
            assert.equal(error, reason, `${method} rejects with the signal's reason`);
            return true;
          },
        );
      }
      const after = await bench.call((options) => bench.backend.list(options));
      const states = (list: typeof before): string[] =>
        list.map((instance) => `${instance.name} ${instance.state}`).sort();
      assert.deepEqual(states(after), states(before));
    },
  },
  "signal/under-way": {
    title: "a call under way ends soon after its signal aborts, with its reason",
    async run(bench) {
      const name = await bench.started({ mode: "stubborn" });
      await bench.untilRunning(name);
      const reason = new Error("no more patience");
      const controller = new AbortController();
      const destroying = bench.backend.destroy(name, { graceMs: 3_600_000, signal: controller.signal });
      const outcome = destroying.then(
        () => assert.fail("it was destroyed within its grace"),
        (error: unknown) => error,
      );
      await bench.clock.sleep(100);
      controller.abort(reason);
      assert.equal(await bench.within(outcome), reason);
    },
  },
  "close/idempotent": {
    title: "a backend can be closed twice, and another opened after it",
    async run(bench) {
      await bench.backend.close();
      await bench.backend.close();
      await bench.open();
      await bench.call((options) => bench.backend.list(options));
    },
  },
  "capabilities/sound": {
    title: "the capabilities are of contract 1, with a boot deadline above zero",
    async run(bench) {
      const { capabilities }: Backend = bench.backend;
      assert.equal(capabilities.contract, 1);
      assert.ok(capabilities.scope === "host" || capabilities.scope === "shared");
      assert.ok(capabilities.bootDeadlineMs > 0);
    },
  },
} satisfies Record<string, ContractCase>;
