import { chmod, lchown, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type {
  Backend,
  BackendCapabilities,
  CallOptions,
  Finding,
  Instance,
  InstanceEvent,
  InstanceSpec,
  OpenContext,
  Revealable,
} from "@scaleset/provisioner";
import { abortable, BackendError, isInstanceName } from "@scaleset/provisioner";
import { type Account, accountEnvironment, type RunsAs } from "./account.js";
import { Changes } from "./changes.js";
import { checkHost } from "./check.js";
import { draftName, isAbandonedDraft } from "./drafts.js";
import { endProcesses } from "./end.js";
import { runnerEnvironment } from "./environment.js";
import { errnoOf, toBackendError } from "./failures.js";
import { checkHooks, type Hooks } from "./hooks.js";
import { InstanceFolder, publishFolder } from "./instance-folder.js";
import { LocalInstances } from "./local-instances.js";
import { MARK, type ProcessTable } from "./process-table.js";
import { redactOutput, tailOf } from "./redact-output.js";
import type { RunnerSource } from "./runner-source.js";
import { cloneRunner } from "./runner-tree.js";
import { launchShim } from "./shim.js";
import { removeTree } from "./wipe.js";

/** Time a shim may take to accept its JIT config. @unit milliseconds */
const LAUNCH_DEADLINE_MS = 30_000;

/** How long the last output of an instance that has ended is waited for. @unit milliseconds */
const LAST_WORDS_MS = 500;

/** When to look again after a shim's end. @unit milliseconds */
const FOLLOW_MS = [20, 100, 500] as const;

/** Half-removed folders start with a dot, which no instance's name does. */
const HALF_GONE = /^\.gone-/;

/** What the options come to once their paths are resolved. */
export interface ProcessPlan {
  /** Where instances are kept. */
  readonly root: string;
  /** The runner that each instance gets a clone of, as its work folder. */
  readonly runner: RunnerSource | undefined;
  /** Run in the work folder. */
  readonly command: readonly string[];
  /** Whom runners run as. Undefined for the daemon's own user. */
  readonly runsAs: RunsAs | undefined;
  readonly hooks: Hooks;
  readonly env: Readonly<Record<string, string>>;
  /** Ends what is under way when the backend is closed. */
  readonly life: AbortController;
}

/** Runners as processes of this machine; each in a folder, a session and under a shim of its own. */
export class ProcessBackend implements Backend {
  readonly capabilities: BackendCapabilities = {
    contract: 1,
    scope: "host",
    observesExit: true,
    survivesDaemon: true,
    bootDeadlineMs: 120_000,
  };
  readonly #plan: ProcessPlan;
  readonly #table: ProcessTable;
  readonly #context: OpenContext;
  readonly #instances: LocalInstances;
  readonly #changes: Changes;
  /** Starts under way, which a second start of the same name waits for. */
  readonly #starting = new Map<string, Promise<void>>();
  /** Asked to end once; a second SIGTERM means "drop everything" to some programs. */
  readonly #asked = new Set<string>();
  readonly #life: AbortController;
  #made = 0;

  constructor(plan: ProcessPlan, table: ProcessTable, context: OpenContext) {
    this.#plan = plan;
    this.#life = plan.life;
    this.#table = table;
    this.#context = context;
    this.#instances = new LocalInstances({
      root: plan.root,
      table,
      clock: context.clock,
      isStarting: (name) => this.#starting.has(name),
      nonce: () => this.#nonce(),
    });
    this.#changes = new Changes({
      root: plan.root,
      clock: context.clock,
      logger: context.logger,
      read: (name) => this.#instances.read(name),
      list: () => this.#instances.readAll(),
    });
  }

  check({ signal }: CallOptions): Promise<readonly Finding[]> {
    return this.#call("checking", signal, async () => {
      const { root, runner, command, runsAs, hooks, env } = this.#plan;
      return await checkHost({ root, runner, command, runsAs, hooks, env, path: this.#environment("check")["PATH"] });
    });
  }

  create(spec: InstanceSpec, { signal }: CallOptions): Promise<Instance> {
    return this.#call(`making ${spec.name}`, signal, async () => {
      const { name, labels } = spec;
      if (!isInstanceName(name)) throw new BackendError("rejected", `"${name}" can't be an instance's name`);
      const known = await this.#instances.read(name);
      if (known !== undefined) return known;
      const { root, runner, runsAs, hooks } = this.#plan;
      const wrong = checkHooks(hooks).find((finding) => finding.level === "error");
      if (wrong !== undefined) throw new BackendError("rejected", `${wrong.message}: ${wrong.remedy ?? "mend it"}`);
      const account = await runsAs?.ready();
      const software = await runner?.ready(signal);
      const draft = new InstanceFolder(join(root, await draftName(this.#table, this.#nonce())));
      const createdAt = this.#context.clock.now();
      try {
        // Not both at once: a recursive mkdir says "no such folder" of a disk that is read-only.
        await mkdir(draft.path, { mode: 0o700 });
        await mkdir(draft.output, { mode: 0o700 });
        if (software === undefined) await ownFolder(draft.work, account);
        else await cloneRunner({ from: software.folder, to: draft.work, owner: account }, signal);
        if (account !== undefined) await chmod(draft.path, 0o711);
        if (account !== undefined && account.home === undefined) await ownFolder(draft.home, account);
        await draft.reserve();
        await draft.writeRecord({ name, labels, createdAt });
        signal.throwIfAborted();
        if (await publishFolder(draft.path, this.#instances.folder(name).path)) {
          this.#changes.look(name);
          return { name, labels, state: "created", createdAt };
        }
      } catch (error) {
        await this.#remove(draft.path).catch(() => {});
        throw error;
      }
      await this.#remove(draft.path);
      const other = await this.#instances.read(name);
      if (other === undefined) throw new BackendError("transient", `${name} came and went`);
      return other;
    });
  }

  start(name: string, jitConfig: Revealable, { signal }: CallOptions): Promise<void> {
    return this.#call(`starting ${name}`, signal, async () => {
      const instance = await this.#instances.read(name);
      if (instance === undefined) throw new BackendError("gone", `there is no instance ${name}`);
      if (instance.state === "exited") throw new BackendError("gone", `instance ${name} has ended`);
      if (instance.state === "created" && !this.#starting.has(name)) {
        if (!/^[^\n\0]+$/.test(jitConfig.reveal()))
          throw new BackendError("rejected", "a JIT config is one line of text");
        const account = await this.#plan.runsAs?.ready();
        signal.throwIfAborted();
        // In one turn with the claim, so that whoever comes second finds the start to wait for.
        if (this.#claim(name)) {
          const starting = this.#launch(name, jitConfig, account).finally(() => this.#starting.delete(name));
          this.#starting.set(name, starting);
        }
      }
      const starting = this.#starting.get(name);
      if (starting !== undefined) await abortable(starting, signal);
    });
  }

  list({ signal }: CallOptions): Promise<readonly Instance[]> {
    return this.#call("listing instances", signal, () => this.#instances.readAll(signal));
  }

  watch({ signal }: CallOptions): AsyncIterable<InstanceEvent> {
    return this.#changes.watch(this.#life.signal.aborted ? this.#life.signal : signal);
  }

  destroy(name: string, options: CallOptions & { readonly graceMs: number }): Promise<void> {
    const { graceMs, signal } = options;
    return this.#call(`destroying ${name}`, signal, async () => {
      if (!isInstanceName(name)) return;
      const starting = this.#starting.get(name);
      if (starting !== undefined)
        await abortable(
          starting.catch(() => {}),
          signal,
        );
      const folder = this.#instances.folder(name);
      if ((await folder.readRecord()) === undefined) return;
      // One that never had a process needs no search for any.
      if (!(await this.#forbid(folder, "destroyed before it was started"))) {
        const leader = await folder.readProcess();
        const ask = !this.#asked.has(name);
        this.#asked.add(name);
        await endProcesses(this.#table, this.#context.clock, { name, leader, graceMs, ask, signal });
      }
      // In one step; whoever dies between that and the end of the wiping leaves what the next start clears away.
      const gone = join(this.#plan.root, `.gone-${this.#nonce()}`);
      await publishFolder(folder.path, gone).catch(ignoreMissing);
      this.#asked.delete(name);
      this.#instances.forget(name);
      this.#changes.look(name);
      await abortable(this.#clearAway(gone, name), signal);
    });
  }

  logs(name: string, { tailBytes, signal }: CallOptions & { readonly tailBytes: number }): Promise<string> {
    return this.#call(`reading the output of ${name}`, signal, async () => {
      const instance = await this.#instances.read(name);
      if (instance === undefined) throw new BackendError("gone", `there is no instance ${name}`);
      if (instance.state === "exited") await this.#lastWords(name, signal);
      const output = await this.#instances.folder(name).readOutput();
      return tailOf(redactOutput(output, this.#plan.env), tailBytes);
    });
  }

  async close(): Promise<void> {
    this.#life.abort(new BackendError("transient", "this backend was closed"));
    this.#changes.close();
    await Promise.allSettled([...this.#starting.values(), this.#plan.runner?.close()]);
  }

  /** Clears away what a daemon that died left half made or half removed. What can't be removed stops nothing. */
  async sweep(): Promise<void> {
    for (const entry of await readdir(this.#plan.root)) {
      const left = HALF_GONE.test(entry) || (await isAbandonedDraft(entry, this.#table));
      if (left) await this.#clearAway(join(this.#plan.root, entry), undefined);
    }
  }

  /**
   * Nothing of it runs and nothing lists it: what of it can't be removed (files of root's that a job made, a mount)
   * takes room, but must not take a runner's place.
   */
  async #clearAway(folder: string, name: string | undefined): Promise<void> {
    try {
      await this.#remove(folder);
    } catch (error) {
      const words =
        "a job left files that can't be removed: remove this folder as root; it is tried again at each start";
      this.#context.logger.warn({ folder, instance: name, error: toBackendError(error, "removing").message }, words);
    }
  }

  /** A runner's end can be seen before the last it printed is written. Not waited for long: a leftover may print on. */
  async #lastWords(name: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    const end = clock.monotonic() + LAST_WORDS_MS;
    while (clock.monotonic() < end && (await this.#instances.isPrinting(name))) await clock.sleep(10, { signal });
  }

  #remove(folder: string): Promise<void> {
    const { runner, runsAs } = this.#plan;
    return removeTree(folder, { large: runner !== undefined || runsAs !== undefined });
  }

  #environment(name: string, account?: Account): Record<string, string> {
    const { env, hooks } = this.#plan;
    const isOther = account !== undefined && account.become.length > 0;
    return runnerEnvironment({
      daemon: process.env,
      user: isOther ? accountEnvironment(account, this.#instances.folder(name).home) : undefined,
      own: env,
      hooks,
      marks: { [MARK]: name },
    });
  }

  #nonce(): string {
    this.#made += 1;
    return `${this.#made}-${Math.floor(this.#context.random() * 2 ** 32).toString(36)}`;
  }

  #claim(name: string): boolean {
    try {
      return this.#instances.folder(name).claim();
    } catch (error) {
      if (errnoOf(error) === "ENOENT") throw new BackendError("gone", `there is no instance ${name}`);
      throw error;
    }
  }

  /** Goes on when its caller has lost patience: only the end of it tells whether a runner runs. */
  async #launch(name: string, jitConfig: Revealable, account: Account | undefined): Promise<void> {
    const folder = this.#instances.folder(name);
    using deadline = this.#context.clock.deadline(LAUNCH_DEADLINE_MS);
    try {
      const orders = {
        folder: folder.path,
        command: [...(account?.become ?? []), ...this.#plan.command],
        env: this.#environment(name, account),
        jitConfig: jitConfig.reveal(),
      };
      await launchShim(orders, deadline.signal, () => void this.#followEnd(name));
    } catch (error) {
      const failure = toBackendError(error, `starting ${name}`);
      await this.#forbid(folder, failure.message).catch(() => {});
      throw failure;
    } finally {
      this.#changes.look(name);
    }
  }

  /** Its shim is gone; what that led may need a moment to follow. */
  async #followEnd(name: string): Promise<void> {
    this.#changes.look(name);
    for (const delayMs of FOLLOW_MS) {
      await this.#context.clock.sleep(delayMs, { signal: this.#life.signal }).catch(() => {});
      this.#changes.look(name);
    }
  }

  /** False when it has, or had, a process already. */
  async #forbid(folder: InstanceFolder, reason: string): Promise<boolean> {
    const forbidden = await folder.forbid(reason, this.#nonce());
    if (forbidden) this.#context.logger.debug({ folder: folder.path, reason }, "an instance will never run");
    return forbidden;
  }

  /** Every call ends with a `BackendError` or its signal's reason. */
  async #call<T>(what: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#life.signal.aborted) throw this.#life.signal.reason;
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw toBackendError(error, what);
    }
  }
}

/** A folder of that account's own, or the daemon's. */
async function ownFolder(path: string, account: Account | undefined): Promise<void> {
  await mkdir(path, { mode: 0o755 });
  if (account !== undefined) await lchown(path, account.uid, account.gid);
}

/** Somebody else removed it at the same time. */
function ignoreMissing(error: unknown): boolean {
  if (errnoOf(error) === "ENOENT") return false;
  throw error;
}
