import { closeSync, openSync } from "node:fs";
import { link, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BackendError, type InstanceLabels } from "@scaleset/provisioner";
import { z } from "zod";
import { errnoOf } from "./failures.js";
import { type ProcessIdentity, parseStat } from "./process-table.js";
import type { Output } from "./redact-output.js";

/** What is known of an instance from its folder alone, before anybody looks at processes. */
export type Trace =
  | { readonly type: "inert" }
  /** Claimed by a start, which has not come to a process yet, or never will. */
  | { readonly type: "claimed" }
  | { readonly type: "process"; readonly identity: ProcessIdentity }
  | { readonly type: "ended"; readonly exitCode?: number; readonly exitReason?: string };

export interface InstanceRecord {
  readonly name: string;
  readonly labels: InstanceLabels;
  /** @unit milliseconds since the epoch */
  readonly createdAt: number;
}

const recordSchema = z.object({
  format: z.literal(1),
  name: z.string(),
  labels: z.object({ schema: z.number(), identity: z.string(), owner: z.string(), spec: z.string() }),
  createdAt: z.number(),
});

/** Marks an ending, or a process that will never be, with its reason in place of a number. */
const NO_NUMBER = "- ";

/** More than a line of /proc/PID/stat and a boot id; more than any reason that the shim gives. */
const PROCESS_BYTES = 1_023;
const EXIT_BYTES = 255;

/** Of output that a runner is writing faster than it can be read. */
const READ_ATTEMPTS = 5;

/**
 * One instance on disk:
 *
 * | path | what it says |
 * | --- | --- |
 * | `record.json` | name, labels, time of making; never changes |
 * | `claim` | somebody started it: nobody else may |
 * | `process` | which process leads its session; or that there never will be one |
 * | `exit` | how it ended |
 * | `output/` | the tail of what it printed |
 * | `work/` | where the runner runs |
 * | `process.new`, `exit.new`, `never` | room for those that come later: on a disk that is full by then nothing is lost |
 *
 * Each file appears whole and once. Together they only ever move down this list.
 */
