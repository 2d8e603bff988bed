import type { Path, Place } from "./issue.js";

/** A configuration before it is checked: plain data, and where each part of it was written. */
export interface ConfigSource {
  /** What the data is, for people: the file's name, or "the command line". */
  readonly name: string;
  /** Folder that relative paths are relative to. Absolute. */
  readonly baseFolder: string;
  /** Mappings, lists and scalars; nothing is known about its shape. */
  readonly raw: unknown;
  /** Whether `${NAME}` in a text stands for a variable of the environment. */
  readonly substitutes: boolean;
  /** Where a value was written, or its key; the nearest part above it where it was not written at all. */
  place(path: Path, target?: "key" | "value"): Place;
  /** Where a text inside a scalar begins, if it can be told; else where the scalar does. */
  placeInside(path: Path, text: string): Place;
  /** How a person would set this value: `scaleSets[0].name` in a file, `--name` on the command line. */
  nameOf(path: Path): string;
}

/** The value at a path of plain data, or undefined. */
export function valueAt(raw: unknown, path: Path): unknown {
  let value = raw;
  for (const step of path) {
    if (Array.isArray(value) && typeof step === "number") value = value[step];
    else if (isMapping(value) && Object.hasOwn(value, step)) value = value[String(step)];
    else return undefined;
  }
  return value;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
