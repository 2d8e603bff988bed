import type { z } from "zod";
import { z as zod } from "zod";
import type { Clock } from "./clock.js";

/**
 * The provisioner contract: the one interface that an engine's adapter (processes, containers, pods, virtual machines)
 * implements. Published as `@scaleset/provisioner`. The suite in `@scaleset/provisioner/testing` checks every
 * sentence of it on a real backend.
 */

/** What is written on every instance, so that the next daemon can tell whose it is and what it was made from. */
export interface InstanceLabels {
  /** Version of this set of labels; instances of a newer one are counted as live and never touched. Now 1. */
  readonly schema: number;
  /** Which scale set it belongs to: SHA-256 of canonical config URL, runner group and scale set name, in hex. */
  readonly identity: string;
  /** Which daemon made it: the owner name of its message session. */
  readonly owner: string;
  /** Hash of the runner spec it was made from. */
  readonly spec: string;
}

/** What `create` makes. Everything else about an instance comes from the options the backend was opened with. */
export interface InstanceSpec {
  /** Instance name = runner name. Letters, digits and dashes, at most 63 characters, random and never used twice. */
  readonly name: string;
  readonly labels: InstanceLabels;
}

/**
 * - `created`: it exists, and nothing in it can register a runner yet;
 * - `started`: a runner was handed its JIT config and has not ended;
 * - `exited`: it ended, and stays listed until destroyed.
 */
export type InstanceState = "created" | "started" | "exited";

export interface Instance {
  readonly name: string;
  readonly labels: InstanceLabels;
  readonly state: InstanceState;
  /** When it was created. @unit milliseconds since the epoch */
  readonly createdAt: number;
  /** Only for `exited`, and only when the backend can know it. */
  readonly exitCode?: number;
  /** Why it ended, in a few words for a person ("out of memory", "killed by SIGKILL", "the host rebooted"). */
  readonly exitReason?: string;
  /** Why it should take no more work (its inner engine died, its node is going away); undefined while it is well. */
  readonly unfit?: string;
}

export type InstanceEvent =
  | { readonly type: "changed"; readonly instance: Instance }
  | { readonly type: "gone"; readonly name: string };

export interface CallOptions {
  /** The call ends soon after this aborts, rejecting with its reason. What was under way may or may not have happened. */
  readonly signal: AbortSignal;
}

/** Something `check` has to say about this machine or these options. */
export interface Finding {
  readonly level: "error" | "warning" | "info";
  /** What is so. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** A secret as it is handed over: only `reveal()` shows it. */
export interface Revealable {
  reveal(): string;
}

export interface BackendCapabilities {
  readonly contract: 1;
  /** `host`: another machine's daemon can't see these instances. `shared`: every replica sees the same ones. */
  readonly scope: "host" | "shared";
  /** False where an instance can end without the backend ever seeing it (virtual machines behind a cloud's API). */
  readonly observesExit: boolean;
  /** Whether instances run on when the daemon dies. */
  readonly survivesDaemon: boolean;
  /** Time a started instance may take until its runner is online. @unit milliseconds */
  readonly bootDeadlineMs: number;
}

/**
 * Opened once for each distinct set of options, and shared by all scale sets that use it.
 * Methods may be called concurrently, also for one name. Every rejection is a `BackendError` or the signal's reason.
 */
export interface Backend {
  readonly capabilities: BackendCapabilities;
  /** What would keep instances from running here, for `scaleset doctor`. Makes nothing, starts nothing. */
  check(options: CallOptions): Promise<readonly Finding[]>;
  /** Makes an inert instance. Idempotent by name: one that exists already is answered as it is. */
  create(spec: InstanceSpec, options: CallOptions): Promise<Instance>;
  /**
   * Hands the JIT config over and starts the runner: at most one runner ever for a name. On one that was started
   * already it does nothing. On one that exited or is not there it rejects with `gone`.
   */
  start(name: string, jitConfig: Revealable, options: CallOptions): Promise<void>;
  /** Every instance of every identity: the whole truth or a rejection, never a part. */
  list(options: CallOptions): Promise<readonly Instance[]>;
  /** Changes as they are seen. May miss some, and may end at any time: `list` is the truth. Ends quietly when the signal aborts. */
  watch(options: CallOptions): AsyncIterable<InstanceEvent>;
  /**
   * Ends what runs (asked politely first, by force after `graceMs`) and removes every trace. Idempotent: one that is not
   * there is a success. When it resolves, nothing of the instance runs any more and `list` shows it no more.
   */
  destroy(name: string, options: CallOptions & { readonly graceMs: number }): Promise<void>;
  /** The last bytes of what the instance printed. */
  logs?(name: string, options: CallOptions & { readonly tailBytes: number }): Promise<string>;
  /** Lets go of connections and watches. Instances live on where they can. Idempotent. */
  close(): Promise<void>;
}

/**
 * What went wrong, as what to do about it:
 * - `transient`: try again with another name; whether it happened is not known;
 * - `capacity`: there is no room just now; back off, keep the rest;
 * - `rejected`: this spec will never work here; a person must change something;
 * - `denied`: we lack a right; a person must grant it;
 * - `gone`: there is no such instance, or it has ended.
 */
export type BackendErrorKind = "transient" | "capacity" | "rejected" | "denied" | "gone";

const BRAND = Symbol.for("scaleset.BackendError");

export class BackendError extends Error {
  override readonly name = "BackendError";
  readonly kind: BackendErrorKind;
  /** @internal Tells it apart across copies of this package. */
  readonly [BRAND] = true;

  constructor(kind: BackendErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** True for a `BackendError`, also one that was made by another copy of this package. */
export function isBackendError(error: unknown): error is BackendError {
  return error instanceof Error && BRAND in error;
}

/** The levels that a backend may log at; `data` must hold no secret. */
export interface BackendLogger {
  debug(data: object, message: string): void;
  info(data: object, message: string): void;
  warn(data: object, message: string): void;
  error(data: object, message: string): void;
}

export interface OpenContext {
  /** A folder of this daemon's own, for records that must outlive it. Exists already. */
  readonly stateFolder: string;
  /** Folder that relative paths in the options are relative to: that of the config file. */
  readonly baseFolder: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly logger: BackendLogger;
}

/** A kind of backend: the schema of its options, and how to open one. */
export interface Provisioner<Options = unknown> {
  readonly contract: 1;
  /** How it is called in the config: `provisioner: { process: { … } }`. */
  readonly kind: string;
  readonly schema: z.ZodType<Options>;
  /** Options of which only one may be given: one of a scale set's own takes the place of another from `defaults`. */
  readonly alternatives?: readonly (readonly string[])[] | undefined;
  open(options: Options, context: OpenContext): Promise<Backend>;
}

/**
 * Declares a provisioner. The `options` callback gets our zod, so that a package of its own needs no copy:
 *
 * ```ts
 * export const provisioner = defineProvisioner({
 *   kind: "nomad",
 *   options: (z) => z.strictObject({ address: z.url() }),
 *   open: async (options, context) => new NomadBackend(options, context),
 * });
 * ```
 */
export function defineProvisioner<Options>(definition: {
  readonly kind: string;
  readonly options: (zod: typeof z) => z.ZodType<Options>;
  /** Groups of options of which only one may be given, such as `[["image", "dockerfile"]]`; the schema refuses two. */
  readonly alternatives?: readonly (readonly string[])[] | undefined;
  readonly open: (options: Options, context: OpenContext) => Promise<Backend>;
}): Provisioner<Options> {
  const { kind, options, alternatives, open } = definition;
  return { contract: 1, kind, schema: options(zod), alternatives, open };
}
