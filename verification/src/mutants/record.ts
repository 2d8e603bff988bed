import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Mutant, mutate } from "./mutant.js";

/** What must catch a mutant. */
export type Catcher = "tests" | "worlds";

export interface Row {
  readonly name: string;
  readonly by: Catcher;
  /** The mutated source, as a hash: another one is to be caught again. */
  readonly source: string;
  /** What caught it; undefined when it survived. */
  readonly caught: string | undefined;
}

/** The mutated source as a hash. @throws Error when the text is not there exactly once */
export function sourceOf(mutant: Mutant): string {
  const source = readFileSync(fileURLToPath(new URL(`../../../${mutant.file}`, import.meta.url)), "utf8");
  return createHash("sha256").update(mutate(source, mutant)).digest("hex").slice(0, 16);
}

/** Rows in a file, one a line, so that a run that was ended goes on where it was. */
export class Record {
  readonly #file: string | undefined;
  readonly #rows = new Map<string, Row>();

  constructor(file: string | undefined) {
    this.#file = file;
    if (file === undefined || !existsSync(file)) return;
    for (const line of readFileSync(file, "utf8").split("\n")) {
      if (line !== "") this.#take(JSON.parse(line));
    }
  }

  /** What caught this mutant before, its source being the same. */
  caught(name: string, by: Catcher, source: string): string | undefined {
    const row = this.#rows.get(`${by} ${name}`);
    return row?.source === source ? row.caught : undefined;
  }

  add(row: Row): void {
    this.#take(row);
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(row)}\n`);
  }

  #take(row: Row): void {
    this.#rows.set(`${row.by} ${row.name}`, row);
  }
}
