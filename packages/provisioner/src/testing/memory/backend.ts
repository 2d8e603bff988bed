import type {
  Backend,
  BackendCapabilities,
  CallOptions,
  Finding,
  Instance,
  InstanceEvent,
  InstanceSpec,
  Revealable,
} from "../../contract.js";
import { BackendError } from "../../contract.js";
import type { MemoryOperation } from "./faults.js";
import { type MemoryHostOptions, MemoryInstances } from "./instances.js";

/** A call that has not answered yet. What becomes of it when its daemon dies is drawn then. */
interface UnderWay {
  fate: "goes on" | "takes effect" | "never happens";
}

/**
 * A daemon's connection to instances in memory. `new MemoryBackend({ clock, random })` makes instances of its own;
 * `MemoryHost.open()` connects to those of a host that outlives it.
 */
export class MemoryBackend implements Backend {
  readonly host: MemoryInstances;
  readonly #underWay = new Set<UnderWay>();
  readonly #life = new AbortController();
  #state: "open" | "closed" | "crashed" = "open";

  constructor(options: MemoryHostOptions | MemoryInstances) {
    this.host = options instanceof MemoryInstances ? options : new MemoryInstances(options);
  }

  get capabilities(): BackendCapabilities {
    return this.host.capabilities;
  }

  check({ signal }: CallOptions): Promise<readonly Finding[]> {
    return this.#call("check", undefined, signal, () => []);
  }

  create(spec: InstanceSpec, { signal }: CallOptions): Promise<Instance> {
    return this.#call("create", spec.name, signal, () => this.host.make(spec));
  }

  start(name: string, jitConfig: Revealable, { signal }: CallOptions): Promise<void> {
    return this.#call("start", name, signal, () => this.host.run(name, jitConfig.reveal()));
  }

  list({ signal }: CallOptions): Promise<readonly Instance[]> {
    return this.#call("list", undefined, signal, () => this.host.visible());
  }

  watch({ signal }: CallOptions): AsyncIterable<InstanceEvent> {
    const life = this.#life.signal;
    const either = new AbortController();
    const end = (): void => either.abort();
    for (const each of [signal, life]) {
      if (each.aborted) end();
      else each.addEventListener("abort", end, { once: true });
    }
    return this.host.feed.watch(either.signal, () => {
      for (const each of [signal, life]) each.removeEventListener("abort", end);
    });
  }

  destroy(name: string, { graceMs, signal }: CallOptions & { readonly graceMs: number }): Promise<void> {
    return this.#call("destroy", name, signal, () => this.host.end(name, graceMs, signal));
  }

  logs(name: string, { tailBytes, signal }: CallOptions & { readonly tailBytes: number }): Promise<string> {
    return this.#call("logs", name, signal, () => {
      const output = this.host.outputOf(name);
      if (output === undefined) throw new BackendError("gone", `there is no instance ${name}`);
      return tailBytes <= 0 ? "" : output.slice(-tailBytes);
    });
  }

  async close(): Promise<void> {
    if (this.#state === "open") this.#state = "closed";
    this.#life.abort();
  }

  /**
   * The daemon that holds this backend dies: no call answers from here on, watches end, and of what was under way each
   * call takes effect or not, by the random source. The instances stay: `host.open()` is the next daemon's view.
   */
  crash(): void {
    if (this.#state === "crashed") return;
    this.#state = "crashed";
    for (const call of this.#underWay) call.fate = this.host.random() < 0.5 ? "takes effect" : "never happens";
    this.#life.abort();
  }

  async #call<T>(
    operation: MemoryOperation,
    name: string | undefined,
    signal: AbortSignal,
    effect: () => T | Promise<T>,
  ): Promise<T> {
    if (this.#state === "crashed") return await new Promise<T>(() => {});
    signal.throwIfAborted();
    if (this.#state === "closed") throw new BackendError("transient", "this backend was closed");
    const call: UnderWay = { fate: "goes on" };
    this.#underWay.add(call);
    try {
      const answer = await this.#play(operation, name, signal, effect, call);
      return call.fate === "goes on" ? answer : await new Promise<T>(() => {});
    } catch (error) {
      if (call.fate !== "goes on") return await new Promise<T>(() => {});
      throw error;
    } finally {
      this.#underWay.delete(call);
    }
  }

  async #play<T>(
    operation: MemoryOperation,
    name: string | undefined,
    signal: AbortSignal,
    effect: () => T | Promise<T>,
    call: UnderWay,
  ): Promise<T> {
    const fault = this.host.takeFault(operation, name);
    const latency = this.host.latencyOf(operation);
    const before = latency > 0 ? latency * this.host.random() : 0;
    if (before > 0) await this.host.clock.sleep(before, { signal });
    if (fault === "hang") await untilAborted(signal);
    if (fault !== undefined && fault !== "answer lost" && fault !== "hang after") {
      throw new BackendError(fault === "hang" ? "transient" : fault, `${operation} fails, as planned: ${fault}`);
    }
    if (call.fate === "never happens") throw new BackendError("transient", "the daemon died");
    const answer = await effect();
    if (latency > before) await this.host.clock.sleep(latency - before, { signal });
    if (fault === "hang after") await untilAborted(signal);
    if (fault === "answer lost") throw new BackendError("transient", `the answer to ${operation} was lost, as planned`);
    return answer;
  }
}

/** Rejects with the signal's reason once it aborts. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const refuse = (): void => reject(signal.reason);
    if (signal.aborted) refuse();
    else signal.addEventListener("abort", refuse, { once: true });
  });
}
