import { setMaxListeners } from "node:events";
import type { Clock, Logger } from "@scaleset/client";
import { abortable } from "../async/abortable.js";
import type { RunnerCommand } from "../core/commands.js";
import type { FailureKind, OutcomeEvent } from "../core/events.js";
import type { CommandType } from "../core/model.js";
import type { Timings } from "../core/settings.js";
import { type Backend, type InstanceLabels, isBackendError, type Revealable } from "../ports/provisioner.js";
import type { ScaleSetService } from "../ports/service.js";
import type { Limiter } from "./limiter.js";

export interface ExecutorOptions {
  /** Where a runner lives, or is to live. */
  readonly backendOf: (name: string) => Backend;
  readonly service: ScaleSetService;
  /** Of instances made now. */
  readonly labels: () => InstanceLabels;
  /** Shared by all who use the runner's backend: launches, and everything that ends runners, so that neither waits for the other. */
  readonly launchesOf: (name: string) => Limiter;
  readonly endingsOf: (name: string) => Limiter;
  readonly clock: Clock;
  readonly timings: Timings;
  readonly logger: Logger;
  /** Whether the right to act stands at this moment; it lapses by itself while commands wait for a place. */
  readonly may: (command: CommandType, name: string) => boolean;
  /** When that right lapses by itself. @unit monotonic milliseconds */
  readonly lapsesAt: () => number;
  /** Whether what a runner printed is worth keeping when it is destroyed. */
  readonly wantsOutput: (name: string) => boolean;
  readonly keepOutput: (name: string, output: string) => void;
  /** Where outcomes go. */
  readonly tell: (outcome: OutcomeEvent, command: RunnerCommand) => void;
}

/** Steps of a launch in the order in which waiting ones get a place: a launch begun is brought to its end first. */
const rank: Record<CommandType, number> = {
  start: 0,
  "request-jit": 1,
  create: 2,
  deregister: 0,
  destroy: 1,
  "look-up": 2,
};

const launching: ReadonlySet<CommandType> = new Set<CommandType>(["create", "request-jit", "start"]);

const asksService: ReadonlySet<CommandType> = new Set<CommandType>(["request-jit", "deregister"]);

/** The last part of what a runner printed that did not come up. */
const OUTPUT_TAIL_BYTES = 64 * 1024;
const OUTPUT_DEADLINE_MS = 5_000;

/** Carries commands out, each bounded in time and number, and answers each with exactly one event. */
export class Executor {
  readonly #options: ExecutorOptions;
  /** JIT configs between their answer and their start; nothing else ever holds one. */
  readonly #jitConfigs = new Map<string, Revealable>();
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  /** Ends what asks for a new registration: at a stop that has no session to serve any more. */
  readonly #noMore = new AbortController();
  #generation: number | undefined;
  #stopped = false;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    // Every command under way listens to it.
    setMaxListeners(0, this.#abort.signal, this.#noMore.signal);
  }

  /** The session that commands act under from now on; those of an earlier one that have not begun are dropped. */
  set generation(generation: number | undefined) {
    this.#generation = generation;
  }

  /** Lets go of the JIT configs of runners that are not there any more. */
  retain(isThere: (name: string) => boolean): void {
    for (const name of this.#jitConfigs.keys()) if (!isThere(name)) this.#jitConfigs.delete(name);
  }

  submit(command: RunnerCommand): void {
    const run = this.#run(command, this.#generation).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Lets go of commands that wait, and gives those under way a while to end. Never rejects. */
  async stop(): Promise<void> {
    this.#generation = undefined;
    this.#stopped = true;
    this.#noMore.abort(new Error("the worker ends"));
    using grace = this.#options.clock.deadline(this.#options.timings.stopGraceMs);
    const cut = (): void => this.#abort.abort(grace.signal.reason);
    grace.signal.addEventListener("abort", cut, { once: true });
    await Promise.all(this.#running);
    grace.signal.removeEventListener("abort", cut);
  }

  async #run(command: RunnerCommand, generation: number | undefined): Promise<void> {
    const { launchesOf, endingsOf, may, tell, logger } = this.#options;
    const limiter = (launching.has(command.type) ? launchesOf : endingsOf)(command.name);
    await limiter.run(rank[command.type], async () => {
      if (this.#stopped || generation !== this.#generation || !may(command.type, command.name)) {
        tell({ type: "command.dropped", name: command.name, command: command.type }, command);
        return;
      }
      const outcome = await this.#carryOut(command);
      if ("message" in outcome) {
        logger.warn({ runner: command.name, command: command.type }, `${command.type} failed: ${outcome.message}`);
      }
      tell(outcome, command);
    });
  }

  async #carryOut(command: RunnerCommand): Promise<OutcomeEvent> {
    const { clock, timings, lapsesAt } = this.#options;
    // A call to the service may wait for a token, longer than the right to make it lasts.
    const rightMs = asksService.has(command.type) ? lapsesAt() - clock.monotonic() : Number.POSITIVE_INFINITY;
    // Awaited in here: the deadline ends with this scope.
    using deadline = clock.deadline(Math.min(timings.provisionerStepDeadlineMs, rightMs), {
      signal: command.type === "request-jit" ? this.#noMore.signal : this.#abort.signal,
    });
    const { name } = command;
    const { signal } = deadline;
    switch (command.type) {
      case "create":
        return await this.#create(name, signal);
      case "request-jit":
        return await this.#requestJit(name, signal);
      case "start":
        return await this.#start(name, signal);
      case "look-up":
        return await this.#lookUp(command, signal);
      case "deregister":
        return await this.#deregister(command, signal);
      case "destroy":
        return await this.#destroy(name, signal);
    }
  }

  async #create(name: string, signal: AbortSignal): Promise<OutcomeEvent> {
    try {
      await abortable(
        this.#options.backendOf(name).create({ name, labels: this.#options.labels() }, { signal }),
        signal,
      );
      return { type: "create.done", name };
    } catch (error) {
      return { type: "create.failed", name, ...failure(error) };
    }
  }

