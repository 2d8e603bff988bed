import { runSimulatedRunner } from "@scaleset/simulator";
import { expect, test } from "vitest";
import { counts, here, jobs } from "./harness.js";

const MINUTE = 60_000;
const HOUR = 3_600_000;

test("a restart, and ten minutes in which the agents API knows no runner: neither busy nor idle ones are killed", async () => {
  const h = here();
  const first = h.start(h.config([{ minRunners: 2 }]));
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(2, 60));
  await h.pass(5 * MINUTE);
  await first.stop();
  h.start(h.config([{ minRunners: 0 }]));
  await h.pass(30_000);
  const effect = { kind: "refusal", refusal: "AgentNotFoundException" } as const;
  h.simulator.faults.add({ call: ["get-runner", "remove-runner"], forMs: 10 * MINUTE, effect });
  h.simulator.faults.add({
    call: "list-runners",
    forMs: 10 * MINUTE,
    effect: { kind: "patch", body: { count: 0, value: [] } },
  });
  await h.pass(3 * HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0, leaked: 0, succeeded: 2 });
});

test("runners that never come online are reported within their boot deadline and a minute, with what to check", async () => {
  const h = here({ host: { onStart: (_name, _config, { signal, killed }) => untilAborted(signal, killed) } });
  const daemon = h.start(h.config([{ minRunners: 2 }]));
  await h.pass(10_000);
  const { bootDeadlineMs } = h.host.open().capabilities;
  await h.pass(bootDeadlineMs + MINUTE);
  const problem = daemon.autoscaler.status().problems.find(({ code }) => code === "runners-offline");
  expect(problem?.remedy).toMatch(/proxy.*DNS.*firewall.*clock/);
});

test("a crashing image while the agents API answers 404 about everything asks for few JIT configs", async () => {
  const h = here({ host: { onStart: async (_name, _config, { signal }) => (signal.aborted ? 0 : 1) } });
  const daemon = h.start(h.config([{ maxRunners: 1 }]));
  await h.pass(3_000);
  const effect = { kind: "refusal", refusal: "AgentNotFoundException" } as const;
  h.simulator.faults.add({ call: ["get-runner", "remove-runner"], forMs: 3 * HOUR, effect });
  h.simulator.queueJobs(jobs(1, 1));
  await h.pass(3 * HOUR);
  expect(daemon.commands.filter((command) => command.endsWith("jit.done")).length).toBeLessThanOrEqual(40);
});

test("a job goes on whose completion was false (actions/runner#4492), also where its registration is hidden", async () => {
  const h = here();
  let told = false;
  h.start(h.config([{}]), {
    fetch: async (_url, _init, next) => {
      const answer = await next();
      const text = answer.status === 200 ? await answer.clone().text() : "";
      if (told || !/JobStarted/.test(text)) return answer;
      told = true;
      const message = JSON.parse(text);
      const body = JSON.parse(message.body) as { messageType: string }[];
      const completed = body
        .filter(({ messageType }) => messageType === "JobStarted")
        .map((job) => ({ ...job, messageType: "JobCompleted", result: "failed", finishTime: "2026-01-01T00:00:00Z" }));
      message.body = JSON.stringify([...body, ...completed]);
      return new Response(JSON.stringify(message), { status: 200, headers: answer.headers });
    },
  });
  await h.pass(3_000);
  h.simulator.queueJobs(jobs(1, 120));
  await h.pass(MINUTE);
  expect(told).toBe(true);
  h.simulator.faults.add({
    call: ["get-runner", "remove-runner"],
    forMs: 20 * MINUTE,
    effect: { kind: "refusal", refusal: "AgentNotFoundException" },
  });
  await h.pass(3 * HOUR);
  expect(counts(h.simulator)).toMatchObject({ lost: 0, leaked: 0, succeeded: 1 });
});

test("short jobs go on where messages name no runner and the process outlives its registration by seconds", async () => {
  const h: ReturnType<typeof here> = here({
    host: {
      onStart: async (_name, jitConfig, { signal, killed }) => {
        const { fetch } = h.simulator;
        const code = await runSimulatedRunner({
          jitConfig,
          fetch,
          clock: h.clock,
          random: () => 0.5,
          signal,
          kill: killed,
        });
        await h.clock.sleep(8_000, { signal: killed }).catch(() => {});
        return code;
      },
    },
  });
  h.start(h.config([{ maxRunners: 8 }]), {
    fetch: async (_url, _init, next) => {
      const answer = await next();
      const text = answer.status === 200 ? await answer.clone().text() : "";
      if (!/RunnerScaleSetJobMessages/.test(text)) return answer;
      const named = /(\\"runnerName\\":\\")[^"\\]+/g;
      return new Response(text.replace(named, "$1"), { status: 200, headers: answer.headers });
    },
  });
  await h.pass(3_000);
  for (let minute = 0; minute < 60; minute++) {
    h.simulator.queueJobs(jobs(2, 1 / 6));
    await h.pass(MINUTE);
  }
  expect(counts(h.simulator).succeeded).toBeGreaterThan(114);
});

function untilAborted(...signals: readonly AbortSignal[]): Promise<number> {
  return new Promise((end) => {
    for (const signal of signals) signal.addEventListener("abort", () => end(0), { once: true });
  });
}
