import assert from "node:assert/strict";
import type { InstanceEvent } from "../../../contract.js";
import type { Bench } from "../bench.js";
import { type ContractCase, seesExits } from "../case.js";

/** Watches until the case is over, keeping what was seen. */
function watching(bench: Bench): { seen: InstanceEvent[]; stop(): Promise<void> } {
  const seen: InstanceEvent[] = [];
  const controller = new AbortController();
  const events = bench.backend.watch({ signal: controller.signal });
  const done = (async () => {
    for await (const event of events) seen.push(event);
  })();
  return {
    seen,
    stop: async () => {
      controller.abort(new Error("seen enough"));
      await bench.within(done);
    },
  };
}

export const watchCases = {
  "watch/changes": {
    title: "watch tells that an instance came and went",
    async run(bench) {
      const { seen, stop } = watching(bench);
      const name = await bench.started({ mode: "work" });
      await bench.until(`a change of ${name} is told`, async () =>
        seen.find((event) => event.type === "changed" && event.instance.name === name),
      );
      await bench.destroy(name, 1_000);
      await bench.until(`the end of ${name} is told`, async () =>
        seen.find((event) => event.type === "gone" && event.name === name),
      );
      await stop();
    },
  },
  "watch/exit": {
    title: "watch tells that a runner ended, and how",
    needs: seesExits,
    async run(bench) {
      const { seen, stop } = watching(bench);
      const name = await bench.started({ mode: "exit", code: 7 });
      const event = await bench.until(`the exit of ${name} is told`, async () =>
        seen.find((each) => each.type === "changed" && each.instance.name === name && each.instance.state === "exited"),
      );
      assert.equal(event.type === "changed" ? event.instance.exitCode : undefined, 7);
      await stop();
    },
  },
  "watch/quiet-end": {
    title: "a watch ends quietly when its signal aborts",
    async run(bench) {
      const { stop } = watching(bench);
      await stop();
      const aborted = AbortSignal.abort(new Error("never wanted"));
      for await (const event of bench.backend.watch({ signal: aborted })) assert.fail(`${event.type} after the end`);
    },
  },
  "watch/close": {
    title: "a watch ends when the backend is closed",
    async run(bench) {
      const { signal } = new AbortController();
      const events = bench.backend.watch({ signal })[Symbol.asyncIterator]();
      const next = events.next();
      await bench.backend.close();
      const result = await bench.within(next);
      assert.equal(result.done, true);
      await bench.open();
    },
  },
} satisfies Record<string, ContractCase>;
