import fc from "fast-check";
import { expect, test } from "vitest";
import { IndexedHeap } from "./indexed-heap.js";

const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("set" as const), key: fc.nat(12), at: fc.nat(50) }),
    fc.record({ do: fc.constant("delete" as const), key: fc.nat(12) }),
    fc.record({ do: fc.constant("take" as const), limit: fc.nat(50) }),
  ),
  { maxLength: 200 },
);

test("whatever is set, moved, deleted and taken, it answers as a sorted list would", () => {
  fc.assert(
    fc.property(steps, fc.nat(50), (script, limit) => {
      const heap = new IndexedHeap<number>();
      const model = new Map<number, number>();
      for (const step of script) {
        if (step.do === "set") {
          heap.set(step.key, step.at);
          model.set(step.key, step.at);
        } else if (step.do === "delete") {
          heap.delete(step.key);
          model.delete(step.key);
        } else {
          const taken = heap.takeUntil(step.limit);
          if (taken === undefined) {
            expect(Math.min(...model.values())).toBeGreaterThan(step.limit);
          } else {
            expect(model.get(taken)).toBe(Math.min(...model.values()));
            model.delete(taken);
          }
        }
      }
      const priorities = [...model.values()];
      expect(heap.first).toBe(Math.min(...priorities));
      expect(heap.firstAfter(limit)).toBe(Math.min(...priorities.filter((at) => at > limit)));
      const due = heap.until(limit).map((key) => model.get(key));
      expect(due).toEqual(priorities.filter((at) => at <= limit).sort((a, b) => a - b));
    }),
  );
});

test("of equals the first that came leaves first, also when another was moved in between", () => {
  const heap = new IndexedHeap<string>();
  for (const key of ["a", "b", "c"]) heap.set(key, 1);
  heap.set("a", 2);
  heap.set("a", 1);
  expect(heap.until(1)).toEqual(["b", "c", "a"]);
});
