import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cursor } from "./cursor.js";

describe("a cursor", () => {
  test("knows what came before, what is settled, and how often it failed", () => {
    const cursor = new Cursor();
    expect(cursor.receive(3)).toEqual({ redelivered: false, settled: false, attempt: 1 });
    expect(cursor.failed(3)).toBe(1);
    expect(cursor.receive(3)).toEqual({ redelivered: true, settled: false, attempt: 2 });
    expect(cursor.lastMessageId).toBe(0);
    cursor.settle(3);
    expect(cursor.receive(3)).toEqual({ redelivered: true, settled: true, attempt: 1 });
    cursor.pass(3);
    expect(cursor.lastMessageId).toBe(3);
  });

  test("never goes back, but for a new scale set", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000)), (ids) => {
        const cursor = new Cursor();
        let highest = 0;
        for (const id of ids) {
          cursor.receive(id);
          cursor.settle(id);
          cursor.pass(id);
          highest = Math.max(highest, id);
          expect(cursor.lastMessageId).toBe(highest);
        }
        cursor.reset();
        expect(cursor.lastMessageId).toBe(0);
        expect(cursor.receive(1)).toEqual({ redelivered: false, settled: false, attempt: 1 });
      }),
    );
  });

  test("an id that comes back with other content is another message; one that can't be read tells nothing", () => {
    const cursor = new Cursor();
    cursor.receive(7, "JobAssigned a");
    cursor.settle(7);
    expect(cursor.receive(7, "JobAssigned a")).toEqual({ redelivered: true, settled: true, attempt: 1 });
    expect(cursor.receive(7)).toMatchObject({ settled: true });
    expect(cursor.receive(7, "JobAssigned b")).toEqual({ redelivered: false, settled: false, attempt: 1 });
    cursor.failed(7);
    expect(cursor.receive(7)).toMatchObject({ redelivered: true, attempt: 2 });
    expect(cursor.receive(7, "JobAssigned b")).toMatchObject({ redelivered: true, attempt: 2 });
  });
});
