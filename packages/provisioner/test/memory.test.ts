import type { Clock } from "@scaleset/client";
import { MemoryBackend, MemoryHost, type MemoryHostOptions } from "@scaleset/provisioner/testing";
import { describe, expect, test } from "vitest";
import { labels, secret } from "../../process/test/host.js";

/** Time that stands still until it is told to pass. */
class StillClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<{ at: number; wake: () => void }>();

  now = (): number => this.#now;
  monotonic = (): number => this.#now;
  uptime = (): number => this.#now;
  sleep: Clock["sleep"] = (ms, options) =>
    new Promise((resolve, reject) => {
      const sleeper = { at: this.#now + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      options?.signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        reject(options.signal?.reason);
      });
    });
  deadline: Clock["deadline"] = (ms, options) => {
    const controller = new AbortController();
    this.sleep(ms, options).then(
      () => controller.abort(new Error("time is up")),
      (reason: unknown) => controller.abort(reason),
    );
    return { signal: controller.signal, [Symbol.dispose]: () => {} };
  };

  async pass(ms: number): Promise<void> {
    await drained();
    this.#now += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.at > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
    await drained();
  }
}

const drained = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

function world(options: Partial<MemoryHostOptions> = {}): { host: MemoryHost; clock: StillClock; signal: AbortSignal } {
  const clock = new StillClock();
  const host = new MemoryHost({ clock, random: () => 0.5, ...options });
  return { host, clock, signal: new AbortController().signal };
}

/** How a promise stands, without waiting for it. */
async function stand(promise: Promise<unknown>): Promise<string> {
  let how = "pending";
  promise.then(
    () => {
      how = "resolved";
    },
    () => {
      how = "rejected";
    },
  );
  await drained();
  return how;
}

describe("faults", () => {
  test("hit the next such call alone, and nothing happened", async () => {
    const { host, signal } = world();
    const backend = host.open();
    host.failNext("create", "capacity");
    expect(await stand(backend.list({ signal }))).toBe("resolved");
    await expect(backend.create({ name: "a", labels }, { signal })).rejects.toMatchObject({ kind: "capacity" });
    expect(host.instances()).toEqual([]);
    await backend.create({ name: "a", labels }, { signal });
    expect(host.pendingFaults).toBe(0);
  });

  test("can wait for one name, and hit several times", async () => {
    const { host, signal } = world();
    const backend = host.open();
    host.failNext("create", "denied", { name: "b", times: 2 });
    await backend.create({ name: "a", labels }, { signal });
    for (let round = 0; round < 2; round += 1) {
      await expect(backend.create({ name: "b", labels }, { signal })).rejects.toMatchObject({ kind: "denied" });
    }
    await backend.create({ name: "b", labels }, { signal });
  });

  test("of a lost answer happen, and are told as transient", async () => {
    const { host, signal } = world();
    host.failNext("create", "answer lost");
    const created = host.open().create({ name: "a", labels }, { signal });
    await expect(created).rejects.toMatchObject({ kind: "transient" });
    expect(host.find("a")?.state).toBe("created");
  });

  test("that hang end with the caller's patience, before or after it happened", async () => {
    for (const fault of ["hang", "hang after"] as const) {
      const { host } = world();
      const controller = new AbortController();
      host.failNext("create", fault);
      const created = host.open().create({ name: "a", labels }, { signal: controller.signal });
      expect(await stand(created)).toBe("pending");
      const reason = new Error("no more patience");
      controller.abort(reason);
      await expect(created).rejects.toBe(reason);
      expect(host.find("a")?.state).toBe(fault === "hang" ? undefined : "created");
    }
  });
});

