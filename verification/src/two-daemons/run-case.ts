import { type Clock, type Random, realClock, type Summary, seededRandom } from "@scaleset/simulator";
import type { Daemon } from "../kills/daemon-process.js";
import type { Case } from "./cases.js";
import { openStage, SCALE_SET, type Stage } from "./stage.js";
import { type Counted, look, waitFor, watchCase } from "./watch.js";

export interface CaseReport {
  readonly name: string;
  readonly summary: Summary;
  /** From the blow until a session was open that works; undefined where the first one's was never taken. */
  readonly servingMs: number | undefined;
  readonly counted: Counted;
  /** Most runners that may be online: the maximum, and those that were under way at the blow. */
  readonly mostAllowed: number;
  /** Owner of the session in the end. */
  readonly holder: string | undefined;
  /** From the last job's end until everything was cleared away. */
  readonly settledMs: number;
  /** What must not be, in words. */
  readonly broken: readonly string[];
  /** Folder with the logs, kept when something broke. */
  readonly folder: string | undefined;
}

const START_LIMIT_MS = 60_000;
/** Assignments that nobody takes lapse after five minutes, and are made again. */
const JOBS_LIMIT_MS = 12 * 60_000;

interface Blown {
  readonly servingMs: number | undefined;
  readonly underWay: number;
  /** Launches that may have begun: their instances may be seen only after a stop. */
  readonly begun: number;
}

/** One case from the start of the daemons to the end of all that they made. */
export async function runCase(theCase: Case, seed: number): Promise<CaseReport> {
  const clock = realClock;
  const random = seededRandom(`${theCase.name} of ${seed}`);
  const stage = await openStage(theCase.settings);
  const watching = new AbortController();
  const counted: Counted = { mostOnline: 0, madeWithoutSession: 0 };
  const watched = watchCase(stage, clock, watching.signal, counted);
  const broken: string[] = [];
  try {
    const first = await startHolder(stage, clock);
    const second = theCase.blow.kind === "restart" ? undefined : stage.machines[1].start();
    const fed = feed(stage, theCase, { clock, random });
    if (theCase.whenIdle) {
      await fed;
      await waitFor(clock, () => isIdle(stage, theCase), JOBS_LIMIT_MS);
    } else await clock.sleep(4_000 + random() * 6_000);
    const blown = await strike(stage, theCase, { clock, first, broken });
    await fed;
    const done = await waitFor(clock, () => stage.simulator.summary().open === 0, JOBS_LIMIT_MS);
    if (!done) broken.push(`${stage.simulator.summary().open} jobs have not ended`);
    const endedAt = clock.monotonic();
    broken.push(...(await settle(stage, theCase, clock)));
    const settledMs = clock.monotonic() - endedAt;
    const { holder } = look(stage);
    if (theCase.whenIdle && holder !== stage.machines[1].owner) broken.push("no takeover took effect");
    watching.abort();
    await watched;
    broken.push(...(await stopAll([blown.current, ...(second === undefined ? [] : [second])])));
    const summary = stage.simulator.summary();
    const mostAllowed = theCase.settings.maxRunners + blown.underWay;
    broken.push(...judge({ summary, counted, mostAllowed, blown, theCase }), ...stage.simulator.violations());
    return {
      name: theCase.name,
      summary,
      servingMs: blown.servingMs,
      counted,
      mostAllowed,
      holder,
      settledMs,
      broken,
      folder: broken.length > 0 ? stage.folder : undefined,
    };
  } finally {
    watching.abort();
    await stage.close({ keep: broken.length > 0 });
  }
}

/** Whether the first machine has nothing but its idle minimum. */
function isIdle({ simulator, machines }: Stage, { settings }: Case): boolean {
  const { runners } = simulator.state();
  const idle = runners.filter(({ state }) => state === "idle").length;
  const { minRunners } = settings;
  return simulator.summary().open === 0 && idle === minRunners && machines[0].instances().length === minRunners;
}

async function startHolder(stage: Stage, clock: Clock): Promise<Daemon> {
  const [machine] = stage.machines;
  const daemon = machine.start();
  const holds = (): boolean => look(stage).holder === machine.owner && machine.recorded();
  if (!(await waitFor(clock, holds, START_LIMIT_MS))) throw new Error(`${machine.owner} got no session`);
  return daemon;
}

