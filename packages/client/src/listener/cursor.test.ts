import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cursor } from "./cursor.js";

describe("a cursor", () => {
  test("knows what came before, what is settled, and how often it failed", () => {
    const cursor = new Cursor();
    expect(cursor.receive(3, "a")).toEqual({ redelivered: false, settled: false, attempt: 1 });
    expect(cursor.failed(3)).toBe(1);
    expect(cursor.receive(3, "a")).toEqual({ redelivered: true, settled: false, attempt: 2 });
    expect(cursor.lastMessageId).toBe(0);
    cursor.settle(3);
    expect(cursor.receive(3, "a")).toEqual({ redelivered: true, settled: true, attempt: 1 });
    cursor.pass(3);
    expect(cursor.lastMessageId).toBe(3);
  });

  test("follows every new message, also down; a recognized one never moves it back", () => {
    const message = fc.record({ id: fc.nat(20), content: fc.constantFrom("a", "b") });
    fc.assert(
      fc.property(fc.array(message), (messages) => {
        const cursor = new Cursor();
        for (const { id, content } of messages) {
          const before = cursor.lastMessageId;
          const { redelivered } = cursor.receive(id, content);
          cursor.settle(id);
          cursor.pass(id);
          expect(cursor.lastMessageId).toBe(redelivered ? Math.max(before, id) : id);
        }
        cursor.reset();
        expect(cursor.lastMessageId).toBe(0);
        expect(cursor.receive(1, "a")).toEqual({ redelivered: false, settled: false, attempt: 1 });
      }),
    );
  });

  test("a lower id than the last is no sign of a redelivery", () => {
    const cursor = new Cursor();
    for (const id of [7, 8]) {
      cursor.receive(id, `job ${id}`);
      cursor.settle(id);
      cursor.pass(id);
    }
    expect(cursor.receive(2, "job of the restarted queue")).toMatchObject({ redelivered: false, attempt: 1 });
    cursor.settle(2);
    cursor.pass(2);
    expect(cursor.lastMessageId).toBe(2);
    expect(cursor.receive(7, "job 7")).toMatchObject({ redelivered: true, settled: true });
  });

  test("a message whose handler was interrupted is new when it comes again", () => {
    const cursor = new Cursor();
    cursor.receive(1, "a");
    expect(cursor.receive(1, "a")).toEqual({ redelivered: false, settled: false, attempt: 1 });
    cursor.handled(1);
    expect(cursor.receive(1, "a")).toEqual({ redelivered: true, settled: false, attempt: 1 });
  });

  test("an id that comes back with other content is another message", () => {
    const cursor = new Cursor();
    cursor.receive(7, "a");
    cursor.settle(7);
    expect(cursor.receive(7, "b")).toEqual({ redelivered: false, settled: false, attempt: 1 });
    cursor.failed(7);
    expect(cursor.receive(7, "b")).toMatchObject({ redelivered: true, attempt: 2 });
  });

  test("failures of an id count on until it is settled, so that a message whose statistics change is given up one day", () => {
    const cursor = new Cursor();
    for (const statistics of ["1", "2", "3"]) {
      cursor.receive(7, statistics);
      cursor.failed(7);
    }
    expect(cursor.receive(7, "4")).toEqual({ redelivered: false, settled: false, attempt: 4 });
    cursor.settle(7);
    expect(cursor.receive(7, "5")).toEqual({ redelivered: false, settled: false, attempt: 1 });
  });

  test("a body that can't be read is never taken for a settled message, since it may be a new one", () => {
    const cursor = new Cursor();
    cursor.receive(7, "a");
    cursor.settle(7);
    expect(cursor.receive(7, undefined)).toMatchObject({ settled: false });
    expect(cursor.receive(7, "a")).toMatchObject({ settled: true });
    cursor.receive(8, undefined);
    cursor.failed(8);
    expect(cursor.receive(8, "b")).toMatchObject({ redelivered: true, attempt: 2 });
    cursor.receive(9, undefined);
    cursor.settle(9);
    expect(cursor.receive(9, undefined), "given up unread").toMatchObject({ settled: true });
    expect(cursor.receive(9, "c"), "it can be read now").toEqual({ redelivered: false, settled: false, attempt: 1 });
  });

  test("restarted, the next poll names no message, also when one was passed meanwhile", () => {
    const cursor = new Cursor();
    cursor.receive(5, "a");
    cursor.restart();
    cursor.pass(5);
    expect(cursor.beginPoll()).toBe(0);
    expect(cursor.beginPoll()).toBe(0);
    cursor.receive(5, "a");
    cursor.pass(5);
    expect(cursor.beginPoll()).toBe(5);
  });

  test("remembers a bounded number of messages", () => {
    const cursor = new Cursor();
    for (let id = 1; id <= 2_000; id++) {
      cursor.receive(id, "a");
      cursor.settle(id);
    }
    expect(cursor.receive(1_999, "a")).toMatchObject({ settled: true });
    expect(cursor.receive(1, "a")).toMatchObject({ settled: false, redelivered: false });
  });
});
