import { setMaxListeners } from "node:events";
import { RequestPace } from "@scaleset/client";
import { VirtualClock } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { AskBudget } from "../../src/engine/ask-budget.js";

const never = new AbortController().signal;
// Every question listens to it.
setMaxListeners(0, never);

function budgeting() {
  const clock = new VirtualClock();
  const pace = new RequestPace(100, clock);
  const budget = new AskBudget(pace, 100, clock);
  const sentAt: number[] = [];
  const ask = async (signal = never): Promise<void> => {
    await budget.take({ signal });
    // As the client does before it sends.
    await clock.sleep(pace.turnMs());
    sentAt.push(clock.monotonic());
  };
  return { clock, pace, budget, ask, sentAt };
}

test("a JIT request never waits behind the asked readings of 1,000 sets", async () => {
  const { clock, pace, ask, sentAt } = budgeting();
  void Promise.all(Array.from({ length: 1_000 }, () => ask()));
  for (let second = 0; second < 100; second++) {
    await clock.runFor(1_000);
    expect(pace.turnMs()).toBeLessThanOrEqual(0);
  }
  expect(sentAt.length).toBeGreaterThan(900);
});

test("questions take a tenth of the pace", async () => {
  const { clock, ask, sentAt } = budgeting();
  void Promise.all(Array.from({ length: 1_000 }, () => ask()));
  await clock.runFor(60_000);
  expect(sentAt.length).toBeGreaterThan(590);
  expect(sentAt.length).toBeLessThan(610);
});

test("questions wait while anything else waits for its turn, and come one by one then", async () => {
  const { clock, pace, ask, sentAt } = budgeting();
  // Launches of 20 s.
  for (let request = 0; request < 2_100; request++) pace.turnMs();
  void Promise.all(Array.from({ length: 500 }, () => ask()));
  await clock.runFor(19_900);
  expect(sentAt).toEqual([]);
  await clock.runFor(1_100);
  expect(sentAt.length).toBeLessThan(15);
  expect(pace.waitMs).toBe(0);
});

test("who is told to end leaves the queue at once, and keeps nobody waiting", async () => {
  const { clock, budget } = budgeting();
  await budget.take({ signal: never });
  const gone = new AbortController();
  const left = budget.take({ signal: gone.signal });
  let came = false;
  void budget.take({ signal: never }).then(() => {
    came = true;
  });
  gone.abort(new Error("it ends"));
  await expect(left).rejects.toThrow("it ends");
  await clock.runFor(100);
  expect(came).toBe(true);
});
