import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type ContractCase, seesExits } from "../case.js";
import { STARTED } from "../contract-runner.js";

export const inventoryCases = {
  "list/whole": {
    title: "list shows every instance of every identity, owner and schema, with its own labels",
    async run(bench) {
      const made = new Map(
        Array.from({ length: 12 }, (_, index) => {
          const labels = bench.labels({ owner: `contract-host-${index % 3}`, schema: index % 4 === 0 ? 2 : 1 });
          return [bench.name(), labels] as const;
        }),
      );
      await Promise.all(
        [...made].map(([name, labels]) => bench.call((options) => bench.backend.create({ name, labels }, options))),
      );
      const listed = await bench.call((options) => bench.backend.list(options));
      const found = listed.filter((instance) => made.has(instance.name));
      assert.equal(found.length, made.size);
      for (const instance of found) assert.deepEqual({ ...instance.labels }, made.get(instance.name));
    },
  },
  "list/states": {
    title: "list tells created, started and exited apart",
    needs: seesExits,
    async run(bench) {
      const created = await bench.created();
      const started = await bench.started({ mode: "work" });
      const exited = await bench.exited(3);
      const listed = await bench.call((options) => bench.backend.list(options));
      const states = new Map(listed.map((instance) => [instance.name, instance.state]));
      assert.deepEqual(
        [states.get(created), states.get(started), states.get(exited)],
        ["created", "started", "exited"],
      );
    },
  },
  "list/no-secret": {
    title: "no JIT config shows in what is listed, found or logged",
    async run(bench) {
      const running = await bench.started({ mode: "work" });
      const ending = await bench.started({ mode: "exit", code: 1 });
      await bench.untilRunning(running);
      const listed = await bench.call((options) => bench.backend.list(options));
      assert.ok(listed.some((instance) => instance.name === ending));
      const findings = await bench.call((options) => bench.backend.check(options));
      const refusal = await bench
        .call((options) => bench.backend.start(bench.name(), bench.jitConfig({ mode: "work" }), options))
        .catch((error: unknown) => error);
      const shown = inspect([listed, findings, bench.logged, refusal, bench.backend], { depth: 8, showHidden: true });
      assert.ok(!shown.includes(bench.canary), "a JIT config was shown");
    },
  },
  "logs/tail": {
    title: "logs answers the last bytes that the instance printed, and no more than asked for",
    async run(bench) {
      const name = await bench.started({ mode: "print", lines: 50 });
      await bench.until(`${name} printed its lines`, async () =>
        (await bench.output(name)).includes("line 50\n") ? true : undefined,
      );
      const tail = await bench.output(name, 16);
      assert.equal(tail, "line 49\nline 50\n");
    },
  },
  "logs/last-words": {
    title: "what a runner printed just before its end is there once the end is seen",
    needs: seesExits,
    async run(bench) {
      for (let round = 0; round < 3; round += 1) {
        const name = await bench.exited(1);
        assert.ok((await bench.output(name)).includes(STARTED));
      }
    },
  },
  "logs/missing": {
    title: "logs of what is not there rejects with gone",
    async run(bench) {
      const { backend } = bench;
      await bench.output(await bench.created());
      await bench.rejects(
        "gone",
        async (options) => await backend.logs?.(bench.name(), { ...options, tailBytes: 100 }),
      );
    },
  },
  "check/quiet": {
    title: "check finds no error where everything works, and makes nothing",
    async run(bench) {
      const findings = await bench.call((options) => bench.backend.check(options));
      assert.deepEqual(
        findings.filter((finding) => finding.level === "error"),
        [],
      );
      const name = await bench.started({ mode: "work" });
      await bench.call((options) => bench.backend.check(options));
      assert.equal((await bench.find(name))?.state, "started");
    },
  },
} satisfies Record<string, ContractCase>;
