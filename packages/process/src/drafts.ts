import process from "node:process";
import type { ProcessTable } from "./process-table.js";

/** Half-made folders start with a dot, which no instance's name does; then which process makes it. */
const DRAFT = /^\.new-(\d+)-([0-9a-z]+)-/;

/**
 * Name of a folder that this process makes, until it is whole. It says when this process began, too: in a container the
 * next daemon often has the very number of the dead one.
 */
export async function draftName(table: ProcessTable, nonce: string): Promise<string> {
  const startedAt = (await table.view()).startedAt(process.pid) ?? "";
  return `.new-${process.pid}-${compact(startedAt)}-${nonce}`;
}

/** Whether this is the name of a folder whose maker died on the way. */
export async function isAbandonedDraft(name: string, table: ProcessTable): Promise<boolean> {
  const [, pid, startedAt] = DRAFT.exec(name) ?? [];
  if (pid === undefined) return false;
  const now = (await table.view()).startedAt(Number(pid));
  return now === undefined || compact(now) !== startedAt;
}

function compact(startedAt: string): string {
  return startedAt.toLowerCase().replaceAll(/[^0-9a-z]/g, "") || "0";
}
