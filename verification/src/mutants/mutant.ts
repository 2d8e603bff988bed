import type { WorldName } from "../worlds/kinds.js";

/** One wrong on purpose: a text in a source file, which is there exactly once, and what stands there instead. */
export interface Mutant {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Files and folders of unit tests of which one must catch it, the fastest first. */
  readonly tests: readonly string[];
  /** Kinds of worlds of which one must catch it too, the likeliest first, or why no world can. */
  readonly worlds: readonly WorldName[] | WithoutWorld;
}

interface WithoutWorld {
  readonly none: string;
}

/** What the mutants of a part of the code have in common. */
export interface Ground extends Pick<Mutant, "tests" | "worlds"> {
  /** From the root of the repository, with a slash at its end. */
  readonly folder: string;
}

/** Makes the mutants of a part of the code; what one has of its own comes last. */
export function mutantsOf({ folder, tests, worlds }: Ground) {
  return (
    name: string,
    file: string,
    find: string,
    replace: string,
    own: Partial<Pick<Mutant, "tests" | "worlds">> = {},
  ): Mutant => ({ name, file: folder + file, find, replace, tests, worlds, ...own });
}

/** @throws Error when the text is not there exactly once */
export function mutate(source: string, { name, file, find, replace }: Mutant): string {
  const [before, after, ...more] = source.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    const times = source.split(find).length - 1;
    throw new Error(`the mutant "${name}" must match exactly once in ${file}, and matches ${times} times`);
  }
  return before + replace + after;
}