describe("time", () => {
  test("passes partly before a call takes effect, partly after", async () => {
    const { host, clock, signal } = world({ latencies: { create: 100 } });
    const created = host.open().create({ name: "a", labels }, { signal });
    await clock.pass(49);
    expect(host.find("a")).toBeUndefined();
    await clock.pass(1);
    expect(host.find("a")?.state).toBe("created");
    expect(await stand(created)).toBe("pending");
    await clock.pass(50);
    expect(await stand(created)).toBe("resolved");
  });

  test("of a destroyed runner is its grace, and no more", async () => {
    let killed = false;
    const { host, clock, signal } = world({
      onStart: async (_name, _jit, run) => {
        run.killed.addEventListener("abort", () => {
          killed = true;
        });
        return await new Promise<number>(() => {});
      },
    });
    const backend = host.open();
    await backend.create({ name: "a", labels }, { signal });
    await backend.start("a", secret("jit"), { signal });
    const destroyed = backend.destroy("a", { graceMs: 1_000, signal });
    await clock.pass(999);
    expect([host.find("a")?.state, killed]).toEqual(["started", false]);
    await clock.pass(1);
    await destroyed;
    expect([host.find("a"), killed]).toEqual([undefined, true]);
  });
});

describe("runners", () => {
  test("get their name and JIT config, and end with what they return or throw", async () => {
    const seen: string[] = [];
    const { host, signal } = world({
      onStart: async (name, jitConfig) => {
        seen.push(`${name} ${jitConfig}`);
        if (name === "bad") throw new Error("out of memory");
        return 7;
      },
    });
    const backend = host.open();
    for (const name of ["good", "bad"]) {
      await backend.create({ name, labels }, { signal });
      await backend.start(name, secret("jit"), { signal });
    }
    await drained();
    expect(seen).toEqual(["good jit", "bad jit"]);
    expect(host.find("good")).toMatchObject({ state: "exited", exitCode: 7 });
    expect(host.find("bad")).toMatchObject({ state: "exited", exitCode: 1, exitReason: "out of memory" });
  });

  test("can be ended and lost from outside, and what they return then counts no more", async () => {
    const signals: AbortSignal[] = [];
    const { host, signal } = world({
      onStart: async (_name, _jit, run) => {
        signals.push(run.killed);
        return await new Promise((resolve) => run.killed.addEventListener("abort", () => resolve(0)));
      },
    });
    const backend = host.open();
    for (const name of ["a", "b"]) {
      await backend.create({ name, labels }, { signal });
      await backend.start(name, secret("jit"), { signal });
    }
    host.exit("a", 3, "segmentation fault");
    host.lose("b");
    await drained();
    expect(signals.every((each) => each.aborted)).toBe(true);
    expect(host.instances()).toMatchObject([{ name: "a", state: "exited", exitCode: 3 }]);
  });

  test("on a host whose exits nobody sees stay started for the backend", async () => {
    const { host, signal } = world({ observesExit: false, onStart: async () => 0 });
    const backend = host.open();
    await backend.create({ name: "a", labels }, { signal });
    await backend.start("a", secret("jit"), { signal });
    await drained();
    expect(host.find("a")?.state).toBe("exited");
    expect(await backend.list({ signal })).toMatchObject([{ name: "a", state: "started" }]);
  });
});

describe("a crash of the daemon", () => {
  test.each([
    ["takes effect", 0.1, "created"],
    ["never happens", 0.9, undefined],
  ])("lets a call under way hang for ever; by chance it %s", async (_what, chance, state) => {
    const { host, clock, signal } = world({ random: () => chance, latencies: { create: 100 } });
    const backend = host.open();
    const created = backend.create({ name: "a", labels }, { signal });
    await drained();
    backend.crash();
    await clock.pass(1_000);
    expect(host.find("a")?.state).toBe(state);
    expect(await stand(created)).toBe("pending");
    expect(await stand(backend.list({ signal }))).toBe("pending");
    expect((await host.open().list({ signal })).length).toBe(state === undefined ? 0 : 1);
  });

  test("ends its watches, not those of another daemon, and leaves runners alone", async () => {
    const { host, signal } = world();
    const [dead, alive] = [host.open(), host.open()];
    await dead.create({ name: "a", labels }, { signal });
    await dead.start("a", secret("jit"), { signal });
    const [ends, goesOn] = [dead, alive].map((each) => each.watch({ signal })[Symbol.asyncIterator]().next());
    dead.crash();
    expect(await ends).toMatchObject({ done: true });
    host.exit("a", 0);
    expect(await goesOn).toMatchObject({ value: { instance: { name: "a", state: "exited" } } });
  });
});

