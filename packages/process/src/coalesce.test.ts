import { expect, test } from "vitest";
import { coalesce } from "./coalesce.js";

/** A reading that ends when it is told to. */
function readings(): { read: () => Promise<number>; end: () => void; begun: () => number; fail: () => void } {
  let begun = 0;
  let settle: [(value: number) => void, (error: Error) => void] | undefined;
  const read = coalesce(
    () =>
      new Promise<number>((resolve, reject) => {
        begun += 1;
        settle = [resolve, reject];
      }),
  );
  return {
    read,
    begun: () => begun,
    end: () => settle?.[0](begun),
    fail: () => settle?.[1](new Error("it failed")),
  };
}

test("a hundred who ask while a reading is under way share the next one, since the first may be too old for them", async () => {
  const { read, end, begun } = readings();
  const first = read();
  const others = Array.from({ length: 100 }, read);
  expect(begun()).toBe(1);
  end();
  expect(await first).toBe(1);
  expect(begun()).toBe(2);
  end();
  expect(new Set(await Promise.all(others))).toEqual(new Set([2]));
  const last = read();
  end();
  expect(await last).toBe(3);
});

test("a reading that fails fails for those who asked for it, and the next one begins anew", async () => {
  const { read, end, fail } = readings();
  const first = read();
  const second = read();
  fail();
  await expect(first).rejects.toThrow("it failed");
  end();
  expect(await second).toBe(2);
});
