import { chmodSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errnoOf } from "@scaleset/process";
import { messageOf } from "@scaleset/provisioner";
import type { SessionRecord, SessionRecords } from "../ports/session-records.js";
import { readSmallFile } from "./small-file.js";

/** A record has about 500; a config URL and an owner name may be long. */
const MAX_BYTES = 65_536;

/** Identities are hashes; anything else is not made into a file's name. */
const IDENTITY = /^[0-9a-f]{64}$/;

const DRAFT = ".new";

export interface SessionRecordsOptions {
  readonly stateFolder: string;
  /** Sessions recorded before a reboot may be held by another machine by now: a disk can move. */
  readonly bootId: string;
  /** Called with one line for each record that can't be used. */
  readonly warn: (details: { readonly file: string }, message: string) => void;
}

/** A record as it is on disk. */
interface StoredRecord extends SessionRecord {
  readonly bootId: string;
  /** Which folder it was written in: a copy of a state folder belongs to another daemon. */
  readonly folder: string;
}

/**
 * Session records as files in the state folder, `sessions/IDENTITY.json`, readable by their user only. The caller holds
 * the lock of the state folder. Not flushed to disk: a record is of use only until the machine restarts.
 */
export function openSessionRecords({ stateFolder, bootId, warn }: SessionRecordsOptions): SessionRecords {
  const folder = join(stateFolder, "sessions");
  const fileOf = (identity: string): string | undefined =>
    IDENTITY.test(identity) ? join(folder, `${identity}.json`) : undefined;
  if (!prepare(folder, warn)) return none;
  return {
    read(identity) {
      const file = fileOf(identity);
      if (file === undefined) return undefined;
      try {
        const record = decode(readSmallFile(file, MAX_BYTES));
        const why = reasonToIgnore(record, { identity, bootId, folder: idOf(folder) });
        if (why === undefined) return plain(record);
        warn({ file }, `the session record is ignored: ${why}`);
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return undefined;
        warn({ file }, `the session record is ignored: ${wordsOf(error)}`);
      }
      return undefined;
    },
    write(record) {
      const file = fileOf(record.identity);
      if (file === undefined) return;
      try {
        const stored: StoredRecord = { ...plain(record), bootId, folder: idOf(folder) };
        // Not written through what is there: it may be a link.
        rmSync(`${file}${DRAFT}`, { force: true });
        writeFileSync(`${file}${DRAFT}`, `${JSON.stringify(stored)}\n`, { mode: 0o600, flag: "wx" });
        renameSync(`${file}${DRAFT}`, file);
      } catch (error) {
        warn(
          { file },
          `the session can't be recorded, a restart after a crash waits until it expires: ${wordsOf(error)}`,
        );
      }
    },
    delete(identity) {
      const file = fileOf(identity);
      if (file === undefined) return;
      try {
        rmSync(file, { force: true });
      } catch (error) {
        warn({ file }, `the session record can't be removed: ${wordsOf(error)}`);
      }
    },
  };
}

const none: SessionRecords = { read: () => undefined, write: () => {}, delete: () => {} };

/** Makes the folder, for its user only, and removes drafts of a daemon that was killed. False when that is impossible. */
function prepare(folder: string, warn: SessionRecordsOptions["warn"]): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    if (!found.isDirectory()) throw new Error("it is not a folder: remove it");
    if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
    for (const name of readdirSync(folder)) {
      if (name.endsWith(DRAFT)) rmSync(join(folder, name), { recursive: true, force: true });
    }
    return true;
  } catch (error) {
    warn(
      { file: folder },
      `sessions can't be recorded, a restart after a crash waits until they expire: ${wordsOf(error)}`,
    );
    return false;
  }
}

/** @throws {Error} for what is not a record */
function decode(text: string): StoredRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("it is damaged");
  }
  if (!isStored(value)) throw new Error("it is damaged");
  return value;
}

function isStored(value: unknown): value is StoredRecord {
  if (typeof value !== "object" || value === null) return false;
  const texts = ["identity", "configUrl", "owner", "sessionId", "bootId", "folder"];
  return (
    texts.every((key) => {
      const text: unknown = Reflect.get(value, key);
      return typeof text === "string" && text !== "";
    }) &&
    "scaleSetId" in value &&
    Number.isSafeInteger(value.scaleSetId) &&
    Number(value.scaleSetId) > 0
  );
}

function reasonToIgnore(
  record: StoredRecord,
  expected: { readonly identity: string; readonly bootId: string; readonly folder: string },
): string | undefined {
  if (record.identity !== expected.identity) return "it is of another scale set";
  if (record.bootId !== expected.bootId) return "it is from before a restart of this machine, or from another machine";
  if (record.folder !== expected.folder) return "it was copied from another state folder";
  return undefined;
}

/** A file system and a number in it; a copy has another one. */
function idOf(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  return `${dev}:${ino}`;
}

function plain({ identity, configUrl, owner, scaleSetId, sessionId }: SessionRecord): SessionRecord {
  return { identity, configUrl, owner, scaleSetId, sessionId };
}

function wordsOf(error: unknown): string {
  const code = errnoOf(error);
  if (code === "ELOOP") return "it is a link";
  if (code === "EISDIR" || code === "ERR_FS_EISDIR") return "it is a folder: remove it";
  if (code === "EEXIST") return "there is a file of that name: remove it";
  return messageOf(error);
}
