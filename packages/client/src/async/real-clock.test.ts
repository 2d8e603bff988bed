import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { realClock } from "./real-clock.js";

describe("the machine's clock", () => {
  test("sleeps, and leaves no listener whether it slept through or was woken", async () => {
    const { signal } = new AbortController();
    await realClock.sleep(1, { signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    const waking = new AbortController();
    const sleeping = realClock.sleep(60_000, { signal: waking.signal });
    waking.abort(new Error("up"));
    await expect(sleeping).rejects.toThrow("up");
    expect(getEventListeners(waking.signal, "abort")).toHaveLength(0);
    await expect(realClock.sleep(60_000, { signal: waking.signal })).rejects.toThrow("up");
  });

  test("a deadline aborts when the time is up, or with its source, and leaves no listener when it is taken back", async () => {
    const source = new AbortController();
    const late = realClock.deadline(1, { signal: source.signal });
    await expect.poll(() => late.signal.aborted).toBe(true);
    expect(late.signal.reason).toMatchObject({ name: "TimeoutError" });
    const early = realClock.deadline(60_000, { signal: source.signal });
    const takenBack = realClock.deadline(60_000, { signal: source.signal });
    takenBack[Symbol.dispose]();
    expect(getEventListeners(source.signal, "abort")).toHaveLength(1);
    source.abort(new Error("left"));
    expect(early.signal.reason).toMatchObject({ message: "left" });
    expect(takenBack.signal.aborted).toBe(false);
    expect(realClock.deadline(60_000, { signal: source.signal }).signal.aborted).toBe(true);
  });
});
