import assert from "node:assert/strict";
import { type ContractCase, seesExits } from "../case.js";

export const startCases = {
  "start/runs": {
    title: "start runs the runner, and lists the instance as started",
    async run(bench) {
      const name = await bench.started({ mode: "work" });
      assert.equal((await bench.find(name))?.state, "started");
      await bench.untilRunning(name);
      assert.equal((await bench.find(name))?.state, "started");
    },
  },
  "start/whole-jit-config": {
    title: "a JIT config of 16 KiB arrives whole",
    async run(bench) {
      const name = await bench.created();
      const jitConfig = bench.jitConfig({ mode: "work" }, 16_384);
      await bench.call((options) => bench.backend.start(name, jitConfig, options));
      await bench.untilRunning(name);
      const printed = await bench.output(name);
      assert.ok(
        printed.includes(`given ${jitConfig.reveal().length} characters`),
        `of ${jitConfig.reveal().length} characters: ${printed}`,
      );
    },
  },
  "start/once": {
    title: "starting it again does nothing",
    async run(bench) {
      const name = await bench.started({ mode: "work" });
      await bench.untilRunning(name);
      const again = bench.jitConfig({ mode: "exit", code: 1 });
      await bench.call((options) => bench.backend.start(name, again, options));
      await bench.clock.sleep(100);
      assert.equal((await bench.find(name))?.state, "started");
      assert.equal(await bench.runners(name), 1);
    },
  },
  "start/concurrent": {
    title: "of several starts at once, one starts a runner",
    async run(bench) {
      const name = await bench.created();
      const start = (): Promise<void> =>
        bench.call((options) => bench.backend.start(name, bench.jitConfig({ mode: "work" }), options));
      await Promise.all(Array.from({ length: 5 }, start));
      await bench.untilRunning(name);
      await bench.clock.sleep(100);
      assert.equal(await bench.runners(name), 1);
    },
  },
  "start/missing": {
    title: "starting what is not there rejects with gone",
    async run(bench) {
      const name = bench.name();
      await bench.rejects("gone", (options) => bench.backend.start(name, bench.jitConfig({ mode: "work" }), options));
      assert.equal(await bench.find(name), undefined);
    },
  },
  "start/exited": {
    title: "starting what has ended rejects with gone, and runs nothing",
    needs: seesExits,
    async run(bench) {
      const name = await bench.exited(0);
      await bench.rejects("gone", (options) => bench.backend.start(name, bench.jitConfig({ mode: "work" }), options));
      await bench.clock.sleep(100);
      assert.equal((await bench.find(name))?.state, "exited");
    },
  },
  "start/exit-code": {
    title: "a runner's exit code is listed, and stays listed",
    needs: seesExits,
    async run(bench) {
      for (const code of [0, 1, 7]) {
        const name = await bench.exited(code);
        assert.equal((await bench.find(name))?.exitCode, code);
      }
    },
  },
  "start/killed": {
    title: "a runner that was killed has ended, and not with code 0",
    needs: seesExits,
    async run(bench) {
      const name = await bench.started({ mode: "die" });
      const instance = await bench.untilState(name, "exited");
      assert.notEqual(instance.exitCode, 0);
    },
  },
} satisfies Record<string, ContractCase>;