test("a host of limited size says when it is full", async () => {
  const { host, signal } = world({ maxInstances: 1 });
  const backend = host.open();
  await backend.create({ name: "a", labels }, { signal });
  await expect(backend.create({ name: "b", labels }, { signal })).rejects.toMatchObject({ kind: "capacity" });
});

test("a backend can be had without a host of one's own", async () => {
  const clock = new StillClock();
  const backend = new MemoryBackend({ clock, random: () => 0.5 });
  const { signal } = new AbortController();
  await backend.create({ name: "a", labels }, { signal });
  await backend.start("a", secret("jit"), { signal });
  await backend.destroy("a", { graceMs: 1_000, signal });
  expect(backend.host.instances()).toEqual([]);
});

describe("what lasts until it is ended", () => {
  const spec = (name: string) => ({ name, labels });

  test("a fault that lasts meets every call of its operations, and no other", async () => {
    const { host, signal } = world();
    const backend = host.open();
    const broken = host.failAll(["create", "list"], "transient");
    for (const name of ["a", "b"]) await expect(backend.create(spec(name), { signal })).rejects.toThrow("as planned");
    await expect(backend.list({ signal })).rejects.toThrow("as planned");
    await backend.destroy("a", { graceMs: 0, signal });
    expect(broken.struck).toBe(3);
    broken.end();
    await backend.create(spec("a"), { signal });
    expect((await backend.list({ signal })).map(({ name }) => name)).toEqual(["a"]);
  });

  test("a host that is limited refuses what is beyond, counts it, and keeps what it has", async () => {
    const { host, signal } = world({ maxInstances: 3 });
    const backend = host.open();
    await backend.create(spec("a"), { signal });
    await backend.create(spec("b"), { signal });
    host.limitTo(1);
    await expect(backend.create(spec("c"), { signal })).rejects.toThrow("full");
    expect(host.refusals).toBe(1);
    expect(host.instances().length).toBe(2);
    host.limitTo(undefined);
    await backend.create(spec("c"), { signal });
    await expect(backend.create(spec("d"), { signal })).rejects.toThrow("full");
  });

  test("stale lists show what there was, and strike only where that is wrong", async () => {
    const { host, signal } = world();
    const backend = host.open();
    await backend.create(spec("a"), { signal });
    const stale = host.staleLists();
    const names = async () => (await backend.list({ signal })).map(({ name }) => name);
    expect([await names(), stale.struck]).toEqual([["a"], 0]);
    await backend.create(spec("b"), { signal });
    expect([await names(), stale.struck]).toEqual([["a"], 1]);
    stale.end();
    expect(await names()).toEqual(["a", "b"]);
  });

  test("a slow operation takes so much longer", async () => {
    const { host, clock, signal } = world({ latencies: { create: 100 } });
    host.slowDown("create", 5_000);
    const made = host.open().create(spec("a"), { signal });
    await clock.pass(2_550);
    await clock.pass(2_500);
    expect(await stand(made)).toBe("pending");
    await clock.pass(100);
    expect(await stand(made)).toBe("resolved");
  });

  test("clearFaults ends them all", async () => {
    const { host, signal } = world();
    const backend = host.open();
    host.failAll(["create"], "capacity");
    host.limitTo(0);
    host.slowDown("create", 5_000);
    host.staleLists();
    host.clearFaults();
    await backend.create(spec("a"), { signal });
    expect((await backend.list({ signal })).length).toBe(1);
  });
});

test("an instance that is marked unfit says why, in lists and to watchers", async () => {
  const { host, signal } = world();
  const backend = host.open();
  await backend.create({ name: "a", labels }, { signal });
  const events = backend.watch({ signal })[Symbol.asyncIterator]();
  host.markUnfit("a", "its node is going away");
  expect((await events.next()).value).toMatchObject({ instance: { name: "a", unfit: "its node is going away" } });
  expect(await backend.list({ signal })).toMatchObject([{ name: "a", unfit: "its node is going away" }]);
});
