import type { Clock, Random } from "../../clock.js";
import type { BackendCapabilities, Instance, InstanceEvent, InstanceSpec } from "../../contract.js";
import { BackendError } from "../../contract.js";
import { EventFeed } from "../../event-feed.js";
import { isInstanceName } from "../../instance-name.js";
import { FaultPlan, type LastingFault, type MemoryFault, type MemoryOperation } from "./faults.js";

/** What a simulated runner is given beside its name and its JIT config. */
export interface MemoryRun {
  /** Aborts when the instance is asked to end (SIGTERM on a real machine). */
  readonly signal: AbortSignal;
  /** Aborts when it is ended by force, or has ended otherwise: nothing it does counts from here on. */
  readonly killed: AbortSignal;
  /** Adds to what `logs` answers. */
  print(text: string): void;
}

/** @unit milliseconds; a pair is a range, uniform by the random source. */
export type Latency = number | readonly [min: number, max: number];

export interface MemoryHostOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How long each call takes. A part of it passes before the call takes effect, the rest after. @default none */
  readonly latencies?: { readonly [Operation in MemoryOperation]?: Latency };
  /** @default "host" */
  readonly scope?: BackendCapabilities["scope"];
  /** False: a runner's end is never shown, as with virtual machines behind a cloud's API. @default true */
  readonly observesExit?: boolean;
  /** @default 120_000 @unit milliseconds */
  readonly bootDeadlineMs?: number;
  /** `create` beyond this many instances rejects with `capacity`. @default no limit */
  readonly maxInstances?: number;
  /** Share of events that no watcher hears of. @default 0 */
  readonly eventLoss?: number;
  /**
   * Plays the runner of an instance. Its number is the exit code, a rejection ends the instance with code 1.
   * @default one that runs until it is asked to end, and exits 0
   */
  readonly onStart?: (name: string, jitConfig: string, run: MemoryRun) => Promise<number>;
}

interface Slot {
  instance: Instance;
  output: string;
  run:
    | { readonly signal: AbortController; readonly killed: AbortController; readonly ended: Promise<void> }
    | undefined;
}

const MAX_OUTPUT = 65_536;

/** The instances of a host that exists in memory only, and everything a world can do to them. */
export class MemoryInstances {
  readonly capabilities: BackendCapabilities;
  /** @internal */
  readonly clock: Clock;
  /** @internal */
  readonly random: Random;
  /** @internal */
  readonly feed = new EventFeed();
  readonly #options: MemoryHostOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #faults = new FaultPlan();
  readonly #slowness = new Set<{ readonly operation: MemoryOperation; readonly ms: number; struck: number }>();
  #limit: number | undefined;
  #refusals = 0;
  #stale: { readonly instances: readonly Instance[]; struck: number } | undefined;

  constructor(options: MemoryHostOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.random = options.random;
    this.capabilities = {
      contract: 1,
      scope: options.scope ?? "host",
      observesExit: options.observesExit ?? true,
      survivesDaemon: true,
      bootDeadlineMs: options.bootDeadlineMs ?? 120_000,
    };
  }

  /** The next call (or the next `times`) of this operation goes wrong like that; only for `name`, where given. */
  failNext(operation: MemoryOperation, fault: MemoryFault, options: { name?: string; times?: number } = {}): void {
    this.#faults.add(operation, fault, options.name, options.times ?? 1);
  }

  /** Every call of these operations goes wrong like that, until the returned fault is ended. */
  failAll(operations: readonly MemoryOperation[], fault: MemoryFault): LastingFault {
    return this.#faults.last(operations, fault);
  }

  /** Calls of this operation take so much longer, until the returned fault is ended. @unit milliseconds */
  slowDown(operation: MemoryOperation, ms: number): LastingFault {
    const slowness = { operation, ms, struck: 0 };
    this.#slowness.add(slowness);
    return {
      get struck() {
        return slowness.struck;
      },
      end: () => void this.#slowness.delete(slowness),
    };
  }

  /** `create` beyond this many instances rejects with `capacity` from now on; undefined = as the options say. */
  limitTo(maxInstances: number | undefined): void {
    this.#limit = maxInstances;
  }

  /** Instances that it holds at most at present; `Infinity` without a limit. */
  get maxInstances(): number {
    return this.#limit ?? this.#options.maxInstances ?? Number.POSITIVE_INFINITY;
  }

