import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, on } from "node:events";
import {
  type Backend,
  BackendError,
  type CallOptions,
  defineProvisioner,
  type Finding,
  type Instance,
  type InstanceEvent,
  type InstanceSpec,
  type OpenContext,
  type Revealable,
} from "@scaleset/provisioner";

interface Options {
  /** Program and arguments of a runner, which takes its JIT config from `ACTIONS_RUNNER_INPUT_JITCONFIG`. */
  readonly command: readonly string[];
}

/** What a daemon loads: the kind, a schema for the options in the config, and how to open a backend with them. */
export const provisioner = defineProvisioner<Options>({
  kind: "@scaleset/example-custom-provisioner",
  options: (z) => z.strictObject({ command: z.array(z.string().min(1)).min(1) }),
  open: async (options, context) => new ChildrenBackend(options, context),
});

interface Slot {
  instance: Instance;
  child?: ChildProcess;
  output: string;
}

/** Runners as plain children of the daemon: they end with it, and nothing is kept on disk. */
class ChildrenBackend implements Backend {
  readonly capabilities = {
    contract: 1,
    scope: "host", // another machine can't see our children
    observesExit: true, // a child's end is an event
    survivesDaemon: false, // honest: the suite then asks for nothing that needs it
    bootDeadlineMs: 60_000,
  } as const;
  readonly #options: Options;
  readonly #context: OpenContext;
  readonly #slots = new Map<string, Slot>();
  readonly #changes = new EventEmitter<{ change: [InstanceEvent]; close: [] }>();

  constructor(options: Options, context: OpenContext) {
    this.#options = options;
    this.#context = context;
  }

  async check({ signal }: CallOptions): Promise<readonly Finding[]> {
    signal.throwIfAborted();
    return [{ level: "info", message: "runners end when the daemon ends" }];
  }

  // An inert instance is an entry in a map here; with an engine, a stopped container or machine that carries the labels.
  async create({ name, labels }: InstanceSpec, { signal }: CallOptions): Promise<Instance> {
    signal.throwIfAborted();
    const known = this.#slots.get(name);
    if (known !== undefined) return known.instance;
    const instance: Instance = { name, labels, state: "created", createdAt: this.#context.clock.now() };
    this.#slots.set(name, { instance, output: "" });
    this.#tell({ type: "changed", instance });
    return instance;
  }

  async start(name: string, jitConfig: Revealable, { signal }: CallOptions): Promise<void> {
    signal.throwIfAborted();
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new BackendError("gone", `there is no instance ${name}`);
    if (slot.instance.state === "exited") throw new BackendError("gone", `instance ${name} has ended`);
    if (slot.instance.state === "started") return;
    // From here to the new state without a pause: of several starts at once, the others find it started.
    const [program = "", ...args] = this.#options.command;
    const child = spawn(program, args, {
      detached: true, // a group of its own, so that all of it can be ended
      stdio: ["ignore", "pipe", "pipe"],
      // Jobs are strangers' code: give them what they need, not what the daemon has.
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ACTIONS_RUNNER_INPUT_JITCONFIG: jitConfig.reveal() },
    });
    slot.child = child;
    this.#become(slot, { ...slot.instance, state: "started" });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        slot.output = (slot.output + text).slice(-65_536);
      });
    }
    child.once("error", (error) =>
      this.#become(slot, { ...slot.instance, state: "exited", exitReason: error.message }),
    );
    child.once("close", (code, by) => {
      const how = code === null ? { exitReason: `killed by ${by}` } : { exitCode: code };
      this.#become(slot, { ...slot.instance, state: "exited", ...how });
    });
  }

  async list({ signal }: CallOptions): Promise<readonly Instance[]> {
    signal.throwIfAborted();
    return [...this.#slots.values()].map((slot) => slot.instance);
  }

  async *watch({ signal }: CallOptions): AsyncIterable<InstanceEvent> {
    try {
      for await (const [event] of on(this.#changes, "change", { signal, close: ["close"] })) yield event;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async destroy(name: string, { graceMs, signal }: CallOptions & { readonly graceMs: number }): Promise<void> {
    signal.throwIfAborted();
    const slot = this.#slots.get(name);
    if (slot === undefined) return;
    if (slot.instance.state === "started") {
      send(slot.child, "SIGTERM");
      if (!(await this.#hasEnded(slot, graceMs, signal))) {
        send(slot.child, "SIGKILL");
        await this.#hasEnded(slot, 5_000, signal);
      }
    }
    if (this.#slots.delete(name)) this.#tell({ type: "gone", name });
  }

  async logs(name: string, { tailBytes, signal }: CallOptions & { readonly tailBytes: number }): Promise<string> {
    signal.throwIfAborted();
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new BackendError("gone", `there is no instance ${name}`);
    return Buffer.from(slot.output).subarray(-tailBytes).toString("utf8");
  }

  async close(): Promise<void> {
    for (const slot of this.#slots.values()) if (slot.instance.state === "started") send(slot.child, "SIGKILL");
    this.#slots.clear();
    this.#changes.emit("close");
  }

  #become(slot: Slot, instance: Instance): void {
    slot.instance = instance;
    this.#tell({ type: "changed", instance });
  }

  #tell(event: InstanceEvent): void {
    this.#changes.emit("change", event);
  }

  async #hasEnded(slot: Slot, ms: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#context;
    const end = clock.monotonic() + ms;
    while (slot.instance.state !== "exited") {
      const left = end - clock.monotonic();
      if (left <= 0) return false;
      await clock.sleep(Math.min(20, left), { signal });
    }
    return true;
  }
}

/** To the whole group of the child; one that has ended already is no failure. */
function send(child: ChildProcess | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}
