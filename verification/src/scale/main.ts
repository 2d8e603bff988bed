import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createSimulator, realClock } from "@scaleset/simulator";
import { z } from "zod";

/** `npm run many-sets [-- --sets 1000] [--idle 30] [--bursts 200] [--check]`: one daemon with many scale sets, the service in another process. */
const { values } = parseArgs({
  options: {
    sets: { type: "string", default: "1000" },
    idle: { type: "string", default: "30" },
    bursts: { type: "string", default: "200" },
    check: { type: "boolean", default: false },
  },
});
const [sets, idleSeconds, bursts] = [Number(values.sets), Number(values.idle), Number(values.bursts)];
if (![sets, idleSeconds, bursts].every((value) => Number.isSafeInteger(value) && value > 0) || 2 * bursts > sets) {
  console.error(
    "error: --sets, --idle (seconds) and --bursts are whole numbers above 0, and at least two sets a burst",
  );
  process.exit(2);
}

const UP_LIMIT_MS = 180_000;
/** Ten launches at once on the slow backend are a hundred seconds for the two hundred that it gets. */
const BURST_LIMIT_MS = 180_000;
const JOBS_A_BURST = 2;
/** How long the backend of every second scale set takes to make an instance. */
const SLOW_MS = 5_000;

const toldSchema = z.object({
  holding: z.number(),
  cpu: z.object({ user: z.number(), system: z.number() }),
  rss: z.number(),
  heap: z.number(),
  startedAt: z.record(z.string(), z.array(z.number())),
});

await using simulator = createSimulator({ journalCapacity: 1_000 });
await simulator.listen();
const args = [simulator.configUrl("my-org"), simulator.token, String(sets), String(SLOW_MS)];
const daemon = fork(fileURLToPath(new URL("daemon.js", import.meta.url)), args, { execArgv: ["--expose-gc"] });
try {
  const goals = [await comesUp(daemon), ...(await idles(daemon)), ...(await burstsAtOnce(daemon))];
  if (values.check && goals.includes(false)) process.exitCode = 1;
} finally {
  daemon.kill("SIGKILL");
}

async function ask(child: ChildProcess, wish: "tell" | "forget" | "collect"): Promise<z.infer<typeof toldSchema>> {
  child.send(wish);
  using limit = realClock.deadline(60_000);
  const [told] = await once(child, "message", { signal: limit.signal });
  return toldSchema.parse(told);
}

function goal(what: string, met: boolean): boolean {
  console.log(`${met ? "met   " : "MISSED"} ${what}`);
  return met;
}

async function comesUp(child: ChildProcess): Promise<boolean> {
  const begun = realClock.monotonic();
  for (;;) {
    const { holding, cpu } = await ask(child, "tell");
    const ms = realClock.monotonic() - begun;
    if (holding === sets || ms > UP_LIMIT_MS) {
      const cpuSeconds = (cpu.user + cpu.system) / 1e6;
      return goal(
        `${holding} of ${sets} scale sets up after ${(ms / 1_000).toFixed(1)} s (goal: 60), ${cpuSeconds.toFixed(1)} s of CPU`,
        holding === sets && ms <= 60_000,
      );
    }
    await realClock.sleep(500);
  }
}

async function idles(child: ChildProcess): Promise<boolean[]> {
  await ask(child, "collect");
  const begun = realClock.monotonic();
  const before = await ask(child, "tell");
  await realClock.sleep(idleSeconds * 1_000);
  const after = await ask(child, "tell");
  const micros = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system;
  const share = micros / 1_000 / (realClock.monotonic() - begun);
  const megabytes = after.rss / 1e6;
  return [
    goal(`idle for ${idleSeconds} s: ${(share * 100).toFixed(1)} % of one core (goal: 5)`, share < 0.05),
    goal(
      `resident memory ${megabytes.toFixed(0)} MB (goal: 250), heap ${(after.heap / 1e6).toFixed(0)} MB`,
      megabytes < 250,
    ),
  ];
}

/** Half of them have a backend that takes seconds: those of the others must be as quick as without it. */
async function burstsAtOnce(child: ChildProcess): Promise<boolean[]> {
  const isQuick = (name: string): boolean => Number(name.slice("set-".length)) % 2 === 0;
  const named = (from: number): string[] => Array.from({ length: bursts }, (_, at) => `set-${from + at}`);
  const alone = [...(await burst(child, named(bursts).filter(isQuick))).values()];
  const names = named(0);
  const ended = await burst(child, names);
  const quick = names.filter(isQuick).map((name) => ended.get(name) ?? Number.NaN);
  const slow = names.filter((name) => !isQuick(name)).map((name) => ended.get(name) ?? Number.NaN);
  console.log(`       bursts of ${JOBS_A_BURST} jobs at once, until all runners of a scale set are started:`);
  console.log(`       ${alone.length} on a quick backend, alone: ${spread(alone)}`);
  console.log(`       ${quick.length} on a quick backend, beside the slow one: ${spread(quick)}`);
  console.log(`       ${slow.length} on a backend that takes ${SLOW_MS / 1_000} s: ${spread(slow)}`);
  return [
    goal(
      "no burst waited for another's slow backend (goal: within twice and a second of those alone)",
      Math.max(...quick) < 2 * Math.max(...alone) + 1_000,
    ),
    goal("every burst was served", Number.isFinite(Math.max(...alone, ...quick, ...slow))),
  ];
}

/** Milliseconds until all runners of each scale set were started; infinite for one whose were not. */
async function burst(child: ChildProcess, names: readonly string[]): Promise<Map<string, number>> {
  let told = await ask(child, "forget");
  const begun = realClock.monotonic();
  const begunAt = realClock.now();
  simulator.queueJobs(
    names.flatMap((scaleSet) => Array.from({ length: JOBS_A_BURST }, () => ({ scaleSet, durationMs: 3_600_000 }))),
  );
  const lastOf = (name: string): number => {
    const starts = told.startedAt[name] ?? [];
    return starts.length < JOBS_A_BURST ? Number.POSITIVE_INFINITY : Math.max(...starts) - begunAt;
  };
  while (!names.every((name) => Number.isFinite(lastOf(name))) && realClock.monotonic() - begun < BURST_LIMIT_MS) {
    await realClock.sleep(500);
    told = await ask(child, "tell");
  }
  return new Map(names.map((name) => [name, lastOf(name)]));
}

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): string => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
    return Number.isFinite(value) ? `${(value / 1_000).toFixed(1)} s` : "never";
  };
  return `median ${at(0.5)}, p95 ${at(0.95)}, last ${at(1)}`;
}
