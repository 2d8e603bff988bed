import { expect, test } from "vitest";
import { type Sharer, Shares } from "../../src/daemon/shares.js";
import { Wakeups } from "../../src/engine/wakeups.js";
import type { SharedDemand } from "../../src/engine/worker-options.js";
import { virtual } from "./virtual.js";

class Stub implements Sharer {
  readonly maxRunners = 100;
  readonly priority = 1;
  share: number | undefined;
  wanted = 0;
  live = 0;
  /** What the poll under way announces; the share where no test says otherwise. */
  announced: number | undefined;

  demand(): SharedDemand {
    const announced = this.announced ?? Math.max(1, this.live, this.share ?? 1);
    const full = this.wanted > 0 && this.wanted >= announced;
    return { wanted: this.wanted, live: this.live, promised: this.announced ?? 0, full };
  }

  setShare(share: number | undefined): void {
    this.share = share;
  }
}

function shared(
  total: number | undefined,
): { readonly shares: Shares; readonly a: Stub; readonly b: Stub } & Pick<ReturnType<typeof virtual>, "clock"> {
  const { clock } = virtual();
  const shares = new Shares(clock, new Wakeups(clock), total);
  const [a, b] = [new Stub(), new Stub()];
  shares.join(a);
  shares.join(b);
  return { clock, shares, a, b };
}

test("a small set beside one that always wants everything is given room to show what waits for it, and keeps what it fills", async () => {
  const { clock, shares, a, b } = shared(8);
  Object.assign(a, { wanted: 8, live: 8 });
  shares.divideSoon();
  await clock.drain();
  b.wanted = 1;
  shares.divideSoon();
  await clock.drain();
  // A place of the other's is free: the one job that was accepted runs, and room for more is held out.
  Object.assign(a, { live: 6 });
  Object.assign(b, { live: 1 });
  shares.divideSoon();
  await clock.drain();
  expect(b.share).toBe(2);
  // More jobs came of it.
  Object.assign(b, { wanted: 2, live: 2 });
  Object.assign(a, { live: 4 });
  shares.divideSoon();
  await clock.drain();
  expect([a.share, b.share]).toEqual([4, 4]);
});

test("a total lowered under what lives lets no set launch until there is room, also when a runner has just ended", async () => {
  const { clock, shares, a, b } = shared(10);
  Object.assign(a, { wanted: 5, live: 5 });
  Object.assign(b, { wanted: 5, live: 5 });
  shares.total = 6;
  await clock.drain();
  expect([a.share, b.share]).toEqual([3, 3]);
  Object.assign(a, { live: 2 });
  shares.divide();
  expect([a.share, b.share]).toEqual([2, 3]);
  Object.assign(b, { live: 3 });
  shares.divide();
  expect([a.share, b.share]).toEqual([3, 3]);
});

test("room that nobody fills is given back after a moment, and tried again after a minute", async () => {
  const { clock, shares, a, b } = shared(8);
  Object.assign(a, { wanted: 8, live: 6 });
  Object.assign(b, { wanted: 1, live: 1 });
  b.share = 1;
  shares.divideSoon();
  await clock.drain();
  shares.divideSoon();
  await clock.drain();
  expect([a.share, b.share]).toEqual([6, 2]);
  await clock.runFor(6_000);
  expect([a.share, b.share]).toEqual([7, 1]);
  await clock.runFor(30_000);
  shares.divideSoon();
  await clock.drain();
  expect(b.share).toBe(1);
  // Nothing else happens meanwhile.
  await clock.runFor(26_000);
  expect(b.share).toBe(2);
});

test("without a limit there are no shares, and one that is lifted takes them back", async () => {
  const { clock, shares, a, b } = shared(undefined);
  await clock.drain();
  expect([a.share, b.share]).toEqual([undefined, undefined]);
  shares.total = 4;
  await clock.drain();
  expect([a.share, b.share]).toEqual([2, 2]);
  shares.total = undefined;
  await clock.drain();
  expect([a.share, b.share]).toEqual([undefined, undefined]);
});

test("a place goes to another set only after the poll that announced it is over", async () => {
  const { clock, shares, a, b } = shared(10);
  Object.assign(a, { announced: 5 });
  Object.assign(b, { announced: 5 });
  await clock.drain();
  expect([a.share, b.share]).toEqual([5, 5]);
  Object.assign(a, { wanted: 9, live: 5 });
  shares.divideSoon();
  await clock.drain();
  expect([a.share, b.share]).toEqual([5, 0]);
  // Its next poll announces 1, which takes no place from another.
  Object.assign(b, { announced: 0 });
  shares.divideSoon();
  await clock.drain();
  expect([a.share, b.share]).toEqual([10, 0]);
});