export class InstanceFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get work(): string {
    return join(this.path, "work");
  }

  get output(): string {
    return join(this.path, "output");
  }

  /** The home of a user who has none. */
  get home(): string {
    return join(this.path, "home");
  }

  /**
   * Takes the room on the disk that this instance will need until its end: a runner that ends, or is destroyed, while
   * the disk is full can still say so. The shim writes into these files without making them anew.
   */
  async reserve(): Promise<void> {
    await writeFile(join(this.path, "process.new"), `${" ".repeat(PROCESS_BYTES)}\n`, { mode: 0o600 });
    await writeFile(join(this.path, "exit.new"), `${" ".repeat(EXIT_BYTES)}\n`, { mode: 0o600 });
    await writeFile(join(this.path, "never"), `${NO_NUMBER}it was given up before it was started\n`, { mode: 0o600 });
  }

  /** Written to the disk itself: the record must not be the part that a power cut takes. */
  async writeRecord(record: InstanceRecord): Promise<void> {
    await using file = await open(join(this.path, "record.json"), "wx", 0o600);
    await file.writeFile(`${JSON.stringify({ format: 1, ...record })}\n`);
    await file.datasync();
  }

  /** Undefined when there is no such instance. */
  async readRecord(): Promise<InstanceRecord | undefined> {
    const text = await readIfThere(join(this.path, "record.json"));
    if (text === undefined) return undefined;
    const parsed = recordSchema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new BackendError(
      "rejected",
      `${this.path} holds a record that can't be read; see that nothing of it runs, then remove that folder`,
    );
  }

  /** Names of the files that are there, in one look; undefined when there is no such instance. */
  async look(): Promise<readonly string[] | undefined> {
    try {
      return await readdir(this.path);
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** The trace that a look at its files makes to be read. */
  async readTrace(files: readonly string[]): Promise<Trace> {
    const ended = files.includes("exit") ? await this.readEnd() : undefined;
    if (ended !== undefined) return ended;
    const process = files.includes("process") ? await readIfThere(join(this.path, "process")) : undefined;
    if (process !== undefined) return parseProcess(process);
    return { type: files.includes("claim") ? "claimed" : "inert" };
  }

  /** The leader of its session, whether it lives or not. */
  async readProcess(): Promise<ProcessIdentity | undefined> {
    const text = await readIfThere(join(this.path, "process"));
    const trace = text === undefined ? undefined : parseProcess(text);
    return trace?.type === "process" ? trace.identity : undefined;
  }

  async readEnd(): Promise<Extract<Trace, { type: "ended" }> | undefined> {
    const text = await readIfThere(join(this.path, "exit"));
    return text === undefined ? undefined : parseEnd(text.trim());
  }

  /**
   * Takes the one right to start it; false when somebody has it already. Synchronous, so that a caller can note it in
   * the same turn.
   */
  claim(): boolean {
    try {
      closeSync(openSync(join(this.path, "claim"), "wx", 0o600));
      return true;
    } catch (error) {
      if (errnoOf(error) === "EEXIST") return false;
      throw error;
    }
  }

  /** From here on no process will ever be started for it; false when there was one already. */
  async forbid(reason: string, nonce: string): Promise<boolean> {
    if ((await readIfThere(join(this.path, "process"))) !== undefined) return false;
    const draft = join(this.path, `never-${nonce}.new`);
    const written = await writeFile(draft, `${NO_NUMBER}${reason}\n`, { mode: 0o600 }).then(
      () => draft,
      (error: unknown) => {
        const code = errnoOf(error);
        if (code === "ENOSPC" || code === "EDQUOT") return join(this.path, "never");
        throw error;
      },
    );
    try {
      await link(written, join(this.path, "process"));
      return true;
    } catch (error) {
      if (errnoOf(error) === "EEXIST") return false;
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** All that is kept of the output. Read again when one file was set aside for the other meanwhile: a part would be missing. */
  async readOutput(): Promise<Output> {
    const older = join(this.output, "log.old");
    let output: Output = { text: "", isCut: false };
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt += 1) {
      const before = await inodeOf(older);
      const both = Buffer.concat([await readBytes(older), await readBytes(join(this.output, "log"))]);
      output = { text: both.toString("utf8"), isCut: before !== undefined };
      if ((await inodeOf(older)) === before) break;
    }
    return output;
  }
}

/** Which file has that name just now; undefined where none has. */
async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Moves a finished folder to the name under which it is found; false when that name is taken. */
export async function publishFolder(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "EEXIST" || code === "ENOTEMPTY") return false;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseProcess(text: string): Trace {
  const [pid = "", started = "", bootId = ""] = text.split("\n");
  if (pid.startsWith(NO_NUMBER)) return { type: "ended", exitReason: pid.slice(NO_NUMBER.length) };
  const startedAt = parseStat(started)?.startedAt ?? started.trim();
  return { type: "process", identity: { pid: Number(pid), startedAt, bootId: bootId.trim() } };
}

/** Signals as shells put them into an exit code: 128 and the signal's number. */
const SIGNALS: ReadonlyMap<number, string> = new Map([
  [129, "SIGHUP"],
  [130, "SIGINT"],
  [131, "SIGQUIT"],
  [134, "SIGABRT"],
  [137, "SIGKILL"],
  [139, "SIGSEGV"],
  [141, "SIGPIPE"],
  [143, "SIGTERM"],
]);

function parseEnd(text: string): Extract<Trace, { type: "ended" }> {
  if (text.startsWith(NO_NUMBER)) return { type: "ended", exitReason: text.slice(NO_NUMBER.length) };
  const exitCode = Number.parseInt(text, 10);
  if (Number.isNaN(exitCode)) return { type: "ended", exitReason: "its exit code can't be read" };
  const signal = SIGNALS.get(exitCode);
  if (signal !== undefined) return { type: "ended", exitCode, exitReason: `killed by ${signal}` };
  if (exitCode === 126) return { type: "ended", exitCode, exitReason: "its command can't be executed" };
  if (exitCode === 127) return { type: "ended", exitCode, exitReason: "its command was not found" };
  return { type: "ended", exitCode };
}
