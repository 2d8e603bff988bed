import { expect, test } from "vitest";
import type { OutcomeEvent } from "../../src/core/events.js";
import { defaultTimings } from "../../src/core/settings.js";
import { Executor } from "../../src/engine/executor.js";
import { PlaceLimiter } from "../../src/engine/place-limiter.js";
import { quiet, stage } from "./stage.js";

function executing() {
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
    mayWithoutLease: () => true,
    lease: { leftMs: () => 50_000, ready: async () => true },
    isThere: (name) => !gone.has(name),
    wantsOutput: () => false,
    keepOutput: () => {},
    tell: (outcome) => outcomes.push(outcome),
  });
  executor.generation = 1;
  return { clock, service, executor, outcomes, gone };
}

test("a JIT config goes with its runner: nothing holds one that nobody will start", async () => {
  const { clock, executor, outcomes, gone } = executing();
  executor.submit({ type: "create", name: "kept" });
  executor.submit({ type: "request-jit", name: "kept" });
  executor.submit({ type: "request-jit", name: "gone" });
  await clock.runFor(100);
  gone.add("gone");
  executor.forgetGone();
  executor.submit({ type: "start", name: "kept" });
  executor.submit({ type: "start", name: "gone" });
  await clock.runFor(100);
  expect(outcomes.at(-2)).toMatchObject({
    name: "gone",
    type: "start.failed",
    message: "its JIT config is not here any more",
  });
  expect(outcomes.at(-1)).toMatchObject({ name: "kept", type: "start.done" });
});
