import { runSimulatedRunner } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { counts, here, jobs } from "./harness.js";

const HOUR = 3_600_000;

test("B1 a restart, and one minute in which the look-up by name finds nobody: no busy runner is killed", async () => {
  const h = here();
  const first = h.start(h.config([{ minRunners: 1 }]));
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(3, 60));
  await h.pass(60_000);
  await first.stop();
  h.start(h.config([{ minRunners: 0 }]));
  await h.pass(30_000);
  h.simulator.faults.add({
    call: "list-runners",
    forMs: 60_000,
    effect: { kind: "patch", body: { count: 0, value: [] } },
  });
  await h.pass(2 * HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0, succeeded: 3 });
});

test("B2 a job that JobStarted named is not ended while its runner works, whatever look-ups say for some minutes", async () => {
  const h = here();
  h.start(h.config([{}]));
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(1, 60));
  await h.pass(9 * 60_000);
  h.simulator.faults.add({
    call: ["get-runner", "remove-runner"],
    forMs: 10 * 60_000,
    effect: { kind: "refusal", refusal: "AgentNotFoundException" },
  });
  await h.pass(2 * HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0, leaked: 0, succeeded: 1 });
});

test("B3a a full machine accepts no more than it can hold", async () => {
  const h = here({ host: { maxInstances: 3 } });
  h.start(h.config([{ maxRunners: 10 }]));
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(10, 40));
  await h.pass(4 * HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0, succeeded: 10 });
});

test("B3b who can't list what lives lets a healthy standby have the session, or accepts nothing", async () => {
  const h = here();
  h.hosts[0].failNext("list", "transient", { times: 1e9 });
  h.start(h.config([{}], { owner: "a" }), { host: h.hosts[0] });
  await h.pass(3_000);
  h.start(h.config([{}], { owner: "b" }), { host: h.hosts[1] });
  await h.pass(60_000);
  h.simulator.queueJobs(jobs(10, 1));
  await h.pass(2 * HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0 });
});

test("B3c places that can't be given back are not announced", async () => {
  const h = here();
  h.start(h.config([{ maxRunners: 3 }]));
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(3, 0.1));
  h.host.failNext("destroy", "transient", { times: 1e9 });
  await h.pass(60_000);
  h.simulator.queueJobs(jobs(5, 1));
  await h.pass(3 * HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0 });
});

test("B4 of two sets and one runner in all, who waits longest is next", async () => {
  const h = here();
  h.start(h.config([{ name: "a" }, { name: "b" }], { limits: { launchConcurrency: 10, maxRunners: 1 } }));
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(60, 1, "a"));
  await h.pass(10_000);
  const { id } = h.simulator.queueJob({ runsOn: ["b"], durationMs: 60_000 });
  await h.pass(2 * HOUR);
  const { lost, startedAtMs = Number.POSITIVE_INFINITY, queuedAtMs = 0 } = h.simulator.job(id) ?? {};
  expect(lost).toBe(false);
  expect(Math.round((startedAtMs - queuedAtMs) / 60_000)).toBeLessThanOrEqual(2);
});

test("B5 news of jobs without a runner's name (F9), statistics right: short jobs go on", async () => {
  const h = here();
  h.start(h.config([{ maxRunners: 8 }]), {
    fetch: async (_url, _init, next) => {
      const answer = await next();
      const text = answer.status === 200 ? await answer.clone().text() : "";
      if (!/RunnerScaleSetJobMessages/.test(text)) return answer;
      const message = JSON.parse(text);
      message.body = JSON.stringify(
        JSON.parse(message.body || "[]").map((j: { messageType: string }) =>
          /JobStarted|JobCompleted/.test(j.messageType) ? { ...j, runnerName: "" } : j,
        ),
      );
      return new Response(JSON.stringify(message), { status: 200, headers: answer.headers });
    },
  });
  await h.pass(3_000);
  for (let minute = 0; minute < 120; minute++) {
    h.simulator.queueJobs(jobs(2, 1 / 6));
    await h.pass(60_000);
  }
  expect(counts(h.simulator).succeeded).toBeGreaterThan(230);
});

