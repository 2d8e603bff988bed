import { expect, test } from "vitest";
import type { OutcomeEvent } from "../../src/core/events.js";
import { defaultTimings } from "../../src/core/settings.js";
import { Executor, type ExecutorOptions } from "../../src/engine/executor.js";
import { PlaceLimiter } from "../../src/engine/place-limiter.js";
import { quiet, stage } from "./stage.js";

/** A lease that the test plays. */
class PlayedLease {
  left = 50_000;
  #end = (_ready: boolean): void => {};

  leftMs(): number {
    return this.left;
  }

  async ready(needMs: number): Promise<boolean> {
    if (this.left > needMs) return true;
    return await new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  renewed(): void {
    this.#end(true);
  }

  failed(): void {
    this.#end(false);
  }
}

function executing(how: { readonly asks?: ExecutorOptions["asks"]; readonly needsLease?: boolean } = {}) {
  const lease = new PlayedLease();
  const { clock, backend, service } = stage();
  const lane = new PlaceLimiter(2).lanes()("place-1");
  const outcomes: OutcomeEvent[] = [];
  const gone = new Set<string>();
  const executor = new Executor({
    backendOf: () => backend,
    service,
    labels: () => ({ schema: 1, identity: "me", owner: "here", spec: "1" }),
    launchesOf: () => lane,
    endingsOf: () => lane,
    clock,
    timings: defaultTimings,
    logger: quiet,
    may: () => true,
    mayWithoutLease: () => how.needsLease !== true,
    lease,
    asks: how.asks,
    isThere: (name) => !gone.has(name),
    wantsOutput: () => false,
    keepOutput: () => {},
    tell: (outcome) => outcomes.push(outcome),
  });
  executor.generation = 1;
  return { clock, backend, service, executor, outcomes, gone, lease };
}

test("a JIT config is released by its start, and kept for a start that was dropped", async () => {
  const { clock, executor, outcomes } = executing();
  executor.submit({ type: "create", name: "a" });
  executor.submit({ type: "request-jit", name: "a" });
  await clock.runFor(100);
  executor.submit({ type: "start", name: "a" });
  executor.generation = 2;
  await clock.runFor(100);
  expect(outcomes.at(-1)).toMatchObject({ type: "command.dropped", command: "start" });
  expect(executor.jitConfigs).toBe(1);
  executor.submit({ type: "start", name: "a" });
  await clock.runFor(100);
  expect(outcomes.at(-1)).toMatchObject({ name: "a", type: "start.done" });
  expect(executor.jitConfigs).toBe(0);
  executor.submit({ type: "start", name: "a" });
  await clock.runFor(100);
  expect(outcomes.at(-1)).toMatchObject({ type: "start.failed", message: "its JIT config is no longer here" });
});

test("no JIT config outlives a removal or a runner that is gone", async () => {
  const { clock, service, executor, gone } = executing();
  executor.submit({ type: "request-jit", name: "destroyed" });
  executor.submit({ type: "request-jit", name: "deregistered" });
  await clock.runFor(100);
  expect(executor.jitConfigs).toBe(2);
  executor.submit({ type: "destroy", name: "destroyed" });
  executor.submit({ type: "deregister", name: "deregistered", runnerId: undefined });
  await clock.runFor(100);
  expect(executor.jitConfigs).toBe(0);
  let answer = (): void => {};
  service.jit = (name) =>
    new Promise((resolve) => {
      answer = () => resolve({ outcome: "issued", runnerId: 1, jitConfig: { reveal: () => name } });
    });
  executor.submit({ type: "request-jit", name: "late" });
  await clock.runFor(100);
  gone.add("late");
  answer();
  await clock.runFor(100);
  expect(executor.jitConfigs, "its answer came after it was gone").toBe(0);
});

test("look-ups wait for the budget of questions, and removals do not", async () => {
  let admit = (): void => {};
  const asks = {
    take: () =>
      new Promise<void>((resolve) => {
        admit = resolve;
      }),
  };
  const { clock, service, executor, outcomes } = executing({ asks });
  for (const name of ["a", "b", "c", "d"]) executor.submit({ type: "look-up", name, runnerId: undefined });
  executor.submit({ type: "deregister", name: "e", runnerId: undefined });
  await clock.runFor(1_000);
  expect(service.asked).toEqual(["deregister e"]);
  admit();
  await clock.runFor(1_000);
  expect(service.asked).toEqual(["deregister e", "look-up d"]);
  expect(outcomes).toHaveLength(2);
});

test("look-ups without an answer hold no place that a removal needs", async () => {
  const { clock, service, executor, outcomes } = executing();
  service.lookUp = () => new Promise(() => {});
  for (const name of ["a", "b", "c", "d"]) executor.submit({ type: "look-up", name, runnerId: undefined });
  await clock.runFor(100);
  executor.submit({ type: "deregister", name: "e", runnerId: undefined });
  await clock.runFor(1_000);
  expect(outcomes).toMatchObject([{ type: "deregister.done", name: "e" }]);
});

test("look-ups that wait for the budget are dropped at a stop", async () => {
  const asks = {
    take: ({ signal }: { readonly signal: AbortSignal }) =>
      new Promise<void>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  };
  const { clock, executor, outcomes } = executing({ asks });
  executor.submit({ type: "look-up", name: "a", runnerId: undefined });
  await clock.runFor(1_000);
  await clock.runUntilSettled(executor.stop());
  expect(outcomes).toEqual([{ type: "command.dropped", name: "a", command: "look-up", why: "rights" }]);
});

test("a command whose lease lapsed while it waited for a place gives the place back, and begins once it is renewed", async () => {
  const { clock, backend, executor, outcomes, lease } = executing({ needsLease: true });
  const create = backend.create;
  backend.create = async (spec, call) => {
    await clock.sleep(10_000);
    return await create.call(backend, spec, call);
  };
  for (const name of ["a", "b", "c"]) executor.submit({ type: "create", name });
  await clock.runFor(5_000);
  lease.left = 0;
  executor.submit({ type: "look-up", name: "d", runnerId: undefined });
  await clock.runFor(20_000);
  expect(outcomes.map(({ name }) => name).toSorted()).toEqual(["a", "b", "d"]);
  lease.left = 50_000;
  lease.renewed();
  await clock.runFor(20_000);
  expect(outcomes.at(-1)).toEqual({ type: "create.done", name: "c" });
});

test("a JIT request never goes out with little of the lease left, and its deadline is what is left", async () => {
  const { clock, service, executor, outcomes, lease } = executing({ needsLease: true });
  let cutAt = 0;
  service.jit = (_name, signal) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => {
        cutAt = clock.monotonic();
        reject(signal.reason);
      }),
    );
  lease.left = 14_900;
  executor.submit({ type: "request-jit", name: "a" });
  await clock.runFor(1_000);
  expect(service.asked).toEqual([]);
  lease.left = 40_000;
  lease.renewed();
  await clock.runFor(60_000);
  expect(cutAt).toBe(41_000);
  expect(outcomes).toMatchObject([{ type: "jit.failed", answered: false }]);
});

test("a command is dropped where the lease could not be renewed, and where the session changed meanwhile", async () => {
  const { clock, executor, outcomes, lease } = executing({ needsLease: true });
  lease.left = 0;
  executor.submit({ type: "create", name: "a" });
  await clock.drain();
  lease.failed();
  await clock.drain();
  executor.submit({ type: "create", name: "b" });
  await clock.drain();
  executor.generation = 2;
  lease.left = 50_000;
  lease.renewed();
  await clock.drain();
  expect(outcomes).toEqual([
    { type: "command.dropped", name: "a", command: "create", why: "lease" },
    { type: "command.dropped", name: "b", command: "create", why: "rights" },
  ]);
});
