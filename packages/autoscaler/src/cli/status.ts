import { resolve } from "node:path";
import process from "node:process";
import { realClock } from "@scaleset/client";
import { messageOf } from "@scaleset/provisioner";
import { defaultStateFolder } from "../config/host.js";
import { stateFolderOf } from "../config/state-folder.js";
import { decodeStatus, UnknownStatusError } from "../status/decode.js";
import { standsInTheWay, statusPage } from "../status/page.js";
import { NoDaemonError, readStatus } from "../status/read.js";
import { StatusSocketError, statusSocketPath } from "../status/socket.js";
import { thisHost } from "../this-host.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { stopRequests } from "./signals.js";

export interface StatusFlags {
  /** The file that the daemon runs with: its state folder has the socket. */
  readonly config?: string | undefined;
  readonly stateFolder?: string | undefined;
  readonly socket?: string | undefined;
  readonly json: boolean;
  readonly watch: boolean;
  readonly runners: boolean;
  /** Seconds between two looks. */
  readonly interval: number;
}

/** `scaleset status`: shows how a running daemon is, once or again and again. */
export async function status(flags: StatusFlags): Promise<ExitCode> {
  const path = socketPath(flags);
  if (!flags.watch) return (await look(path, flags)).print();
  using stop = stopRequests(
    () => {},
    () => {},
  );
  // Whoever read it has gone: nobody is told any more.
  const unread = new AbortController();
  process.stdout.once("error", () => unread.abort());
  const signal = AbortSignal.any([stop.signal, unread.signal]);
  while (!signal.aborted) {
    const seen = await look(path, flags, signal);
    if (signal.aborted) break;
    if (process.stdout.isTTY && !flags.json) process.stdout.write(CLEAR);
    seen.print();
    await realClock.sleep(flags.interval * 1_000, { signal }).catch(() => {});
  }
  return exitCodes.ok.code;
}

/** Cursor home, and everything from there on erased: what scrolled away before stays. */
const CLEAR = "\u001b[H\u001b[2J";

interface Look {
  /** Writes it out, and answers the exit code that it means. */
  print(): ExitCode;
}

async function look(path: string, flags: StatusFlags, signal?: AbortSignal): Promise<Look> {
  try {
    const raw = await readStatus({ path, clock: realClock, signal });
    if (flags.json) return { print: () => said(process.stdout, JSON.stringify(raw), problemCode(raw)) };
    const snapshot = decodeStatus(raw);
    const colours = process.stdout.isTTY === true && !process.env["NO_COLOR"];
    const page = statusPage(snapshot, { colours, runners: flags.runners });
    return { print: () => said(process.stdout, page, codeOf(standsInTheWay(snapshot).length)) };
  } catch (error) {
    const known =
      error instanceof NoDaemonError || error instanceof StatusSocketError || error instanceof UnknownStatusError;
    if (!known && signal?.aborted !== true) throw error;
    const code = error instanceof NoDaemonError ? exitCodes.noDaemon.code : exitCodes.failed.code;
    return { print: () => said(process.stderr, `scaleset: ${messageOf(error)}`, code) };
  }
}

function said(stream: NodeJS.WritableStream, text: string, code: ExitCode): ExitCode {
  stream.write(`${text}\n`);
  return code;
}

/** For `--json`, also of a daemon whose format is not known: what stands in it is not checked further. */
function problemCode(raw: unknown): ExitCode {
  try {
    return codeOf(standsInTheWay(decodeStatus(raw)).length);
  } catch {
    return exitCodes.ok.code;
  }
}

function codeOf(problems: number): ExitCode {
  return problems > 0 ? exitCodes.problems.code : exitCodes.ok.code;
}

function socketPath({ config, stateFolder, socket }: StatusFlags): string {
  const host = thisHost();
  if (socket !== undefined) return resolve(host.workingFolder, socket);
  if (stateFolder !== undefined) return statusSocketPath(resolve(host.workingFolder, stateFolder));
  return statusSocketPath(config === undefined ? defaultStateFolder(host) : stateFolderOf(config, host));
}
