import { abortable } from "@scaleset/provisioner";
import { VirtualClock } from "@scaleset/simulator";
import { describe, expect, test } from "vitest";
import { Limiter } from "../../src/engine/limiter.js";
import { Supervisor } from "../../src/engine/supervisor.js";
import { Wakeups } from "../../src/engine/wakeups.js";
import type { AutoscalerObserver } from "../../src/engine/worker-options.js";
import { noJobs } from "../core/driver.js";
import { keepLease, quiet, stage, started } from "./stage.js";

describe("a worker", () => {
  test("launches what the session's own statistics ask for, each with a JIT config of its own", async () => {
    const { clock, service, host, make, stop, runs } = stage();
    const worker = make();
    const running = worker.run({ signal: stop.signal });
    await clock.drain();
    service.open(3);
    await clock.runUntil(() => started(host) === 3, { limitMs: 1_000 });
    expect(new Set(runs).size).toBe(3);
    expect(worker.status()).toMatchObject({ state: "holding", live: 3, target: 3, problems: [] });
    expect(service.capacity).toBe(10);
    stop.abort();
    await clock.runUntilSettled(running);
  });

  test("what a handler call told is taken in before the call returns, so the message may be acknowledged", async () => {
    const { clock, service, make, stop } = stage();
    const worker = make();
    const running = worker.run({ signal: stop.signal });
    await clock.drain();
    service.open(0);
    await clock.runFor(10_000);
    service.handler?.message({ redelivered: false, statistics: { ...noJobs, assigned: 4 }, jobs: [] });
    expect(worker.status().target).toBe(4);
    stop.abort();
    await clock.runUntilSettled(running);
  });

  test("finishes launches under way before it closes the session, and leaves its runners", async () => {
    const { clock, service, host, make, stop } = stage();
    const worker = make();
    const running = worker.run({ signal: stop.signal });
    await clock.drain();
    service.open(2);
    await clock.runUntil(() => host.instances().length === 1);
    stop.abort();
    await clock.runUntilSettled(running, { limitMs: 5_000 });
    expect(service.listening).toBe(false);
    expect(host.instances().map(({ state }) => state)).toEqual(["started", "started"]);
  });

  test("gives a launch that hangs no longer than the grace when it stops", async () => {
    const { clock, service, host, make, stop } = stage();
    host.failNext("create", "hang");
    const running = make().run({ signal: stop.signal });
    await clock.drain();
    service.open(1);
    await clock.runFor(1_000);
    stop.abort();
    await clock.runUntilSettled(running, { limitMs: 21_000 });
  });

  test("asks for no JIT config any more once its session is closed, not even again", async () => {
    const { clock, service, make, stop } = stage();
    let over: AbortSignal | undefined;
    service.jit = (_name, signal) => {
      over = signal;
      // As one that GitHub told to wait.
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    const running = make().run({ signal: stop.signal });
    await clock.drain();
    service.open(1);
    await clock.runUntil(() => over !== undefined);
    stop.abort();
    await clock.runUntil(() => !service.listening);
    await clock.drain();
    expect(over?.aborted).toBe(true);
    await clock.runUntilSettled(running, { limitMs: 1_000 });
  });

  test("claims no more of a shared limit than it could use while its launches come to nothing", async () => {
    const { clock, service, host, make, stop } = stage();
    host.failNext("create", "rejected", { times: 5 });
    const worker = make();
    const running = worker.run({ signal: stop.signal });
    await clock.drain();
    service.open(5);
    expect(worker.demand()).toMatchObject({ wanted: 5, live: 0 });
    await clock.runFor(1_000);
    expect(worker.demand()).toMatchObject({ wanted: 1, live: 0 });
    stop.abort();
    await clock.runUntilSettled(running, { limitMs: 20_000 });
  });

  test("lets an observer that throws stand in nobody's way", async () => {
    const { clock, service, host, make, stop } = stage();
    const fails = (): never => {
      throw new Error("the observer is broken");
    };
    const running = make({ observer: { onDecision: fails, onCommand: fails } }).run({ signal: stop.signal });
    await clock.drain();
    service.open(2);
    await clock.runUntil(() => started(host) === 2);
    stop.abort();
    await clock.runUntilSettled(running, { limitMs: 5_000 });
  });

  test("drops commands of a session that was lost before they began", async () => {
    const { clock, service, host, make, stop } = stage();
    const running = make().run({ signal: stop.signal });
    await clock.drain();
    service.open(6);
    await clock.runUntil(() => host.instances().length === 2);
    service.handler?.ended();
    await clock.runFor(20_000);
    // Two were being made when the session went; nothing was asked for after.
    expect(host.instances().length).toBe(2);
    expect(service.asked.filter((call) => call.startsWith("jit")).length).toBeLessThanOrEqual(2);
    await clock.runFor(40_000);
    expect(host.instances(), "nobody starts them any longer").toEqual([]);
    stop.abort();
    await clock.runUntilSettled(running);
  });

  test("begins nothing after its right has lapsed, though it was decided before", async () => {
    const { clock, service, host, make, stop } = stage();
    host.failNext("create", "hang", { times: 4 });
    const running = make().run({ signal: stop.signal });
    await clock.drain();
    service.open(6);
    await clock.runFor(300_000);
    expect(host.instances()).toEqual([]);
    stop.abort();
    await clock.runUntilSettled(running);
  });

  test("takes a call to the service back when its right lapses on the way", async () => {
    const { clock, service, host, make, stop } = stage();
    let cutAt: number | undefined;
    service.jit = (_name, signal) =>
      new Promise((_resolve, reject) => {
        // As one that waits for a token, which GitHub lets nobody have for a while.
        signal.addEventListener("abort", () => {
          cutAt = clock.monotonic();
          reject(signal.reason);
        });
      });
    const running = make().run({ signal: stop.signal });
    await clock.drain();
    service.open(0);
    const openedAt = clock.monotonic();
    await clock.runFor(30_000);
    service.handler?.message({ redelivered: false, statistics: { ...noJobs, assigned: 1 }, jobs: [] });
    await clock.runUntil(() => host.instances().length === 1);
    await clock.runFor(120_000);
    expect(cutAt).toBeLessThanOrEqual(openedAt + 50_000);
    stop.abort();
    await clock.runUntilSettled(running);
  });

  test("in a quiet set commands wait for one refresh, and none is dropped", async () => {
    const { clock, service, host, make, stop } = stage();
    const dropped: string[] = [];
    const onCommand: AutoscalerObserver["onCommand"] = ({ outcome }) => {
      if (outcome.type === "command.dropped") dropped.push(outcome.name);
    };
    service.renewal = async () => {
      service.answered();
      return { ...noJobs, assigned: 5, registered: 1 };
    };
    const worker = make({ observer: { onCommand } });
    const running = worker.run({ signal: stop.signal });
    await clock.drain();
    service.open(0);
    await clock.runFor(70_000);
    expect(worker.status()).toMatchObject({ state: "holding" });
    expect(service.asked).toEqual([]);
    worker.setLimits({ minRunners: 3, maxRunners: 10 });
    await clock.runUntil(() => started(host) === 8, { limitMs: 10_000 });
    expect(service.asked.filter((call) => call === "renew")).toHaveLength(1);
    expect(dropped).toEqual([]);
    expect(worker.status().assigned, "what came with the refresh is the newest reading").toBe(5);
    stop.abort();
    await clock.runUntilSettled(running);
  });

  test("while the lease can't be renewed a command is dropped once, and decided again when the service answers", async () => {
    const { clock, service, host, make, stop } = stage();
    service.renewal = () => Promise.reject(new Error("no answer"));
    const worker = make();
    const running = worker.run({ signal: stop.signal });
    await clock.drain();
    service.open(0);
    await clock.runFor(60_000);
    worker.setLimits({ minRunners: 1, maxRunners: 10 });
    await clock.runFor(3_600_000);
    expect(service.asked.length).toBeLessThan(11);
    expect(host.instances()).toEqual([]);
    service.answered(50_000);
    await clock.runUntil(() => started(host) === 1, { limitMs: 1_000 });
    stop.abort();
    await clock.runUntilSettled(running);
  });

  test("a refresh that is under way when it stops holds it up no longer than launches may take", async () => {
    const { clock, service, host, make, stop } = stage();
    let over: AbortSignal | undefined;
    service.renewal = (signal) => {
      over = signal;
      return new Promise(() => {});
    };
    const worker = make();
    const running = worker.run({ signal: stop.signal });
    await clock.drain();
    service.open(0);
    await clock.runFor(60_000);
    worker.setLimits({ minRunners: 1, maxRunners: 10 });
    await clock.runFor(1_000);
    stop.abort();
    await clock.runUntilSettled(running, { limitMs: 10_100 });
    expect(over?.aborted).toBe(true);
    expect(host.instances()).toEqual([]);
  });

  test("gives a backend that ignores its signal no longer than the deadline", async () => {
    const { clock, service, backend, make, stop } = stage();
    backend.create = () => new Promise(() => {});
    const running = make().run({ signal: stop.signal });
    await clock.drain();
    service.open(1);
    await clock.runFor(1_000);
    stop.abort();
    await clock.runUntilSettled(running, { limitMs: 30_000 });
  });

  test("ends with the error when taking news in fails, so that its supervisor starts another", async () => {
    const { clock, service, make, stop } = stage();
    const running = make().run({ signal: stop.signal });
    const ended = expect(running).rejects.toThrow();
    await clock.drain();
    service.handler?.message({ redelivered: false, statistics: undefined, jobs: [null as never] });
    await clock.runUntilSettled(ended);
  });

  test("an unanswered JIT request abandons the name, and another one runs", async () => {
    const { clock, service, host, make, stop, runs } = stage();
    const answer = service.jit;
    service.jit = async () => ({ outcome: "unanswered", message: "timed out" });
    const running = make().run({ signal: stop.signal });
    await clock.drain();
    service.open(1);
    await clock.runFor(100);
    const [lost] = host.instances();
    service.jit = answer;
    await clock.runUntil(() => keepLease(service) && started(host) === 1, { limitMs: 60_000 });
    expect(runs).not.toContain(`jit-of-${lost?.name}`);
    await clock.runUntil(() => keepLease(service) && host.instances().length === 1, { limitMs: 120_000 });
    expect(service.asked.filter((call) => call === `deregister ${lost?.name}`)).toHaveLength(2);
    stop.abort();
    await clock.runUntilSettled(running);
  });

  test("a fleet that runs already is adopted after a restart, and no runner is doubled", async () => {
    const { clock, service, host, make, stop, runs } = stage();
    const first = new AbortController();
    const running = make().run({ signal: first.signal });
    await clock.drain();
    service.open(3);
    await clock.runUntil(() => started(host) === 3);
    first.abort();
    await clock.runUntilSettled(running);
    const again = make();
    const second = again.run({ signal: stop.signal });
    await clock.drain();
    service.open(3);
    await clock.runFor(10_000);
    expect(runs).toHaveLength(3);
    expect(again.status()).toMatchObject({ live: 3, state: "holding" });
    stop.abort();
    await clock.runUntilSettled(second);
  });
});

test.each([
  ["refreshed", 60_000],
  ["refreshed, also where a question waits since before,", 600_000],
])("a session open without polls is %s though the budget for questions is used up", async (_, asideMs) => {
  const { clock, service, host, make, stop } = stage({ timings: { asideMs } });
  const failing = host.failAll(["create"], "transient");
  const never = new Promise<void>(() => {});
  const asks = { take: ({ signal }: { readonly signal: AbortSignal }) => abortable(never, signal) };
  const running = make({ asks }).run({ signal: stop.signal });
  await clock.drain();
  service.open(1);
  await clock.runUntil(() => keepLease(service) && service.mode === "aside", { limitMs: 1_200_000 });
  service.handler?.ended();
  failing.end();
  expect(service.asked).not.toContain("statistics");
  await clock.runUntil(() => service.mode === "unpolled", { limitMs: 120_000 });
  service.open(1);
  await clock.runUntil(() => service.asked.includes("statistics"), { limitMs: 31_000 });
  stop.abort();
  await clock.runUntilSettled(running);
});

test("a worker that crashes starts again with backoff, from what runs", async () => {
  const { clock, service, host, make, stop, random } = stage();
  let made = 0;
  const supervisor = new Supervisor({
    name: "set",
    make: () => {
      made += 1;
      if (made === 1) {
        const broken = make();
        broken.run = () => Promise.reject(new Error("a bug"));
        return broken;
      }
      return make();
    },
    clock,
    random,
    logger: quiet,
  });
  const running = supervisor.run(stop.signal);
  await clock.drain();
  expect(supervisor.status()).toMatchObject({
    state: "restarting",
    problems: [{ code: "worker-crashed", level: "error", message: "its worker ended: a bug (started again in 1 s)" }],
  });
  await clock.runUntil(() => service.listening, { limitMs: 2_000 });
  expect(supervisor.status()).toMatchObject({ state: "starting", problems: [] });
  service.open(1);
  await clock.runUntil(() => started(host) === 1, { limitMs: 1_000 });
  stop.abort();
  await clock.runUntilSettled(running);
});

test("the limiter lets steps that end a launch pass those that begin one", async () => {
  const limiter = new Limiter(1);
  const order: string[] = [];
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const tasks = [
    limiter.run(0, () => gate),
    limiter.run(2, async () => void order.push("create")),
    limiter.run(0, async () => void order.push("start")),
    limiter.run(2, async () => void order.push("create again")),
  ];
  open();
  await Promise.all(tasks);
  expect(order).toEqual(["start", "create", "create again"]);
});

test("wake-ups ring in order of time, once each, and can be moved and taken back", async () => {
  const clock = new VirtualClock();
  const wakeups = new Wakeups(clock);
  const rung: string[] = [];
  const a = (): void => void rung.push(`a ${clock.monotonic()}`);
  const b = (): void => void rung.push(`b ${clock.monotonic()}`);
  const c = (): void => void rung.push("c");
  wakeups.set(a, 500);
  wakeups.set(b, 100);
  wakeups.set(c, 300);
  wakeups.set(c, Number.POSITIVE_INFINITY);
  wakeups.set(a, 200);
  await clock.runFor(1_000);
  expect(rung).toEqual(["b 100", "a 200"]);
  expect(clock.pending()).toEqual([]);
});
