import type { Clock, Logger, Random } from "@scaleset/client";
import { sortProblems } from "./problems.js";
import type { ScaleSetStatus } from "./status.js";
import type { Worker } from "./worker.js";

const RESTART_MIN_MS = 1_000;
const RESTART_MAX_MS = 60_000;
/** After a worker that ran this long before it crashed, the pauses begin at the shortest again. */
const HEALTHY_MS = 10 * 60_000;

/** Keeps one worker running: a crash of its own is its own, and it starts again, knowing nothing, from what runs. */
export class Supervisor {
  readonly #make: () => Worker;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  #worker: Worker;
  /** Why the worker ended and when it starts again, monotonic; undefined while it runs. */
  #crash: { readonly message: string; readonly restartAt: number } | undefined;

  constructor(options: {
    readonly name: string;
    readonly make: () => Worker;
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
  }) {
    this.#make = options.make;
    this.#name = options.name;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#logger = options.logger;
    this.#worker = this.#make();
  }

  /** The one that runs now, or ran last. */
  get worker(): Worker {
    return this.#worker;
  }

  /** Its worker's, and whether that has crashed. */
  status(): ScaleSetStatus {
    const status = this.#worker.status();
    if (this.#crash === undefined) return status;
    const { message, restartAt } = this.#crash;
    const waitSeconds = Math.max(0, Math.ceil((restartAt - this.#clock.monotonic()) / 1_000));
    const problem = {
      code: "worker-crashed",
      level: "error",
      message: `its worker ended: ${message} (started again in ${waitSeconds} s)`,
      remedy: "running jobs go on; if it ends again and again, report it with the log, which has the stack",
    } as const;
    return { ...status, state: "restarting", problems: sortProblems([problem, ...status.problems]) };
  }

  /** Resolves when the signal aborted and the worker has ended, or when it was drained. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    for (let crashes = 0; ; crashes++) {
      const begunAt = this.#clock.monotonic();
      try {
        await this.#worker.run({ signal });
        if (signal.aborted || this.#worker.drained) return;
        throw new Error("it ended unasked");
      } catch (error) {
        if (signal.aborted) return;
        if (this.#clock.monotonic() - begunAt > HEALTHY_MS) crashes = 0;
        const backoffMs = Math.min(RESTART_MAX_MS, RESTART_MIN_MS * 2 ** Math.min(crashes, 10));
        const waitMs = backoffMs * (0.5 + 0.5 * this.#random());
        const message = error instanceof Error ? error.message : String(error);
        this.#crash = { message, restartAt: this.#clock.monotonic() + waitMs };
        this.#logger.error(
          { err: error, scaleSet: this.#name, restartInMs: Math.round(waitMs) },
          "a scale set's worker ended: it starts again",
        );
        await this.#clock.sleep(waitMs, { signal }).catch(() => {});
        if (signal.aborted) return;
        this.#worker = this.#make();
        this.#crash = undefined;
      }
    }
  }
}