  /** How many creates were rejected because the host was full. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Every list shows what there is at this moment, until the returned fault is ended. It struck where that was wrong. */
  staleLists(): LastingFault {
    const stale = { instances: this.#seen(), struck: 0 };
    this.#stale = stale;
    return {
      get struck() {
        return stale.struck;
      },
      end: () => {
        if (this.#stale === stale) this.#stale = undefined;
      },
    };
  }

  /** Takes back every fault: those that no call has met yet, and those that last. */
  clearFaults(): void {
    this.#faults.clear();
    this.#slowness.clear();
    this.#limit = undefined;
    this.#stale = undefined;
  }

  /** Faults that no call has met yet. */
  get pendingFaults(): number {
    return this.#faults.pending;
  }

  /** @internal The fault that this call meets, used up by asking. */
  takeFault(operation: MemoryOperation, name: string | undefined): MemoryFault | undefined {
    return this.#faults.take(operation, name);
  }

  /** @internal */
  latencyOf(operation: MemoryOperation): number {
    const latency = this.#options.latencies?.[operation] ?? 0;
    const slowness = this.#slowedBy(operation);
    if (typeof latency === "number") return latency + slowness;
    return latency[0] + (latency[1] - latency[0]) * this.random() + slowness;
  }

  #slowedBy(operation: MemoryOperation): number {
    let ms = 0;
    for (const slowness of this.#slowness) {
      if (slowness.operation !== operation) continue;
      slowness.struck += 1;
      ms += slowness.ms;
    }
    return ms;
  }

  /** What there is, at once and without faults: the world's own view. */
  instances(): readonly Instance[] {
    return [...this.#slots.values()].map((slot) => slot.instance);
  }

  /** @internal What a list shows. */
  visible(): readonly Instance[] {
    const seen = this.#seen();
    const stale = this.#stale;
    if (stale === undefined) return seen;
    const same = ({ name, state }: Instance, index: number): boolean =>
      name === stale.instances[index]?.name && state === stale.instances[index]?.state;
    if (seen.length !== stale.instances.length || !seen.every(same)) stale.struck += 1;
    return stale.instances;
  }

  /** What a backend may see of it. */
  #seen(): readonly Instance[] {
    if (this.capabilities.observesExit) return this.instances();
    return this.instances().map((instance) => {
      if (instance.state !== "exited") return instance;
      return { name: instance.name, labels: instance.labels, state: "started", createdAt: instance.createdAt };
    });
  }

  /** One instance as it is, for the world. */
  find(name: string): Instance | undefined {
    return this.#slots.get(name)?.instance;
  }

  /** @internal What it printed; undefined when there is no such instance. */
  outputOf(name: string): string | undefined {
    return this.#slots.get(name)?.output;
  }

  /** The instance ends by itself: `code` undefined = nobody can know it. Does nothing unless it is started. */
  exit(name: string, code?: number, reason?: string): void {
    const slot = this.#slots.get(name);
    if (slot?.instance.state !== "started") return;
    const { labels, createdAt } = slot.instance;
    slot.instance = {
      name,
      labels,
      createdAt,
      state: "exited",
      ...(code === undefined ? {} : { exitCode: code }),
      ...(reason === undefined ? {} : { exitReason: reason }),
    };
    slot.run?.killed.abort(new Error(`instance ${name} ended`));
    if (this.capabilities.observesExit) this.#publish({ type: "changed", instance: slot.instance });
  }

  /** The instance should take no more work from now on. Does nothing where there is none. */
  markUnfit(name: string, reason: string): void {
    const slot = this.#slots.get(name);
    if (slot === undefined) return;
    slot.instance = { ...slot.instance, unfit: reason };
    this.#publish({ type: "changed", instance: slot.instance });
  }

  /** The instance vanishes without a trace, and what ran in it stops. */
  lose(name: string): void {
    const slot = this.#slots.get(name);
    if (slot === undefined) return;
    this.#slots.delete(name);
    slot.run?.killed.abort(new Error(`instance ${name} was lost`));
    this.#publish({ type: "gone", name });
  }

  /** @internal `create` takes effect. */
  make(spec: InstanceSpec): Instance {
    const known = this.#slots.get(spec.name);
    if (known !== undefined) return known.instance;
    if (!isInstanceName(spec.name)) throw new BackendError("rejected", `"${spec.name}" can't be an instance's name`);
    if (this.#slots.size >= this.maxInstances) {
      this.#refusals += 1;
      throw new BackendError("capacity", "this host is full");
    }
    const instance: Instance = {
      name: spec.name,
      labels: { ...spec.labels },
      state: "created",
      createdAt: this.clock.now(),
    };
    this.#slots.set(spec.name, { instance, output: "", run: undefined });
    this.#publish({ type: "changed", instance });
    return instance;
  }

  /** @internal `start` takes effect. */
  run(name: string, jitConfig: string): void {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new BackendError("gone", `there is no instance ${name}`);
    if (slot.instance.state === "exited") throw new BackendError("gone", `instance ${name} has ended`);
    if (slot.instance.state === "started") return;
    slot.instance = { ...slot.instance, state: "started" };
    this.#publish({ type: "changed", instance: slot.instance });
    const signal = new AbortController();
    const killed = new AbortController();
    const print = (text: string): void => {
      slot.output = (slot.output + text).slice(-MAX_OUTPUT);
    };
    const play = this.#options.onStart ?? runUntilAsked;
    const played = (async () => await play(name, jitConfig, { signal: signal.signal, killed: killed.signal, print }))();
    const ended = played.then(
      (code) => this.exit(name, code),
      (error: unknown) => this.exit(name, 1, error instanceof Error ? error.message : "it failed"),
    );
    slot.run = { signal, killed, ended };
  }

  /** @internal `destroy` takes effect: asks politely, waits for at most `graceMs`, then takes it away. */
  async end(name: string, graceMs: number, signal: AbortSignal): Promise<void> {
    const slot = this.#slots.get(name);
    if (slot?.run !== undefined && slot.instance.state === "started") {
      slot.run.signal.abort(new Error(`instance ${name} is to end`));
      using grace = this.clock.deadline(graceMs, { signal });
      await firstOf(slot.run.ended, grace.signal);
      signal.throwIfAborted();
    }
    if (this.#slots.get(name) === slot) this.lose(name);
  }

  /** Ends every watch, as a connection that breaks does. */
  endWatches(): void {
    this.feed.end();
  }

  #publish(event: InstanceEvent): void {
    const loss = this.#options.eventLoss ?? 0;
    if (loss === 0 || this.random() >= loss) this.feed.publish(event);
  }
}

function runUntilAsked(_name: string, _jitConfig: string, run: MemoryRun): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of [run.signal, run.killed]) signal.addEventListener("abort", () => resolve(0), { once: true });
  });
}

async function firstOf(ended: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  let wake = (): void => {};
  const aborted = new Promise<void>((resolve) => {
    wake = resolve;
    signal.addEventListener("abort", wake, { once: true });
  });
  await Promise.race([ended, aborted]);
  signal.removeEventListener("abort", wake);
}
