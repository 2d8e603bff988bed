import { setMaxListeners } from "node:events";
import type { Clock, Logger } from "@scaleset/client";
import { abortable, type Backend, type InstanceLabels, isBackendError, type Revealable } from "@scaleset/provisioner";
import type { RunnerCommand } from "../core/commands.js";
import type { DropReason, FailureKind, OutcomeEvent } from "../core/events.js";
import type { CommandType } from "../core/model.js";
import { CALL_NEEDS_MS, type Timings } from "../core/settings.js";
import type { ScaleSetService } from "../ports/service.js";
import type { AskBudget } from "./ask-budget.js";
import type { Lease } from "./lease.js";
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
  /** Whether a command is allowed at this moment: what it was decided on may have changed while it waited. */
  readonly may: (command: CommandType, name: string) => boolean;
  /** Whether it is allowed without a session, and so without the lease. */
  readonly mayWithoutLease: (command: CommandType, name: string) => boolean;
  readonly lease: Pick<Lease, "leftMs" | "ready">;
  /** Look-ups wait for their turn there. */
  readonly asks?: Pick<AskBudget, "take"> | undefined;
  /** Whether the fleet still has that runner. */
  readonly isThere: (name: string) => boolean;
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

/** No JIT config is needed after these. */
const spendsJit: ReadonlySet<CommandType> = new Set<CommandType>(["start", "deregister", "destroy"]);

/** What is left of the lease when a command begins. */
function needMs({ type }: RunnerCommand): number {
  return asksService.has(type) ? CALL_NEEDS_MS : 0;
}

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

  /** How many JIT configs are held. */
  get jitConfigs(): number {
    return this.#jitConfigs.size;
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
    for (;;) {
      const why = await this.#mayBegin(command, generation);
      if (why !== undefined) return this.#drop(command, why);
      const begun = await this.#inTurn(command, () => this.#begin(command, generation));
      if (begun) return;
    }
  }

  /** Waits for what a command needs before it takes a place; undefined when it may begin, else why it may not. */
  async #mayBegin(command: RunnerCommand, generation: number | undefined): Promise<DropReason | undefined> {
    const { asks, lease } = this.#options;
    if (command.type === "look-up") {
      const taken = await asks?.take({ signal: this.#noMore.signal }).catch(() => "stopped" as const);
      return taken === "stopped" ? "rights" : undefined;
    }
    if (!this.#needsLease(command) || (await lease.ready(needMs(command)))) return undefined;
    return generation === this.#generation && !this.#stopped ? "lease" : "rights";
  }

  /** Look-ups are paced by their budget: they hold up no removal. */
  async #inTurn(command: RunnerCommand, task: () => Promise<boolean>): Promise<boolean> {
    if (command.type === "look-up") return await task();
    const { launchesOf, endingsOf } = this.#options;
    const limiter = (launching.has(command.type) ? launchesOf : endingsOf)(command.name);
    return await limiter.run(rank[command.type], task);
  }

  /** Answers false where the lease lapsed while the command waited: its place goes to the next. */
  async #begin(command: RunnerCommand, generation: number | undefined): Promise<boolean> {
    const { may, lease, logger } = this.#options;
    if (this.#stopped || generation !== this.#generation || !may(command.type, command.name)) {
      this.#drop(command, "rights");
      return true;
    }
    const leaseMs = this.#needsLease(command) ? lease.leftMs() : Number.POSITIVE_INFINITY;
    if (leaseMs <= needMs(command)) return false;
    const outcome = await this.#carryOut(command, leaseMs);
    if ("message" in outcome) {
      logger.warn({ runner: command.name, command: command.type }, `${command.type} failed: ${outcome.message}`);
    }
    this.#report(outcome, command);
    return true;
  }

  #needsLease({ type, name }: RunnerCommand): boolean {
    return type !== "look-up" && !this.#options.mayWithoutLease(type, name);
  }

  #drop(command: RunnerCommand, why: DropReason): void {
    this.#report({ type: "command.dropped", name: command.name, command: command.type, why }, command);
  }

  #report(outcome: OutcomeEvent, command: RunnerCommand): void {
    this.#options.tell(outcome, command);
    // A dropped start is decided again.
    const spent = spendsJit.has(command.type) && outcome.type !== "command.dropped";
    if (spent || !this.#options.isThere(command.name)) this.#jitConfigs.delete(command.name);
  }

  async #carryOut(command: RunnerCommand, leaseMs: number): Promise<OutcomeEvent> {
    const { clock, timings } = this.#options;
    // A call to the service may wait for a token, longer than the lease lasts.
    const rightMs = asksService.has(command.type) ? leaseMs : Number.POSITIVE_INFINITY;
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
      return { type: "start.failed", name, kind: "gone", message: "its JIT config is no longer here" };
    }
    try {
      await abortable(this.#options.backendOf(name).start(name, jitConfig, { signal }), signal);
      return { type: "start.done", name };
    } catch (error) {
      return { type: "start.failed", name, ...failure(error) };
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
