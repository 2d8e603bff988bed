import { seededRandom, VirtualClock } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { CALL_NEEDS_MS } from "../../src/core/settings.js";
import { Lease } from "../../src/engine/lease.js";

function leasing() {
  const clock = new VirtualClock();
  const asked: number[] = [];
  let renew = async (): Promise<void> => {};
  const lease = new Lease({
    clock,
    random: seededRandom(1),
    lastsMs: 50_000,
    renew: async ({ signal }) => {
      asked.push(clock.uptime());
      await renew();
      signal.throwIfAborted();
    },
  });
  lease.opened(clock.uptime());
  /** Each refresh is answered after that time. */
  const answersAfter = (ms: number): void => {
    renew = async () => {
      const sentAt = clock.uptime();
      await clock.sleep(ms);
      lease.answered({ heldMs: undefined, sentAt });
    };
  };
  const fails = (): void => {
    renew = async () => {
      await clock.sleep(100);
      throw new Error("no answer");
    };
  };
  const hangs = (): void => {
    renew = () => new Promise(() => {});
  };
  /** What a wait came to, once it is over. */
  const wait = (needMs = 0) => {
    const waited: { ready?: boolean; afterMs?: number } = {};
    const from = clock.monotonic();
    void lease.ready(needMs).then((ready) => Object.assign(waited, { ready, afterMs: clock.monotonic() - from }));
    return waited;
  };
  return { clock, lease, asked, answersAfter, fails, hangs, wait };
}

test("the lease lasts from the moment the answered call was sent, not from its answer", async () => {
  const { clock, lease } = leasing();
  expect(lease.leftMs()).toBe(50_000);
  await clock.runFor(60_000);
  lease.answered({ heldMs: 30_000, sentAt: clock.uptime() - 30_000 });
  expect(lease.leftMs()).toBe(20_000);
  lease.answered({ heldMs: undefined, sentAt: clock.uptime() - 40_000 });
  expect(lease.leftMs(), "an older one takes nothing away").toBe(20_000);
});

test("whoever finds it lapsed waits for one refresh, which all share", async () => {
  const { clock, lease, asked, answersAfter, wait } = leasing();
  answersAfter(200);
  await clock.runFor(60_000);
  const waits = [wait(), wait(CALL_NEEDS_MS), wait()];
  await clock.runFor(200);
  expect(waits.map(({ ready }) => ready)).toEqual([true, true, true]);
  expect(asked).toHaveLength(1);
  expect(lease.leftMs()).toBe(49_800);
  const later = wait(CALL_NEEDS_MS);
  await clock.drain();
  expect(later.ready).toBe(true);
  expect(asked).toHaveLength(1);
});

test("a call to the service waits when little is left, other commands do not", async () => {
  const { clock, asked, answersAfter, wait } = leasing();
  answersAfter(200);
  await clock.runFor(36_000);
  const other = wait();
  await clock.drain();
  expect(other.ready).toBe(true);
  expect(asked).toHaveLength(0);
  const call = wait(CALL_NEEDS_MS);
  await clock.drain();
  expect(call.ready).toBeUndefined();
  await clock.runFor(200);
  expect(call.ready).toBe(true);
});

test("an acknowledgement under way is waited for, and saves the refresh", async () => {
  const { clock, lease, asked, wait } = leasing();
  await clock.runFor(49_000);
  lease.answered({ heldMs: 49_000, sentAt: 0 });
  lease.delivered();
  const waited = wait(CALL_NEEDS_MS);
  await clock.runFor(300);
  expect(waited.ready).toBeUndefined();
  lease.answered({ heldMs: undefined, sentAt: clock.uptime() - 300 });
  await clock.drain();
  expect(waited.ready).toBe(true);
  expect(asked).toHaveLength(0);
});

test("where the acknowledgement got no answer, a refresh is sent when the next poll begins", async () => {
  const { clock, lease, asked, answersAfter, wait } = leasing();
  answersAfter(100);
  await clock.runFor(49_000);
  lease.delivered();
  const waited = wait(CALL_NEEDS_MS);
  await clock.runFor(5_000);
  expect(asked).toHaveLength(0);
  lease.pollBegan();
  await clock.runFor(1_000);
  expect(asked).toHaveLength(1);
  expect(waited.ready).toBe(true);
});

test("a message that lay in the socket of a stopped process proves nothing by its acknowledgement", async () => {
  const { clock, lease, asked, answersAfter, wait } = leasing();
  answersAfter(1_000);
  await clock.runFor(66_000);
  lease.answered({ heldMs: 66_000, sentAt: 0 });
  lease.delivered();
  const waited = wait(CALL_NEEDS_MS);
  await clock.runFor(500);
  lease.answered({ heldMs: undefined, sentAt: clock.uptime() });
  expect(lease.leftMs()).toBeLessThan(0);
  expect(asked).toHaveLength(1);
  await clock.runFor(500);
  expect(waited.ready).toBe(true);
  expect(lease.leftMs()).toBe(49_500);
});

test("a wait ends after 30 s, with a bounded number of refreshes", async () => {
  const { clock, asked, fails, wait } = leasing();
  fails();
  await clock.runFor(60_000);
  const waited = wait();
  await clock.runFor(29_000);
  expect(waited.ready).toBeUndefined();
  await clock.runFor(1_000);
  expect(waited).toEqual({ ready: false, afterMs: 30_000 });
  expect(asked.length).toBeGreaterThan(4);
  expect(asked.length).toBeLessThan(11);
});

test("a wait ends at once with its session, whatever is under way, and the next session begins afresh", async () => {
  const { clock, lease, hangs, answersAfter, wait } = leasing();
  hangs();
  await clock.runFor(60_000);
  const waited = wait();
  await clock.runFor(1_000);
  lease.ended();
  await clock.drain();
  expect(waited).toEqual({ ready: false, afterMs: 1_000 });
  expect(lease.leftMs()).toBe(Number.NEGATIVE_INFINITY);
  expect(await lease.ready(0)).toBe(false);
  expect(lease.opened(clock.uptime()), "how long nothing was proved").toBe(61_000);
  answersAfter(100);
  await clock.runFor(60_000);
  const again = wait();
  await clock.runFor(100);
  expect(again.ready).toBe(true);
});

test("an answer of another call ends the wait between two refreshes", async () => {
  const { clock, lease, fails, wait } = leasing();
  fails();
  await clock.runFor(60_000);
  const waited = wait();
  await clock.runFor(10_000);
  lease.answered({ heldMs: 5_000, sentAt: clock.uptime() - 5_000 });
  await clock.drain();
  expect(waited.ready).toBe(true);
});

test("without anybody who waits nothing is refreshed", async () => {
  const { clock, asked } = leasing();
  await clock.runFor(24 * 3_600_000);
  expect(asked).toEqual([]);
});
