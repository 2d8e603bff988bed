import { expect, test } from "vitest";
import { Limiter } from "./limiter.js";

/** A task that runs until it is let go, and says when it began. */
function held(): { readonly task: () => Promise<void>; readonly end: () => void; begun: boolean } {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const self = {
    begun: false,
    end: () => end(),
    task: async () => {
      self.begun = true;
      await ended;
    },
  };
  return self;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

test("one scale set's two hundred launches don't keep another's single launch waiting behind them", async () => {
  const limiter = new Limiter(1);
  const [busy, small] = [limiter.lane(), limiter.lane()];
  const order: string[] = [];
  const runs = Array.from({ length: 200 }, () => busy.run(2, async () => void order.push("busy")));
  runs.push(small.run(2, async () => void order.push("small")));
  await Promise.all(runs);
  expect(order.indexOf("small")).toBeLessThanOrEqual(2);
  expect(order).toHaveLength(201);
});

test("lanes take turns for as long as each has something waiting", async () => {
  const limiter = new Limiter(1);
  const order: string[] = [];
  const first = held();
  const blocked = limiter.lane().run(0, first.task);
  const lanes = ["a", "b", "c"].map((name) => ({ name, lane: limiter.lane() }));
  const runs = lanes.flatMap(({ name, lane }) =>
    [1, 2, 3].map((count) => lane.run(1, async () => void order.push(`${name}${count}`))),
  );
  first.end();
  await Promise.all([blocked, ...runs]);
  expect(order).toEqual(["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"]);
});

test("a launch that is begun passes one that is not, whosever it is", async () => {
  const limiter = new Limiter(1);
  const order: string[] = [];
  const first = held();
  const blocked = limiter.lane().run(0, first.task);
  const create = limiter.lane().run(2, async () => void order.push("create"));
  const start = limiter.lane().run(0, async () => void order.push("start"));
  first.end();
  await Promise.all([blocked, create, start]);
  expect(order).toEqual(["start", "create"]);
});

test("never more than the limit run at once, whatever fails, and every place comes back", async () => {
  const limiter = new Limiter(3);
  const lanes = [limiter.lane(), limiter.lane()];
  let running = 0;
  let most = 0;
  const work = async (fails: boolean): Promise<void> => {
    running += 1;
    most = Math.max(most, running);
    await settle();
    running -= 1;
    if (fails) throw new Error("it failed");
  };
  const runs = Array.from({ length: 30 }, (_, index) => lanes[index % 2]?.run(index % 3, () => work(index % 4 === 0)));
  await Promise.allSettled(runs);
  expect(most).toBe(3);
  const again = [held(), held(), held()];
  const more = again.map(({ task }) => limiter.run(0, task));
  await settle();
  expect(again.every(({ begun }) => begun)).toBe(true);
  for (const { end } of again) end();
  await Promise.all(more);
});

test("a raised limit lets waiting ones go at once, a lowered one is met as tasks end", async () => {
  const limiter = new Limiter(1);
  const tasks = [held(), held(), held(), held()];
  const runs = tasks.map(({ task }) => limiter.run(0, task));
  await settle();
  const begun = (): number => tasks.filter((each) => each.begun).length;
  expect(begun()).toBe(1);
  limiter.setLimit(3);
  await settle();
  expect(begun()).toBe(3);
  limiter.setLimit(1);
  tasks[0]?.end();
  tasks[1]?.end();
  await settle();
  expect(begun()).toBe(3);
  tasks[2]?.end();
  await settle();
  expect(begun()).toBe(4);
  tasks[3]?.end();
  await Promise.all(runs);
});
