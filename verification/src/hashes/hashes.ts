import { readFileSync, writeFileSync } from "node:fs";

/** What worlds did when their hashes were written down. */
export interface KeptHashes {
  /** Another one may draw floating point numbers and order equal things otherwise. */
  readonly nodeMajor: number;
  /** Seed → hash. */
  readonly hashes: Readonly<Record<string, string>>;
}

export const nodeMajor = Number(process.versions.node.split(".")[0]);

export function readHashes(file: URL): KeptHashes | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const kept: unknown = JSON.parse(text);
  if (!isKept(kept)) throw new Error(`${file.pathname} holds no hashes of worlds`);
  return kept;
}

/** Replaces the file: hashes of two versions of the code in one file would compare nothing. */
export function writeHashes(file: URL, hashes: ReadonlyMap<number, string>): void {
  const inOrder = Object.fromEntries([...hashes].sort(([a], [b]) => a - b));
  const kept: KeptHashes = { nodeMajor, hashes: inOrder };
  writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`);
}

export interface Comparison {
  /** Why nothing can be compared; undefined when it can. */
  readonly refused: string | undefined;
  readonly equal: number;
  /** Seeds whose worlds did something else, lowest first. */
  readonly differing: readonly number[];
  /** Seeds that have no hash to compare with. */
  readonly unknown: readonly number[];
}

export function compareHashes(
  kept: KeptHashes | undefined,
  lived: ReadonlyMap<number, string>,
  major = nodeMajor,
): Comparison {
  const nothing = { equal: 0, differing: [], unknown: [] };
  if (kept === undefined) return { ...nothing, refused: "there are no hashes yet: write them with --write" };
  if (kept.nodeMajor !== major) {
    const refused = `the hashes are of Node ${kept.nodeMajor}, and this is Node ${major}: run it there`;
    return { ...nothing, refused };
  }
  const seeds = [...lived.keys()].sort((a, b) => a - b);
  const unknown = seeds.filter((seed) => kept.hashes[seed] === undefined);
  const differing = seeds.filter((seed) => !unknown.includes(seed) && kept.hashes[seed] !== lived.get(seed));
  return { refused: undefined, equal: seeds.length - unknown.length - differing.length, differing, unknown };
}

function isKept(value: unknown): value is KeptHashes {
  if (typeof value !== "object" || value === null || !("nodeMajor" in value) || !("hashes" in value)) return false;
  const { nodeMajor: major, hashes } = value;
  if (typeof major !== "number" || typeof hashes !== "object" || hashes === null) return false;
  return Object.values(hashes).every((hash) => typeof hash === "string");
}