  async #requestJit(name: string, signal: AbortSignal): Promise<OutcomeEvent> {
    try {
      const answer = await abortable(this.#options.service.requestJitConfig(name, { signal }), signal);
      if (answer.outcome === "issued") {
        this.#jitConfigs.set(name, answer.jitConfig);
        return { type: "jit.done", name, runnerId: answer.runnerId };
      }
      return { type: "jit.failed", name, answered: answer.outcome === "refused", message: answer.message };
    } catch (error) {
      return { type: "jit.failed", name, answered: false, message: words(error) };
    }
  }

  async #start(name: string, signal: AbortSignal): Promise<OutcomeEvent> {
    const jitConfig = this.#jitConfigs.get(name);
    if (jitConfig === undefined) {
      return { type: "start.failed", name, kind: "gone", message: "its JIT config is not here any more" };
    }
    try {
      await abortable(this.#options.backendOf(name).start(name, jitConfig, { signal }), signal);
      return { type: "start.done", name };
    } catch (error) {
      return { type: "start.failed", name, ...failure(error) };
    } finally {
      this.#jitConfigs.delete(name);
    }
  }

  async #lookUp(
    runner: { readonly name: string; readonly runnerId: number | undefined },
    signal: AbortSignal,
  ): Promise<OutcomeEvent> {
    try {
      const answer = await abortable(this.#options.service.lookUp(runner, { signal }), signal);
      return { type: "look-up.done", name: runner.name, answer };
    } catch (error) {
      return { type: "look-up.failed", name: runner.name, message: words(error) };
    }
  }

  async #deregister(
    runner: { readonly name: string; readonly runnerId: number | undefined },
    signal: AbortSignal,
  ): Promise<OutcomeEvent> {
    this.#jitConfigs.delete(runner.name);
    try {
      const answer = await abortable(this.#options.service.deregister(runner, { signal }), signal);
      return { type: "deregister.done", name: runner.name, answer };
    } catch (error) {
      return { type: "deregister.failed", name: runner.name, message: words(error) };
    }
  }

  async #destroy(name: string, signal: AbortSignal): Promise<OutcomeEvent> {
    const backend = this.#options.backendOf(name);
    if (this.#options.wantsOutput(name)) await this.#keepOutput(backend, name, signal);
    try {
      const { destroyGraceMs: graceMs } = this.#options.timings;
      await abortable(backend.destroy(name, { graceMs, signal }), signal);
      return { type: "destroy.done", name };
    } catch (error) {
      return { type: "destroy.failed", name, message: words(error) };
    }
  }

  /** A nicety: where it can't be had in time, the runner is destroyed without. */
  async #keepOutput(backend: Backend, name: string, signal: AbortSignal): Promise<void> {
    if (backend.logs === undefined) return;
    using deadline = this.#options.clock.deadline(OUTPUT_DEADLINE_MS, { signal });
    try {
      const logs = backend.logs(name, { tailBytes: OUTPUT_TAIL_BYTES, signal: deadline.signal });
      this.#options.keepOutput(name, await abortable(logs, deadline.signal));
    } catch {
      // Nobody needs to know why there is none.
    }
  }
}

/** A backend's own word, or that nobody knows: a deadline cut it off, or it broke its contract. */
function failure(error: unknown): { readonly kind: FailureKind; readonly message: string } {
  return { kind: isBackendError(error) ? error.kind : "transient", message: words(error) };
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
