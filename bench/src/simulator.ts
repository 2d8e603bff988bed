import { setMaxListeners } from "node:events";
import { type MessageSession, personalAccessToken, ScaleSetClient } from "@scaleset/client";
import { runSimulatedRunner } from "@scaleset/simulator";
import { Agent, Pool, request } from "undici";
import { type Child, start, startServer } from "./children.js";
import type { Figure } from "./figures.js";

export interface SimulatorEffort {
  /** Jobs that are run before its memory is looked at, and again after. */
  readonly jobs: number;
  /** Sessions that poll at once. */
  readonly sessions: number;
}

/** Runners at a time. */
const atOnce = 50;
/** HTTP requests of a job, from its JIT config to its runner's goodbye. */
const requestsPerJob = 10;

interface Told {
  readonly bytes: number;
  readonly succeeded: number;
  readonly open: number;
  readonly leaked: number;
  readonly polling: number;
}

/** What the simulator takes for a job, what it keeps of those that ended, and what a held poll costs it. */
export async function benchSimulator({ jobs, sessions }: SimulatorEffort): Promise<Figure[]> {
  return [...(await benchJobs(jobs)), ...(await benchPolls(sessions))];
}

async function benchJobs(jobs: number): Promise<Figure[]> {
  using child = start("simulator-process.js");
  const origin = originOf(await child.next());
  const agent = new Agent({ connections: 2 * atOnce, headersTimeout: 0, bodyTimeout: 0 });
  await using client = clientOf(origin);
  const set = await client.createRunnerScaleSet({ name: "bench", runnerGroupId: 1 });
  const session = await client.openMessageSession(set.id, { owner: "bench" });
  const stop = new AbortController();
  const listening = listen(session, stop.signal);
  const run = (): Promise<number> => runJobs(client, { origin, setId: set.id, jobs, agent });
  const first = await run();
  const after = await askOf(child);
  const second = await run();
  const last = await askOf(child);
  if (last.succeeded !== 2 * jobs || last.open + last.leaked > 0)
    throw new Error(`not all ran: ${JSON.stringify(last)}`);
  stop.abort();
  await listening;
  await agent.destroy();
  const bare = await bareRequests(jobs * requestsPerJob);
  const perJob = (ms: number): number => (ms * 1_000) / jobs;
  return [
    {
      name: `a job over HTTP, ${atOnce} at a time`,
      unit: "µs",
      ours: [perJob(first), perJob(second)],
      bare: [perJob(bare)],
      goal: undefined,
    },
    {
      name: `jobs, ${atOnce} at a time`,
      unit: "a second",
      ours: [(jobs * 1_000) / first, (jobs * 1_000) / second],
      bare: [(jobs * 1_000) / bare],
      goal: undefined,
    },
    {
      name: `heap after ${2 * jobs} jobs, beside that after ${jobs}`,
      unit: "KiB",
      ours: [last.bytes / 1024],
      bare: [after.bytes / 1024],
      goal: 1.1,
    },
  ];
}

