import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const reference = join(root, "docs/reference");

/** What code and docs can refer to: `protocol §3`, `lifecycle §2`, `F12`, `I2`, `I2(c)`. */
function targets(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const page of ["protocol", "lifecycle", "runner-protocol"]) {
    const text = readFileSync(join(reference, `${page}.md`), "utf8");
    for (const [, section] of text.matchAll(/^## (§\d+) /gm)) found.add(`${page} ${section}`);
    for (const [, row, cells = ""] of text.matchAll(/^\| ([FI]\d{1,2}) \|(.*)$/gm)) {
      found.add(`${row}`);
      for (const [, letter] of cells.matchAll(/(?<=[ ,])\(([a-d])\)/g)) found.add(`${row}(${letter})`);
    }
  }
  return found;
}

interface Citation {
  readonly to: string;
  readonly at: string;
}

function citationsIn(path: string): readonly Citation[] {
  const text = readFileSync(path, "utf8");
  const found: Citation[] = [];
  const add = (to: string, index: number): void => {
    found.push({ to, at: `${relative(root, path)}:${text.slice(0, index).split("\n").length}` });
  };
  for (const { 1: row = "", index } of text.matchAll(/(?<![\w.#/-])([FI]\d{1,2}(?:\([a-d]\))?)(?![\w-])/g)) {
    add(row, index);
  }
  for (const { 1: page, 2: section, index } of text.matchAll(
    /(?<![\w-])((?:runner-)?protocol|lifecycle)(?:\.md)?\)?,? (§\d+)/g,
  )) {
    add(`${page} ${section}`, index);
  }
  return found;
}

function filesUnder(folder: string, endings: readonly string[]): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (["node_modules", "dist", ".git"].includes(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesUnder(path, endings);
    return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : [];
  });
}

describe("the reference", () => {
  test("has every failure, invariant and section that code and docs refer to", () => {
    const known = targets();
    const citations = filesUnder(root, [".ts", ".mjs", ".md", ".yaml"]).flatMap(citationsIn);
    expect(citations.length).toBeGreaterThan(200);
    expect(citations.filter(({ to }) => !known.has(to))).toEqual([]);
  });

  test("has 24 failures and 11 invariants, none left out", () => {
    const known = targets();
    const missing = [
      ...Array.from({ length: 24 }, (_, index) => `F${index + 1}`),
      ...Array.from({ length: 11 }, (_, index) => `I${index + 1}`),
    ].filter((row) => !known.has(row));
    expect(missing).toEqual([]);
  });

  test("is not needed to understand what the packages print: their text explains each number that it cites", () => {
    const bare = filesUnder(join(root, "packages"), [".ts"])
      .filter((path) => path.includes("/src/") && !path.endsWith(".test.ts"))
      .flatMap((path) =>
        Array.from(
          readFileSync(path, "utf8").matchAll(/"([^"\n]*(?<![\w-])[FI]\d{1,2}(?![\w-])[^"\n]*)"/g),
          ([, text]) => ({
            text,
            path: relative(root, path),
          }),
        ),
      )
      .filter(
        ({ text = "" }) =>
          text
            .replace(/\b[FI]\d{1,2}\b/g, "")
            .trim()
            .split(/\s+/)
            .filter(Boolean).length < 1,
      );
    expect(bare).toEqual([]);
  });
});
