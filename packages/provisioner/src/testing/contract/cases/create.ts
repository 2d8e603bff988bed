import assert from "node:assert/strict";
import type { ContractCase } from "../case.js";

/** How long a runner that should not run is given to show up. */
const SHOW_UP_MS = 150;

export const createCases = {
  "create/listed": {
    title: "what is created is listed as created, with the labels it was given",
    async run(bench) {
      const name = bench.name();
      const labels = bench.labels();
      const before = bench.clock.now();
      const made = await bench.call((options) => bench.backend.create({ name, labels }, options));
      assert.equal(made.name, name);
      assert.equal(made.state, "created");
      assert.deepEqual({ ...made.labels }, labels);
      const tolerance = 60_000; // an engine on another machine has a clock of its own
      assert.ok(Math.abs(made.createdAt - before) < tolerance, `createdAt ${made.createdAt} is about now, ${before}`);
      const listed = await bench.find(name);
      assert.deepEqual({ ...listed, labels: { ...listed?.labels } }, { ...made, labels: { ...made.labels } });
    },
  },
  "create/idempotent": {
    title: "creating it again answers what is there, whatever became of it, and makes nothing",
    async run(bench) {
      const name = bench.name();
      const spec = { name, labels: bench.labels() };
      const other = { name, labels: bench.labels({ owner: "contract-host-2" }) };
      const first = await bench.call((options) => bench.backend.create(spec, options));
      const second = await bench.call((options) => bench.backend.create(other, options));
      assert.deepEqual({ ...second.labels }, { ...first.labels });
      assert.equal(second.createdAt, first.createdAt);
      await bench.call((options) => bench.backend.start(name, bench.jitConfig({ mode: "work" }), options));
      assert.equal((await bench.call((options) => bench.backend.create(spec, options))).state, "started");
      assert.equal((await bench.find(name))?.state, "started");
    },
  },
  "create/concurrent": {
    title: "creating one name several times at once makes one instance",
    async run(bench) {
      const name = bench.name();
      const spec = { name, labels: bench.labels() };
      const made = await Promise.all(
        Array.from({ length: 5 }, () => bench.call((options) => bench.backend.create(spec, options))),
      );
      for (const each of made) assert.equal(each.createdAt, made[0]?.createdAt);
      assert.ok(await bench.find(name));
    },
  },
  "create/inert": {
    title: "nothing runs in a created instance",
    async run(bench) {
      const name = await bench.created();
      await bench.clock.sleep(SHOW_UP_MS);
      assert.equal((await bench.find(name))?.state, "created");
      assert.equal(await bench.runners(name), 0);
    },
  },
  "create/longest-name": {
    title: "a name of 63 characters is as good as any",
    async run(bench) {
      const name = bench.name().padEnd(63, "x");
      await bench.call((options) => bench.backend.create({ name, labels: bench.labels() }, options));
      try {
        assert.equal((await bench.find(name))?.name, name);
      } finally {
        await bench.destroy(name, 0);
      }
      assert.equal(await bench.find(name), undefined);
    },
  },
} satisfies Record<string, ContractCase>;
