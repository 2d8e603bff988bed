import assert from "node:assert/strict";
import { type ContractCase, seesExits } from "../case.js";
import { ASKED_TO_END } from "../contract-runner.js";

/** Far longer than any case may take: who waits for it did not see the runner end by itself. */
const LONG_GRACE_MS = 3_600_000;

export const destroyCases = {
  "destroy/missing": {
    title: "destroying what is not there is a success",
    run: (bench) => bench.destroy(bench.name()),
  },
  "destroy/created": {
    title: "a destroyed instance is listed no more, and destroying it again is a success",
    async run(bench) {
      const name = await bench.created();
      await bench.destroy(name);
      assert.equal(await bench.find(name), undefined);
      await bench.destroy(name);
    },
  },
  "destroy/exited": {
    title: "an instance that has ended can be destroyed",
    needs: seesExits,
    async run(bench) {
      const name = await bench.exited(0);
      await bench.destroy(name);
      assert.equal(await bench.find(name), undefined);
    },
  },
  "destroy/polite": {
    title: "a runner is asked to end, and not waited for longer than it needs",
    async run(bench) {
      const name = await bench.started({ mode: "work" });
      await bench.untilRunning(name);
      await bench.destroy(name, LONG_GRACE_MS);
      assert.equal(await bench.find(name), undefined);
    },
  },
  "destroy/asks-first": {
    title: "a runner that needs a moment to end is given it",
    async run(bench) {
      const name = await bench.started({ mode: "slow", seconds: 1 });
      await bench.untilRunning(name);
      let destroyed = false;
      const destroying = bench.destroy(name, LONG_GRACE_MS).finally(() => {
        destroyed = true;
      });
      const heard = bench.until(`${name} was asked to end`, async () => {
        const printed = await bench.output(name).catch(() => "");
        if (printed.includes(ASKED_TO_END)) return "asked";
        return destroyed ? "never" : undefined;
      });
      const [how] = await Promise.all([heard, destroying]);
      assert.equal(how, "asked");
      assert.equal(await bench.find(name), undefined);
    },
  },
  "destroy/forced": {
    title: "a runner that does not end by being asked is ended by force after the grace",
    async run(bench) {
      const name = await bench.started({ mode: "stubborn" });
      await bench.untilRunning(name);
      await bench.destroy(name, 200);
      assert.equal(await bench.find(name), undefined);
    },
  },
  "destroy/concurrent": {
    title: "destroying one instance several times at once is a success each time",
    async run(bench) {
      const name = await bench.started({ mode: "work" });
      await Promise.all(Array.from({ length: 3 }, () => bench.destroy(name, 1_000)));
      assert.equal(await bench.find(name), undefined);
    },
  },
  "destroy/start-after": {
    title: "what was destroyed can't be started",
    async run(bench) {
      const name = await bench.created();
      await bench.destroy(name);
      await bench.rejects("gone", (options) => bench.backend.start(name, bench.jitConfig({ mode: "work" }), options));
    },
  },
  "destroy/others": {
    title: "destroying one instance leaves the others alone",
    async run(bench) {
      const kept = await bench.started({ mode: "work" });
      const ended = await bench.started({ mode: "work" });
      await bench.untilRunning(kept);
      await bench.destroy(ended, 1_000);
      assert.equal((await bench.find(kept))?.state, "started");
    },
  },
} satisfies Record<string, ContractCase>;
