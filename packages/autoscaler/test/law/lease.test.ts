import { expect, test } from "vitest";
import { counts, here, jobs } from "./harness.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Two daemons on machines of their own: `a` holds the session, `b` stands by. */
async function twoDaemons(how: { readonly machineSleeps?: boolean; readonly minRunners?: number } = {}) {
  const h = here();
  const set = { maxRunners: 5, minRunners: how.minRunners ?? 0 };
  const options = { machineSleeps: how.machineSleeps ?? false, latencyMs: 200 };
  const a = h.start(h.config([set], { owner: "a" }), { host: h.hosts[0], ...options });
  await h.pass(20_000);
  const b = h.start(h.config([set], { owner: "b" }), { host: h.hosts[1], latencyMs: 200 });
  await h.pass(20_000);
  const jitOf = (daemon: typeof a): number => daemon.commands.filter((each) => /jit\.done/.test(each)).length;
  const holder = (): string | undefined => h.simulator.state().scaleSets[0]?.session?.ownerName;
  return { h, a, b, jitOf, holder };
}

for (const seconds of [30, 66, 150]) {
  test(`a holder stopped for ${seconds} s with a message in its socket: no job is lost, and nothing is left on its machine`, async () => {
    const { h, a, b, jitOf, holder } = await twoDaemons();
    a.process.stop();
    await h.pass(2_000);
    h.simulator.queueJobs(jobs(5, 3));
    await h.pass(seconds * 1_000 - 2_000);
    const before = holder();
    a.process.resume();
    await h.pass(30 * MINUTE);
    expect(counts(h.simulator)).toMatchObject({ succeeded: 5, lost: 0, twice: 0, leaked: 0 });
    // Whoever of the two has the session in the end serves alone.
    expect(Math.min(jitOf(a), jitOf(b))).toBe(0);
    if (before === "b") expect(jitOf(a)).toBe(0);
    expect([...h.hosts[0].instances(), ...h.hosts[1].instances()]).toEqual([]);
    // As the service has it, a session lives for about a minute without a poll.
    expect(before).toBe(seconds === 30 ? "a" : seconds === 150 ? "b" : undefined);
  });
}

test("a machine that sleeps for hours comes back as a standby, lets its idle runners go, and launches nothing", async () => {
  const { h, a, b, jitOf, holder } = await twoDaemons({ machineSleeps: true, minRunners: 3 });
  expect(jitOf(a)).toBe(3);
  a.process.stop();
  await h.pass(5 * HOUR);
  expect(holder()).toBe("b");
  a.process.resume();
  await h.pass(10 * MINUTE);
  expect(jitOf(a)).toBe(3);
  expect(h.hosts[0].instances()).toEqual([]);
  await h.pass(10 * MINUTE);
  expect(h.simulator.state().runners).toHaveLength(3);
  expect(jitOf(b)).toBe(3);
});

test("a holder that is stopped amid a burst makes no more than what was under way", async () => {
  const { h, a, jitOf, holder } = await twoDaemons();
  h.simulator.queueJobs(jobs(5, 20));
  await h.until(() => h.hosts[0].instances().length > 0, 60_000);
  a.process.stop();
  const before = h.simulator.state().runners.length;
  await h.until(() => holder() === "b", 5 * MINUTE);
  await h.pass(MINUTE);
  a.process.resume();
  await h.pass(2 * HOUR);
  expect(jitOf(a)).toBeLessThanOrEqual(Math.max(before, 5));
  expect(counts(h.simulator)).toMatchObject({ lost: 0, twice: 0, leaked: 0, succeeded: 5 });
  expect(h.hosts[0].instances()).toEqual([]);
});

test("a stop of a minute in a quiet set is no trouble at all: the session is kept, and the next job runs", async () => {
  const { h, a, holder } = await twoDaemons();
  a.process.stop();
  await h.pass(30_000);
  a.process.resume();
  await h.pass(10 * MINUTE);
  expect(holder()).toBe("a");
  expect(a.autoscaler.status().problems).toEqual([]);
  h.simulator.queueJobs(jobs(1, 1));
  await h.pass(5 * MINUTE);
  expect(counts(h.simulator)).toMatchObject({ succeeded: 1, lost: 0 });
});

test("in a quiet set the lease lapses inside held polls, and status is well all the time", async () => {
  const { h, a } = await twoDaemons({ minRunners: 1 });
  const seen = new Set<string>();
  for (let minute = 0; minute < 20; minute++) {
    await h.pass(17_000);
    for (const { state, problems } of a.autoscaler.status().scaleSets) {
      seen.add(state);
      for (const { code } of problems) seen.add(code);
    }
  }
  expect([...seen]).toEqual(["holding"]);
});

test("the minimum is kept once also while the former holder stands by, and its machine is empty in the end", async () => {
  const { h, a, holder } = await twoDaemons({ minRunners: 3 });
  await h.pass(MINUTE);
  a.process.stop();
  await h.until(() => holder() === "b", 5 * MINUTE);
  a.process.resume();
  let most = 0;
  for (let step = 0; step < 60; step++) {
    await h.pass(20_000);
    most = Math.max(most, h.simulator.state().runners.length);
  }
  expect(most).toBe(3);
  expect(h.hosts[0].instances()).toEqual([]);
  expect(h.simulator.state().runners).toHaveLength(3);
});

test("a daemon that waits for its own stale session keeps its runners", async () => {
  const h = here();
  const set = { minRunners: 3, maxRunners: 6 };
  const first = h.start(h.config([set], { owner: "a" }));
  await h.pass(MINUTE);
  await first.stop();
  const [made] = h.simulator.state().scaleSets;
  h.simulator.leaveStaleSession(made?.id ?? 0, { ownerName: "a", forMs: 2 * HOUR });
  const names = h.host.instances().map(({ name }) => name);
  h.start(h.config([set], { owner: "a" }));
  await h.pass(1.5 * HOUR);
  expect(h.host.instances().map(({ name }) => name)).toEqual(names);
});
