import { githubApp, Listener, type ListenerState, personalAccessToken, ScaleSetClient } from "@scaleset/client";
import { createSimulator, type Random, seededRandom, VirtualClock } from "@scaleset/simulator";
import { Checker } from "./checker.js";
import { type Failure, failures, type Stage } from "./failures.js";

export interface DayOptions {
  readonly seed: number;
  /** @default 24 */
  readonly hours?: number | undefined;
  /** Names of the failures that happen. @default all of them */
  readonly only?: readonly string[] | undefined;
}

export interface Day {
  readonly seed: number;
  /** What did not hold, each with its virtual millisecond; empty when all did. */
  readonly broken: readonly string[];
  /** How often each failure took effect. */
  readonly struck: ReadonlyMap<string, number>;
  readonly requests: number;
  readonly mostInAMinute: number;
  readonly longestSilenceMs: number;
  readonly acknowledged: number;
  /** The newest states of the listener, for whoever looks into a broken day. */
  readonly trace: readonly string[];
}

const HOUR_MS = 3_600_000;

/** A day of one listener against the simulator under virtual time, with failures at random. One seed gives one day. */
export async function runListenerDay({ seed, hours = 24, only }: DayOptions): Promise<Day> {
  const chance = (part: string): Random => seededRandom(`${seed}:${part}`);
  const clock = new VirtualClock();
  const assignment = seed % 3 === 0 ? "acquire" : "direct";
  const rules = { requeueDelaysMs: [60_000, 120_000, 180_000], journalCapacity: 2_000 };
  const simulator = createSimulator({ clock, random: chance("service"), assignment, app: { issuer: "app" }, ...rules });
  const checker = new Checker(clock, simulator);
  const random = chance("failures");
  const credentials = (): ReturnType<typeof personalAccessToken> =>
    githubApp({ clientId: "app", installationId: 1, sign: () => new Uint8Array([1, 2, 3]) });
  const ahead = { ...clockOf(clock), now: () => clock.now() + 20 * 60_000 };
  const client = new ScaleSetClient({
    configUrl: simulator.configUrl(),
    credentials: credentials(),
    fetch: checker.watch(simulator.fetch),
    clock: ahead,
    random: chance("client"),
    env: {},
  });
  const rival = new ScaleSetClient({
    configUrl: simulator.configUrl(),
    credentials: personalAccessToken(simulator.token),
    fetch: simulator.fetch,
    clock,
    random: chance("rival"),
    env: {},
  });

  const struck = new Map<string, number>();
  const trace: string[] = [];
  const failing = { messages: 0, times: 0 };
  let over: { readonly error: unknown } | undefined;
  const made = await clock.runUntilSettled(rival.createRunnerScaleSet({ name: "linux", runnerGroupId: 1 }));
  const listener = new Listener({
    client,
    scaleSet: { name: "linux", runnerGroupId: 1, id: made.id },
    owner: "host-1",
    maxCapacity: 10,
    handler: {
      onMessage: ({ messageId }, { attempt, scaleSetId }) => {
        if (failing.messages === 0 || attempt > failing.times) return checker.handled(scaleSetId, messageId);
        if (attempt === failing.times) failing.messages -= 1;
        stage.struck("F12 the handler fails");
        throw new Error("on purpose");
      },
    },
    observer: {
      onState: (state) => {
        trace.push(`${Math.round(clock.monotonic())} ${describe(state)}`);
        if (trace.length > 60) trace.shift();
      },
      onPoison: ({ scaleSetId, messageId }) => checker.handled(scaleSetId, messageId),
    },
    resolveScaleSet: async ({ attempt, signal }) => {
      const found = await client.getRunnerScaleSet(1, "linux", { signal });
      if (found !== undefined || attempt < 2) return found?.id;
      return (await client.createRunnerScaleSet({ name: "linux", runnerGroupId: 1 }, { signal })).id;
    },
  });
  const stage: Stage = {
    simulator,
    clock,
    random,
    listener,
    rival,
    scaleSetId: () => simulator.state().scaleSets[0]?.id,
    failHandler: (options) => Object.assign(failing, options),
    struck: (name) => void struck.set(name, (struck.get(name) ?? 0) + 1),
  };

  const stopping = new AbortController();
  const running = listener.run({ signal: stopping.signal }).then(
    () => undefined,
    (error: unknown) => {
      over = { error };
    },
  );
  const chosen = failures.filter(({ name }) => only === undefined || only.includes(name));
  const background = new AbortController();
  const lanes = [
    misfortune(stage, chosen, background.signal),
    work(simulator, clock, chance("work"), background.signal),
    lookout(clock, checker, background.signal),
  ];
  await clock.runFor(hours * HOUR_MS);
  background.abort();
  simulator.faults.clear();
  failing.messages = 0;
  await clock.runUntilSettled(Promise.allSettled(lanes));
  // Left alone it is well again: the queue is empty, and a poll is held.
  await clock.runFor(15 * 60_000);
  const broken = [...checker.broken];
  if (over !== undefined) broken.push(`it ended: ${String(over.error)}`);
  const [set] = simulator.state().scaleSets;
  if (set?.session?.ownerName !== "host-1" || !set.session.polling)
    broken.push("it does not poll at the end of the day");
  if ((set?.unacknowledgedMessages ?? 1) > 0) broken.push("messages are left at the end of the day");
  stopping.abort();
  await clock.runUntilSettled(running);
  await clock.runUntilSettled(Promise.all([client.close(), rival.close(), simulator.close()]));
  const { requests, mostInAMinute, longestSilenceMs, acknowledged } = checker;
  return { seed, broken, struck, requests, mostInAMinute, longestSilenceMs, acknowledged, trace };
}

/** One after another, with some minutes between. */
async function misfortune(stage: Stage, chosen: readonly Failure[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await stage.clock.sleep(stage.random() * 12 * 60_000);
    const failure = chosen[Math.floor(stage.random() * chosen.length)];
    if (!signal.aborted) await failure?.strike(stage);
  }
}

/** Jobs come, a few at a time, and most are cancelled before they lapse: each is three messages or more. */
async function work(
  simulator: ReturnType<typeof createSimulator>,
  clock: VirtualClock,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(random() * 8 * 60_000);
    const count = 1 + Math.floor(random() * 4);
    const jobs = simulator.queueJobs(Array.from({ length: count }, () => ({ scaleSet: "linux" })));
    await clock.sleep(random() * 4 * 60_000);
    for (const { id } of jobs) if (random() < 0.8) simulator.cancelJob(id);
  }
}

async function lookout(clock: VirtualClock, checker: Checker, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(30_000);
    checker.lookForSilence();
  }
}

function clockOf(clock: VirtualClock): Pick<VirtualClock, "now" | "monotonic" | "uptime" | "sleep" | "deadline"> {
  const { sleep, deadline } = clock;
  return { now: () => clock.now(), monotonic: () => clock.monotonic(), uptime: () => clock.uptime(), sleep, deadline };
}

function describe(state: ListenerState): string {
  const { error, ...rest } = { error: undefined, ...state };
  return `${JSON.stringify(rest)}${error instanceof Error ? ` ${error.message}` : ""}`;
}
