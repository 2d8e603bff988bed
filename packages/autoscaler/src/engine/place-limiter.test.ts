import { expect, test } from "vitest";
import { PlaceLimiter } from "./place-limiter.js";

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

const forever = (): Promise<void> => new Promise(() => {});

test("a backend that hangs keeps nobody waiting who uses another one", async () => {
  const launches = new PlaceLimiter(2);
  const [slow, quick] = [launches.lanes(), launches.lanes()];
  for (let task = 0; task < 5; task++) void slow("cloud").run(0, forever);
  let done = false;
  await quick("here").run(0, async () => {
    done = true;
  });
  expect(done).toBe(true);
});

test("users of one place share its limit, and a raised one is used at once", async () => {
  const launches = new PlaceLimiter(1);
  let begun = 0;
  const task = async (): Promise<void> => {
    begun += 1;
    await forever();
  };
  for (let user = 0; user < 3; user++) void launches.lanes()("here").run(0, task);
  await settle();
  expect(begun).toBe(1);
  launches.setLimit(2);
  await settle();
  expect(begun).toBe(2);
});
