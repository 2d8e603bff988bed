import assert from "node:assert/strict";
import type { Backend } from "../../../contract.js";
import { type ContractCase, seesExits } from "../case.js";

const survives = (backend: Backend): string | undefined =>
  backend.capabilities.survivesDaemon ? undefined : "instances of this backend end with the daemon";

export const survivalCases = {
  "reopen/finds": {
    title: "the next daemon finds every instance as it is, with its labels",
    needs: survives,
    async run(bench) {
      const name = bench.name();
      const labels = bench.labels();
      await bench.call((options) => bench.backend.create({ name, labels }, options));
      const started = await bench.started({ mode: "work" });
      const before = await bench.find(name);
      await bench.reopen();
      const after = await bench.find(name);
      assert.deepEqual({ ...after, labels: { ...after?.labels } }, { ...before, labels });
      assert.equal((await bench.find(started))?.state, "started");
    },
  },
  "reopen/start": {
    title: "the next daemon can start what the last one created, and starts nothing twice",
    needs: survives,
    async run(bench) {
      const created = await bench.created();
      const started = await bench.started({ mode: "work" });
      await bench.untilRunning(started);
      await bench.reopen();
      for (const name of [created, started]) {
        await bench.call((options) => bench.backend.start(name, bench.jitConfig({ mode: "work" }), options));
        await bench.untilRunning(name);
        assert.equal((await bench.find(name))?.state, "started");
      }
      await bench.clock.sleep(100);
      assert.equal(await bench.runners(started), 1);
    },
  },
  "reopen/destroy": {
    title: "the next daemon can end what the last one started",
    needs: survives,
    async run(bench) {
      const name = await bench.started({ mode: "work" });
      await bench.reopen();
      await bench.destroy(name, 1_000);
      assert.equal(await bench.find(name), undefined);
    },
  },
  "reopen/exit-code": {
    title: "the next daemon finds how a runner ended before it came",
    needs: (backend) => survives(backend) ?? seesExits(backend),
    async run(bench) {
      const name = await bench.exited(7);
      await bench.reopen();
      const instance = await bench.find(name);
      assert.deepEqual([instance?.state, instance?.exitCode], ["exited", 7]);
    },
  },
  "reopen/honest": {
    title: "where instances end with the daemon, the next one is not told that they run",
    needs: (backend) => (survives(backend) === undefined ? "instances of this backend outlive the daemon" : undefined),
    async run(bench) {
      const name = await bench.started({ mode: "work" });
      await bench.reopen();
      assert.notEqual((await bench.find(name))?.state, "started");
    },
  },
} satisfies Record<string, ContractCase>;
