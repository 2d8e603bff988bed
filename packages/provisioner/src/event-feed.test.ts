import { expect, test } from "vitest";
import type { InstanceEvent } from "./contract.js";
import { EventFeed } from "./event-feed.js";

const gone = (name: string): InstanceEvent => ({ type: "gone", name });

async function taken(events: AsyncIterable<InstanceEvent>): Promise<string[]> {
  const names: string[] = [];
  for await (const event of events) if (event.type === "gone") names.push(event.name);
  return names;
}

test("what is published between the watch and the first look is not missed", async () => {
  const feed = new EventFeed();
  const events = feed.watch(new AbortController().signal);
  feed.publish(gone("early"));
  feed.end();
  expect(await taken(events)).toEqual(["early"]);
});

test("each watcher hears of everything, in order", async () => {
  const feed = new EventFeed();
  const watchers = [1, 2].map(() => taken(feed.watch(new AbortController().signal)));
  for (const name of ["a", "b", "c"]) feed.publish(gone(name));
  feed.end();
  expect(await Promise.all(watchers)).toEqual([
    ["a", "b", "c"],
    ["a", "b", "c"],
  ]);
});

test("an aborted watch ends at once, and is forgotten", async () => {
  const feed = new EventFeed();
  const controller = new AbortController();
  let ended = 0;
  const events = taken(
    feed.watch(controller.signal, () => {
      ended += 1;
    }),
  );
  controller.abort();
  feed.publish(gone("late"));
  expect(await events).toEqual([]);
  expect([feed.watchers, ended]).toEqual([0, 1]);
});

test("leaving the loop ends the watch", async () => {
  const feed = new EventFeed();
  const events = feed.watch(new AbortController().signal);
  feed.publish(gone("one"));
  for await (const event of events) {
    expect(event.type).toBe("gone");
    break;
  }
  expect(feed.watchers).toBe(0);
});

test("a watcher that never takes anything is let go before it fills the memory", () => {
  const feed = new EventFeed();
  feed.watch(new AbortController().signal);
  for (let event = 0; event <= 10_000; event += 1) feed.publish(gone(`n${event}`));
  expect(feed.watchers).toBe(0);
});
