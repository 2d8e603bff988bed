import { messageOf } from "../message-of.js";
import type { Clock } from "../time/clock.js";
import { type Random, seededRandom } from "../time/random.js";
import { realClock } from "../time/real-clock.js";
import { type RunnerBehaviour, readBehaviour } from "./behaviour.js";
import { RunnerConnection, type RunnerFetch } from "./connection.js";
import { exitCodes, scriptExitCode } from "./exit-codes.js";
import { lead } from "./lead.js";
import type { Worker } from "./listening.js";
import { readJitConfig } from "./runner-config.js";

/** How a runner in this process is started. */
export interface SimulatedRunnerOptions {
  /** The encoded JIT config, as the service gave it. */
  readonly jitConfig: string;
  /** How it reaches the service; usually `simulator.fetch`. */
  readonly fetch: RunnerFetch;
  /** @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** @default a generator seeded with its name */
  readonly random?: Random | undefined;
  readonly behaviour?: RunnerBehaviour | undefined;
  /** A polite request to end, as SIGTERM is: an idle runner closes its session, a busy one reports its job as canceled. */
  readonly signal?: AbortSignal | undefined;
  /** Its death, as SIGKILL is: it says nothing more to anybody, and the exit code is 137. */
  readonly kill?: AbortSignal | undefined;
  /** Whether exit code 7 of a deprecated version passes the wrapper script, as an environment variable decides. @default false */
  readonly returnVersionDeprecatedExitCode?: boolean | undefined;
  /** Gets what the official runner would print. @default nobody */
  readonly log?: ((line: string) => void) | undefined;
}

/**
 * Lives a runner's life in this process: comes online, takes at most one job, ends. It speaks the same protocol as the
 * runner program, but runs no scripts: a job takes its `durationMs` and ends as its `result` says. Resolves with the exit code of the official
 * runner's wrapper script, which is 0 nearly always; 137 when it was killed.
 */
export async function runSimulatedRunner(options: SimulatedRunnerOptions): Promise<number> {
  const { fetch, log = () => undefined, clock = realClock } = options;
  const death = options.kill ?? new AbortController().signal;
  try {
    const config = readJitConfig(options.jitConfig);
    const random = options.random ?? seededRandom(config.agentName);
    const connection = new RunnerConnection({ config, fetch, clock, random });
    const stop = options.signal ?? new AbortController().signal;
    const worker = timedWorker(clock);
    const planned = config.behaviour === undefined ? {} : readBehaviour(config.behaviour, "the JIT config");
    const behaviour = { ...planned, ...options.behaviour };
    const code = await lead({ connection, worker, clock, random, behaviour, stop, death, log });
    if (code === "crashed") return 137;
    return scriptExitCode(code, { returnVersionDeprecated: options.returnVersionDeprecatedExitCode ?? false });
  } catch (error) {
    if (death.aborted) return 137;
    log(messageOf(error));
    return scriptExitCode(exitCodes.terminated, { returnVersionDeprecated: false });
  }
}

function timedWorker(clock: Clock): Worker {
  return async (job, { signal }) => {
    try {
      await clock.sleep(Number(job.variables["simulator.durationMs"] ?? 0), { signal });
    } catch {
      return "canceled";
    }
    return job.variables["simulator.result"] === "failed" ? "failed" : "succeeded";
  };
}
