import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** What is known to catch a mutant: a file of tests, and a world as `KIND SEED`. Tried first. */
export interface Hint {
  readonly test?: string | undefined;
  readonly world?: string | undefined;
}

const file = new URL("../../mutants-caught-by.json", import.meta.url);

export function readHints(): ReadonlyMap<string, Hint> {
  const known: Record<string, Hint> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  return new Map(Object.entries(known));
}

/** Remembers what caught a mutant, in the order of the names. */
export function learn(name: string, hint: Hint): void {
  const known = new Map(readHints());
  known.set(name, { ...known.get(name), ...hint });
  const sorted = [...known].sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
}