/** Queues the jobs spread over the time of the case. */
async function feed(
  { simulator }: Stage,
  { jobs, feedMs }: Case,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<void> {
  for (let count = 0; count < jobs; count += 1) {
    simulator.queueJob({ scaleSet: SCALE_SET, durationMs: Math.floor(200 + random() * 4_000) });
    await clock.sleep((feedMs / jobs) * 2 * random());
  }
}

async function strike(
  stage: Stage,
  { blow, serveLimitMs, settings }: Case,
  context: { readonly clock: Clock; readonly first: Daemon; readonly broken: string[] },
): Promise<Blown & { readonly current: Daemon }> {
  const { clock, first, broken } = context;
  const [machine, other] = stage.machines;
  const before = look(stage);
  const underWay = Math.max(0, before.instances[0].size - before.online);
  const begun = Math.max(0, settings.maxRunners - before.online);
  const at = clock.monotonic();
  if (blow.kind === "stop") {
    first.process.kill("SIGSTOP");
    const takenOver = await waitFor(clock, () => look(stage).holder === other.owner, blow.forMs);
    const tookMs = clock.monotonic() - at;
    await clock.sleep(Math.max(0, blow.forMs - tookMs));
    first.process.kill("SIGCONT");
    return { servingMs: takenOver ? tookMs : undefined, underWay, begun, current: first };
  }
  first.process.kill("SIGKILL");
  await first.ended;
  const restarted = blow.kind === "restart" ? machine.start() : undefined;
  const owner = restarted === undefined ? other.owner : machine.owner;
  const serves = (): boolean => {
    const { holder, sessionId } = look(stage);
    return holder === owner && sessionId !== before.sessionId;
  };
  if (!(await waitFor(clock, serves, (serveLimitMs ?? 0) * 2))) broken.push(`${owner} does not serve`);
  return { servingMs: clock.monotonic() - at, underWay, begun, current: restarted ?? machine.start() };
}

/** Waits until only the minimum is left, on the machine that holds the session, and says what is left beside it. */
async function settle(stage: Stage, { settings, settleMs }: Case, clock: Clock): Promise<string[]> {
  const { simulator, machines } = stage;
  const left = (): string[] => {
    const { holder, instances } = look(stage);
    const { runners } = simulator.state();
    const held = machines.findIndex(({ owner }) => owner === holder);
    return [
      ...(runners.length > settings.minRunners ? [`leaked: ${runners.length} registrations at rest`] : []),
      ...machines.flatMap(({ owner }, index) => {
        const size = instances[index]?.size ?? 0;
        if (index === held) return size > settings.minRunners ? [`leaked: ${size} instances on ${owner}`] : [];
        return size > 0 ? [`left: ${size} instances on ${owner}, which does not hold the session`] : [];
      }),
      ...(held < 0 ? ["nobody holds the session"] : []),
    ];
  };
  await waitFor(clock, () => left().length === 0, settleMs);
  return left();
}

async function stopAll(daemons: readonly Daemon[]): Promise<string[]> {
  const codes = await Promise.all(
    daemons.map((daemon) => {
      daemon.process.kill("SIGTERM");
      return daemon.ended;
    }),
  );
  return codes.filter((code) => code !== 0).map((code) => `a daemon ended with ${code} when it was asked to stop`);
}

function judge(seen: {
  readonly summary: Summary;
  readonly counted: Counted;
  readonly mostAllowed: number;
  readonly blown: Blown;
  readonly theCase: Case;
}): string[] {
  const { summary, counted, mostAllowed, blown, theCase } = seen;
  const { lost, twice, leaked, stranded, hostDied } = summary;
  const counts = Object.entries({ lost, twice, leaked, stranded, "ended with their host": hostDied });
  const { servingMs } = blown;
  const limitMs = theCase.serveLimitMs;
  return [
    ...counts.filter(([, count]) => count > 0).map(([name, count]) => `${count} ${name}`),
    ...(summary.succeeded === theCase.jobs ? [] : [`${summary.succeeded} of ${theCase.jobs} jobs succeeded`]),
    ...(counted.mostOnline > mostAllowed
      ? [`${counted.mostOnline} runners online, at most ${mostAllowed} allowed`]
      : []),
    ...(counted.madeWithoutSession > blown.begun
      ? [`${counted.madeWithoutSession} instances made without the session, at most ${blown.begun} were under way`]
      : []),
    ...(limitMs !== undefined && (servingMs === undefined || servingMs > limitMs)
      ? [`serving after ${servingMs === undefined ? "no" : Math.round(servingMs)} ms, at most ${limitMs} allowed`]
      : []),
  ];
}