for (const [how, machineSleeps] of [
  ["its machine was suspended", true],
  ["SIGSTOP (sockets before timers)", false],
] as const) {
  test(`B6 a holder that comes back after another took over launches nothing: ${how}`, async () => {
    const h = here();
    const a = h.start(h.config([{ maxRunners: 5 }], { owner: "a" }), {
      host: h.hosts[0],
      machineSleeps,
      latencyMs: 200,
    });
    await h.pass(20_000);
    h.start(h.config([{ maxRunners: 5 }], { owner: "b" }), { host: h.hosts[1], latencyMs: 200 });
    await h.pass(20_000);
    a.process.stop();
    await h.pass(2_000);
    h.simulator.queueJobs(jobs(5, 30));
    await h.until(() => h.simulator.state().scaleSets[0]?.session?.ownerName === "b", 600_000);
    await h.pass(60_000);
    a.process.resume();
    await h.pass(3 * HOUR);
    expect({
      launchedByA: a.commands.filter((c) => /jit.done/.test(c)).length,
      leftOnA: h.hosts[0].instances().length,
      idle: h.simulator.state().runners.length,
    }).toEqual({ launchedByA: 0, leftOnA: 0, idle: 0 });
  });
}

test("B7 a runner whose registration is gone and that lives on (runner#4617) is found, though nothing else happens", async () => {
  const ghosts = new Set<string>();
  const h: ReturnType<typeof here> = here({
    host: {
      onStart: async (name, jitConfig, { signal, killed }) => {
        const code = await runSimulatedRunner({
          jitConfig,
          fetch: h.simulator.fetch,
          clock: h.clock,
          random: () => 0.5,
          signal,
          kill: killed,
        });
        if (ghosts.has(name) && !killed.aborted && !signal.aborted)
          await new Promise<void>((end) => {
            signal.addEventListener("abort", () => end());
            killed.addEventListener("abort", () => end());
          });
        return code;
      },
    },
  });
  h.start(h.config([{ maxRunners: 6, minRunners: 3 }]));
  await h.pass(300_000);
  const victim = h.simulator.state().runners[2]?.name ?? "none";
  ghosts.add(victim);
  h.simulator.dropRunner(victim);
  await h.pass(6 * HOUR);
  expect({
    idle: h.simulator.state().runners.length,
    ghost: h.host.instances().some(({ name }) => name === victim),
  }).toEqual({ idle: 3, ghost: false });
});

test("B8 what ended on the machine of a standby is cleared away within a day", async () => {
  const h = here();
  const config = (owner: string) => h.config([{ maxRunners: 6 }], { owner });
  const a = h.start(config("a"), { host: h.hosts[0] });
  await h.pass(30_000);
  h.start(config("b"), { host: h.hosts[1] });
  await h.pass(30_000);
  h.simulator.queueJobs(jobs(6, 5));
  await h.pass(20_000);
  await a.stop();
  await h.pass(60_000);
  h.start(config("a"), { host: h.hosts[0] });
  await h.pass(24 * HOUR);
  expect(h.hosts[0].instances().map(({ state }) => state)).toEqual([]);
}, 180_000);

test("B9 the minimum is kept once, not on every machine that ever held the session", async () => {
  const h = here();
  const config = (owner: string) => h.config([{ minRunners: 3, maxRunners: 6 }], { owner });
  const a = h.start(config("a"), { host: h.hosts[0] });
  await h.pass(30_000);
  h.start(config("b"), { host: h.hosts[1] });
  await h.pass(30_000);
  await a.stop();
  await h.pass(300_000);
  h.start(config("a"), { host: h.hosts[0] });
  await h.pass(24 * HOUR);
  expect(h.simulator.state().runners.length).toBe(3);
}, 180_000);

test("B10 messages that expired in the queue: the level is asked for before the jobs are lost", async () => {
  const h = here();
  h.start(h.config([{}]), {
    fetch: async (url, init, next) => {
      const answer = await next();
      const text = answer.status === 200 && (init?.method ?? "GET") === "GET" ? await answer.clone().text() : "";
      if (!/RunnerScaleSetJobMessages/.test(text)) return answer;
      const expired = new URL(url);
      expired.searchParams.delete("lastMessageId");
      expired.pathname += `/${JSON.parse(text).messageId}`;
      await h.simulator.fetch(expired.href, { method: "DELETE", headers: init?.headers } as never);
      await h.clock.sleep(50_000);
      return new Response(undefined, { status: 202 });
    },
  });
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(5, 1));
  await h.pass(HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0, succeeded: 5 });
});
