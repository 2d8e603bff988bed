import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import type { Clock, Random } from "../../clock.js";
import {
  type Backend,
  type BackendErrorKind,
  type Instance,
  type InstanceLabels,
  type InstanceState,
  isBackendError,
  type OpenContext,
  type Revealable,
} from "../../contract.js";
import { jitConfigFor, type RunnerOrder, STARTED } from "./contract-runner.js";

/** How often the suite looks again at something that it waits for. */
const LOOK_AGAIN_MS = 20;

export interface BenchOptions {
  readonly open: (context: OpenContext) => Promise<Backend>;
  readonly clock: Clock;
  readonly random: Random;
  readonly patienceMs: number;
  readonly countRunners: ((name: string) => Promise<number>) | undefined;
}

/** Raised by a case that can't be asked of this backend. */
export class NotApplicable extends Error {}

/** What one case works with: a backend with a folder of its own, and whatever the case made, to be cleared away after. */
export class Bench {
  readonly clock: Clock;
  readonly patienceMs: number;
  /** In every JIT config handed over, and nowhere else: whatever shows it leaks. */
  readonly canary: string;
  /** Everything the backend logged, as text. */
  readonly logged: string[] = [];
  readonly #options: BenchOptions;
  readonly #context: OpenContext;
  readonly #made = new Set<string>();
  #backend: Backend | undefined;

  constructor(options: BenchOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.patienceMs = options.patienceMs;
    this.canary = `canary${this.#letters(24)}`;
    const folder = mkdtempSync(join(tmpdir(), "scaleset-contract-"));
    const log = (data: object, message: string): void => {
      this.logged.push(`${message} ${inspect(data, { depth: 6 })}`);
    };
    this.#context = {
      stateFolder: folder,
      baseFolder: folder,
      clock: options.clock,
      random: options.random,
      logger: { debug: log, info: log, warn: log, error: log },
    };
  }

  get backend(): Backend {
    assert.ok(this.#backend, "the backend is open");
    return this.#backend;
  }

  async open(): Promise<void> {
    this.#backend = await this.#options.open(this.#context);
  }

  /** What the next daemon finds: this backend is closed, and another opened on the same folder. */
  async reopen(): Promise<void> {
    await this.backend.close();
    await this.open();
  }

  /** Runs one call with a limit; also one that does not care for its signal fails the case, and does not hang it. */
  async call<T>(call: (options: { signal: AbortSignal }) => Promise<T>): Promise<T> {
    using deadline = this.clock.deadline(this.patienceMs);
    const { signal } = deadline;
    const late = new Promise<never>((_resolve, reject) => {
      const answer = new assert.AssertionError({ message: `a call was not answered within ${this.patienceMs} ms` });
      signal.addEventListener("abort", () => reject(answer), { once: true });
    });
    return await Promise.race([call({ signal }), late]);
  }

  /** Waits for something that takes no signal, with the same limit. */
  async within<T>(promise: Promise<T>): Promise<T> {
    return await this.call(() => promise);
  }

  name(): string {
    const name = `contract-${this.#letters(12)}`;
    this.#made.add(name);
    return name;
  }

  labels(changes: Partial<InstanceLabels> = {}): InstanceLabels {
    return { schema: 1, identity: this.#hex(64), owner: "contract-host-1", spec: this.#hex(16), ...changes };
  }

  jitConfig(order: RunnerOrder, length = 0): Revealable {
    const text = jitConfigFor(order, this.canary.padEnd(length, "+/Aa="));
    return { reveal: () => text };
  }

  async created(): Promise<string> {
    const name = this.name();
    await this.call((options) => this.backend.create({ name, labels: this.labels() }, options));
    return name;
  }

  async started(order: RunnerOrder): Promise<string> {
    const name = await this.created();
    await this.call((options) => this.backend.start(name, this.jitConfig(order), options));
    return name;
  }

  async exited(code: number): Promise<string> {
    const name = await this.started({ mode: "exit", code });
    await this.untilState(name, "exited");
    return name;
  }

  async find(name: string): Promise<Instance | undefined> {
    const listed = await this.call((options) => this.backend.list(options));
    const found = listed.filter((instance) => instance.name === name);
    assert.ok(found.length <= 1, `${name} is listed once, not ${found.length} times`);
    return found[0];
  }

  async untilState(name: string, state: InstanceState): Promise<Instance> {
    return await this.until(`${name} is listed as ${state}`, async () => {
      const instance = await this.find(name);
      return instance?.state === state ? instance : undefined;
    });
  }

  /** Looks again and again until `probe` finds something. */
  async until<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
    const end = this.clock.monotonic() + this.patienceMs;
    for (;;) {
      const found = await probe();
      if (found !== undefined) return found;
      if (this.clock.monotonic() > end) assert.fail(`within ${this.patienceMs} ms: ${what}`);
      await this.clock.sleep(LOOK_AGAIN_MS);
    }
  }

  /** What the instance printed, or a skipped case where the backend has no logs. */
  async output(name: string, tailBytes = 65_536): Promise<string> {
    const { backend } = this;
    if (backend.logs === undefined) throw new NotApplicable("this backend has no logs");
    return await this.call(async (options) => (await backend.logs?.(name, { ...options, tailBytes })) ?? "");
  }

  /** How many runners were ever started for the name. */
  async runners(name: string): Promise<number> {
    if (this.#options.countRunners !== undefined) return await this.#options.countRunners(name);
    return (await this.output(name)).split(STARTED).length - 1;
  }

  async untilRunning(name: string): Promise<void> {
    await this.until(`the runner of ${name} runs`, async () => ((await this.runners(name)) > 0 ? true : undefined));
  }

  async rejects(kind: BackendErrorKind, call: (options: { signal: AbortSignal }) => Promise<unknown>): Promise<void> {
    await assert.rejects(this.call(call), (error: unknown) => {
      assert.ok(isBackendError(error), `a BackendError, not ${String(error)}`);
      assert.equal(error.kind, kind, `${error.kind} (${error.message}) should be ${kind}`);
      return true;
    });
  }

  async destroy(name: string, graceMs = 5_000): Promise<void> {
    await this.call((options) => this.backend.destroy(name, { ...options, graceMs }));
  }

  /** Clears away what the case made, whatever state it left behind. */
  async end(): Promise<void> {
    try {
      for (const name of this.#made) await this.destroy(name, 0);
      await this.backend.close();
    } finally {
      rmSync(this.#context.stateFolder, { recursive: true, force: true });
    }
  }

  #letters(count: number): string {
    return Array.from({ length: count }, () => Math.floor(this.#options.random() * 36).toString(36)).join("");
  }

  #hex(count: number): string {
    return Array.from({ length: count }, () => Math.floor(this.#options.random() * 16).toString(16)).join("");
  }
}
