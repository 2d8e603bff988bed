import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Instance } from "@scaleset/provisioner";
import { isInstanceName } from "@scaleset/provisioner";
import { mapBounded } from "./bounded.js";
import { InstanceFolder, type InstanceRecord, type Trace } from "./instance-folder.js";
import { isAlive, type ProcessTable, sessionOf } from "./process-table.js";

/** Folders read at once by a list. */
const READ_AT_ONCE = 16;

/** Time from a claim to a process of its own, after which there will be none: its daemon died between. @unit milliseconds */
const LAUNCH_GRACE_MS = 10_000;

interface Known {
  readonly record: InstanceRecord;
  /** Only one that tells of a process, or of the end. */
  readonly trace: Trace | undefined;
}

type Outcome = Pick<Instance, "state" | "exitCode" | "exitReason">;

export interface LocalInstancesOptions {
  /** The folder that holds the instances' folders. */
  readonly root: string;
  readonly table: ProcessTable;
  readonly clock: Clock;
  /** Whether a start of this name is under way in this backend. */
  readonly isStarting: (name: string) => boolean;
  /** Makes names of drafts that nobody else uses. */
  readonly nonce: () => string;
}

/** What there is, told from folders and living processes alone; so the next daemon sees what this one sees. */
export class LocalInstances {
  readonly #options: LocalInstancesOptions;
  /** What was read and never changes; so a look at one that runs costs one look at its folder, and one at its process. */
  readonly #known = new Map<string, Known>();
  /** Since when a claim without a process is known here, on the monotonic clock. */
  readonly #claimed = new Map<string, number>();

  constructor(options: LocalInstancesOptions) {
    this.#options = options;
  }

  folder(name: string): InstanceFolder {
    return new InstanceFolder(join(this.#options.root, name));
  }

  async readAll(signal?: AbortSignal): Promise<readonly Instance[]> {
    const names = (await readdir(this.#options.root)).filter(isInstanceName);
    const read = await mapBounded(names, READ_AT_ONCE, async (name) => {
      signal?.throwIfAborted();
      return await this.read(name);
    });
    return read.filter((instance) => instance !== undefined);
  }

  /** Undefined when there is no such instance. */
  async read(name: string): Promise<Instance | undefined> {
    if (!isInstanceName(name)) return undefined;
    const folder = this.folder(name);
    const files = await folder.look();
    const record = files === undefined ? undefined : (this.#known.get(name)?.record ?? (await folder.readRecord()));
    if (files === undefined || record === undefined) {
      this.forget(name);
      return undefined;
    }
    const { labels, createdAt } = record;
    const trace = await this.#readTrace(name, record, files);
    return { name, labels, createdAt, ...(await this.#judge(folder, name, trace)) };
  }

  /** An instance of this name is gone. */
  forget(name: string): void {
    this.#known.delete(name);
    this.#claimed.delete(name);
  }

  async #readTrace(name: string, record: InstanceRecord, files: readonly string[]): Promise<Trace> {
    const known = this.#known.get(name)?.trace;
    if (known?.type === "ended" || (known?.type === "process" && !files.includes("exit"))) return known;
    const trace = await this.folder(name).readTrace(files);
    const isFinal = trace.type === "ended" || trace.type === "process";
    this.#known.set(name, { record, trace: isFinal ? trace : undefined });
    return trace;
  }

  /** Whether its shim still passes on what was printed: it ends as soon as all of it is written. */
  async isPrinting(name: string): Promise<boolean> {
    const { table } = this.#options;
    const leader = await this.folder(name).readProcess();
    return leader !== undefined && isAlive(leader, table, await table.view());
  }

  async #judge(folder: InstanceFolder, name: string, trace: Trace): Promise<Outcome> {
    switch (trace.type) {
      case "inert":
        return { state: "created" };
      case "ended":
        return exited(trace);
      case "claimed":
        return await this.#judgeClaim(folder, name);
      case "process": {
        const { table } = this.#options;
        if (trace.identity.bootId !== table.bootId) return { state: "exited", exitReason: "the host rebooted" };
        if (isAlive(trace.identity, table, await table.view())) return { state: "started" };
        // It may have written its end after we read, and before we looked at processes.
        const end = await folder.readEnd();
        if (end !== undefined) return exited(end);
        if (sessionOf(trace.identity, table, await table.scan()).length > 0) return { state: "started" };
        return { state: "exited", exitReason: "it was killed together with its shim" };
      }
    }
  }

  async #judgeClaim(folder: InstanceFolder, name: string): Promise<Outcome> {
    const now = this.#options.clock.monotonic();
    const since = this.#claimed.get(name) ?? now;
    this.#claimed.set(name, since);
    if (this.#options.isStarting(name) || now - since < LAUNCH_GRACE_MS) return { state: "started" };
    const exitReason = "its daemon died while it was starting it";
    try {
      // When its shim turns up in this very moment, it is the next reading's.
      return (await folder.forbid(exitReason, this.#options.nonce()))
        ? { state: "exited", exitReason }
        : { state: "started" };
    } catch {
      // A disk that can't be written must not hide all the others.
      return { state: "started" };
    }
  }
}

function exited(end: Extract<Trace, { type: "ended" }>): Outcome {
  const { type: _, ...how } = end;
  return { state: "exited", ...how };
}
