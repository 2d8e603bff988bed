import type { Clock, Logger } from "@scaleset/client";
import type { Backend } from "@scaleset/provisioner";
import { MemoryHost, type MemoryHostOptions } from "@scaleset/provisioner/testing";
import { type Random, seededRandom, VirtualClock } from "@scaleset/simulator";
import type { Statistics } from "../../src/core/model.js";
import { defaultTimings, type Timings } from "../../src/core/settings.js";
import { BackendCeiling } from "../../src/engine/backend-ceiling.js";
import { BackendCheck } from "../../src/engine/backend-check.js";
import { Inventory } from "../../src/engine/inventory.js";
import type { Place } from "../../src/engine/place.js";
import { PlaceLimiter } from "../../src/engine/place-limiter.js";
import { Wakeups } from "../../src/engine/wakeups.js";
import { Worker } from "../../src/engine/worker.js";
import type { WorkerOptions } from "../../src/engine/worker-options.js";
import type { JitAnswer, ScaleSetService, ServeMode, ServiceHandler } from "../../src/ports/service.js";
import { noJobs } from "../core/driver.js";

export const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A service that says what the test says, and notes what it was asked. */
export class StubService implements ScaleSetService {
  readonly asked: string[] = [];
  handler: ServiceHandler | undefined;
  capacity = 0;
  mode: ServeMode = "polling";
  listening = false;
  jit: (name: string, signal: AbortSignal) => Promise<JitAnswer> = async (name) => ({
    outcome: "issued",
    runnerId: this.asked.length,
    jitConfig: { reveal: () => `jit-of-${name}` },
  });
  statistics: () => Promise<Statistics | undefined> = async () => undefined;
  renewal: (signal: AbortSignal) => Promise<Statistics | undefined> = async () => undefined;
  /** Whether it has registrations of the runners that it is asked about. */
  knows: "present" | "absent" = "absent";
  readonly #clock: Clock;
  #generation = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async listen(handler: ServiceHandler, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.handler = handler;
    this.listening = true;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    this.listening = false;
    handler.ended();
  }

  /** A call of the session was answered as soon as it was sent; a poll was held for `heldMs`. */
  answered(heldMs?: number): void {
    this.handler?.answered({ heldMs, sentAt: this.#clock.uptime() });
  }

  announce(capacity: number): void {
    this.capacity = capacity;
  }

  restartCursor(): void {}

  serve(mode: ServeMode): void {
    this.mode = mode;
  }

  requestJitConfig(name: string, { signal }: { readonly signal: AbortSignal }): Promise<JitAnswer> {
    this.asked.push(`jit ${name}`);
    return this.jit(name, signal);
  }

  async lookUp({ name }: { readonly name: string }): Promise<"present" | "absent"> {
    this.asked.push(`look-up ${name}`);
    return this.knows;
  }

  renew({ signal }: { readonly signal: AbortSignal }): Promise<Statistics | undefined> {
    this.asked.push("renew");
    return this.renewal(signal);
  }

  readStatistics(): Promise<Statistics | undefined> {
    this.asked.push("statistics");
    return this.statistics();
  }

  async deregister({ name }: { readonly name: string }): Promise<"absent" | "busy" | "removed"> {
    this.asked.push(`deregister ${name}`);
    return this.knows === "present" ? "removed" : "absent";
  }

  open(assigned: number): void {
    this.#generation += 1;
    this.handler?.opened({
      generation: this.#generation,
      scaleSetId: 1,
      sessionId: `session-${this.#generation}`,
      statistics: { ...noJobs, assigned },
      sentAt: this.#clock.uptime(),
    });
  }
}

export interface StageOptions {
  readonly min?: number;
  readonly max?: number;
  readonly timings?: Partial<Timings>;
  readonly onStart?: MemoryHostOptions["onStart"];
}

export interface Stage {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly host: MemoryHost;
  readonly service: StubService;
  readonly stop: AbortController;
  readonly watching: Promise<void>;
  /** The JIT configs that runners were started with. */
  readonly runs: string[];
  readonly inventory: Inventory;
  readonly backend: Backend;
  make(options?: Partial<WorkerOptions>): Worker;
}

/** A worker between a service that the test plays and a host in memory, under virtual time. */
export function stage(options: StageOptions = {}): Stage {
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const timings = { ...defaultTimings, ...options.timings };
  const runs: string[] = [];
  const host = new MemoryHost({
    clock,
    random,
    latencies: { create: 10, start: 10, destroy: 10, list: 5 },
    onStart: async (name, jitConfig, run) => {
      runs.push(jitConfig);
      if (options.onStart !== undefined) return await options.onStart(name, jitConfig, run);
      await clock.sleep(60_000, { signal: run.signal });
      return 0;
    },
  });
  const backend = host.open();
  const service = new StubService(clock);
  const inventory = new Inventory({ backend, clock, random, timings, logger: quiet });
  const place = placeOf("place-1", { clock, random: seededRandom(4), backend, inventory });
  const shared = {
    wakeups: new Wakeups(clock),
    launches: new PlaceLimiter(2).lanes(),
    endings: new PlaceLimiter(4).lanes(),
    clock,
    random,
    timings,
    logger: quiet,
  };
  const make = (more: Partial<WorkerOptions> = {}): Worker =>
    new Worker({
      ...shared,
      name: "set",
      namePrefix: "set",
      limits: { minRunners: options.min ?? 0, maxRunners: options.max ?? 10 },
      labels: { schema: 1, identity: "me", owner: "here", spec: "1" },
      service,
      place,
      ...more,
    });
  const stop = new AbortController();
  const watching = Promise.all([inventory.run(stop.signal), place.check.run(stop.signal)]).then(() => {});
  return { clock, host, backend, service, inventory, make, stop, watching, runs, random };
}

export function placeOf(
  id: string,
  parts: Pick<Place, "backend" | "inventory"> & { readonly clock: Clock; readonly random: Random },
): Place {
  const { backend, inventory, clock, random } = parts;
  const check = new BackendCheck({ backend, kind: "memory", clock, random, timings: defaultTimings, logger: quiet });
  return { id, backend, inventory, check, ceiling: new BackendCeiling(clock) };
}

export function started(host: MemoryHost): number {
  return host.instances().filter(({ state }) => state === "started").length;
}

/** The service goes on answering, so the right to act does not lapse. */
export function keepLease(service: StubService): boolean {
  service.answered(10_000);
  service.handler?.pollBegan();
  return true;
}