/** Runs jobs to their end, each with a runner of its own. Answers how long that took. @unit milliseconds */
async function runJobs(
  client: ScaleSetClient,
  { origin, setId, jobs, agent }: { origin: string; setId: number; jobs: number; agent: Agent },
): Promise<number> {
  const startedMs = performance.now();
  await post(`${origin}/_simulator/jobs`, { count: jobs, job: { scaleSet: setId, durationMs: 0 } });
  let left = jobs;
  const worker = async (): Promise<void> => {
    for (; left > 0; ) {
      left -= 1;
      const { encodedJitConfig } = await client.generateJitRunnerConfig(setId, { name: `r-${startedMs}-${left}` });
      await runSimulatedRunner({
        jitConfig: encodedJitConfig.reveal(),
        fetch: async (url, { method, headers, body, signal }) => {
          const answer = await request(url, { method, headers, body: body ?? null, signal, dispatcher: agent });
          return { status: answer.statusCode, text: () => answer.body.text() };
        },
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return performance.now() - startedMs;
}

async function benchPolls(sessions: number): Promise<Figure[]> {
  using child = start("simulator-process.js");
  const origin = originOf(await child.next());
  await using client = clientOf(origin);
  const before = await askOf(child);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  let told = 0;
  const polls = Array.from({ length: sessions }, async (_, index) => {
    const { id } = await client.createRunnerScaleSet({ name: `set-${index}`, runnerGroupId: 1 });
    const session = await client.openMessageSession(id, { owner: "bench" });
    for (;;) {
      const message = await session.getMessage({ maxCapacity: 1, signal: stop.signal });
      if (message === undefined) continue;
      told += 1;
      await session.acknowledge(message.messageId);
    }
  }).map((poll) => poll.catch(() => undefined));
  await until(async () => (await askOf(child)).polling === sessions);
  const held = await askOf(child);
  const wakingMs = performance.now();
  await post(`${origin}/_simulator/jobs`, { count: sessions, job: { anywhere: true, durationMs: 0 } });
  await until(async () => told >= sessions);
  const wokenMs = performance.now() - wakingMs;
  stop.abort();
  await Promise.all(polls);
  const bare = await bareHeldPolls(sessions);
  return [
    {
      name: `heap of a simulated session whose poll is held (${sessions} of them)`,
      unit: "KiB",
      ours: [(held.bytes - before.bytes) / sessions / 1024],
      bare: [bare.kibibytes],
      goal: undefined,
    },
    {
      name: `until each of ${sessions} polls had a job of its own`,
      unit: "ms",
      ours: [wokenMs],
      bare: [bare.wokenMs],
      goal: undefined,
    },
  ];
}

/** As many small requests, to a server that does nothing. Answers how long they took. @unit milliseconds */
async function bareRequests(count: number): Promise<number> {
  using server = await startServer();
  const pool = new Pool(server.origin, { connections: atOnce, pipelining: 1 });
  const startedMs = performance.now();
  let left = count;
  const worker = async (): Promise<void> => {
    for (; left > 0; ) {
      left -= 1;
      const { body } = await pool.request({ path: "/agents/7", method: "GET" });
      await body.json();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const tookMs = performance.now() - startedMs;
  await pool.destroy();
  return tookMs;
}

/** The same polls held by a server that keeps nothing but their answers, and let go at once. */
async function bareHeldPolls(sessions: number): Promise<{ readonly kibibytes: number; readonly wokenMs: number }> {
  using server = await startServer();
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  const before = await askOf(server);
  const polls = Array.from({ length: sessions }, async (_, id) => {
    const { body } = await request(`${server.origin}/queue/${id}`, { dispatcher: agent });
    await body.text();
  });
  await until(async () => {
    const { body } = await request(`${server.origin}/held`);
    const answer = await body.json();
    return typeof answer === "object" && answer !== null && "held" in answer && answer.held === sessions;
  });
  const held = await askOf(server);
  const startedMs = performance.now();
  await request(`${server.origin}/release`).then(({ body }) => body.dump());
  await Promise.all(polls);
  const wokenMs = performance.now() - startedMs;
  await agent.destroy();
  return { kibibytes: (held.bytes - before.bytes) / sessions / 1024, wokenMs };
}

/** Polls and acknowledges for as long as the jobs go on. */
async function listen(session: MessageSession, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      const message = await session.getMessage({ maxCapacity: 2 * atOnce, signal });
      if (message !== undefined) await session.acknowledge(message.messageId);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function clientOf(origin: string): ScaleSetClient {
  return new ScaleSetClient({
    configUrl: `${origin}/bench`,
    credentials: personalAccessToken("simulator-token"),
    maxRequestsPerSecond: 1e9,
    env: {},
  });
}

async function post(url: string, body: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await request(url, { method: "POST", headers, body: JSON.stringify(body) });
  await answer.body.dump({ limit: 1e9 });
  if (answer.statusCode >= 300) throw new Error(`${url} answered ${answer.statusCode}`);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const givenUp = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > givenUp) throw new Error("a minute was not enough");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function originOf(message: unknown): string {
  if (typeof message === "object" && message !== null && "url" in message) return String(message.url);
  throw new Error("the simulator did not say where it listens");
}

async function askOf(child: Child): Promise<Told> {
  child.send({ tell: "memory" });
  const told = await child.next();
  if (typeof told !== "object" || told === null) throw new Error("no memory");
  const number = (name: string): number => Number(Reflect.get(told, name) ?? 0);
  return {
    bytes: number("bytes"),
    succeeded: number("succeeded"),
    open: number("open"),
    leaked: number("leaked"),
    polling: number("polling"),
  };
}
