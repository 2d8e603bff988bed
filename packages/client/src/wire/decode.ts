import { type Operation, ScaleSetError } from "../errors.js";
import { isRecord } from "./json.js";

/** A value of the wire with the way to it, so that an error can say what was wrong where. */
export interface Field {
  readonly value: unknown;
  readonly path: string;
}

/** What an answer should have been and was not. Becomes a {@link ScaleSetError} where the call is known. */
export class UnexpectedShape extends Error {
  override readonly name = "UnexpectedShape";

  constructor(field: Field, expected: string) {
    super(`${field.path} is no ${expected}`);
  }
}

export function protocolError(operation: Operation, problem: string): ScaleSetError {
  return new ScaleSetError("PROTOCOL", `the answer to ${operation} means nothing: ${problem}`, { operation });
}

export function at(field: Field, key: string): Field {
  const { value, path } = field;
  return { value: isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined, path: `${path}.${key}` };
}

export function record(field: Field): Field {
  if (!isRecord(field.value)) throw new UnexpectedShape(field, "object");
  return field;
}

export function array(field: Field): readonly Field[] {
  if (!Array.isArray(field.value)) throw new UnexpectedShape(field, "array");
  return field.value.map((value: unknown, i) => ({ value, path: `${field.path}[${i}]` }));
}

/** Without a field each: there can be thousands. */
export function strings(field: Field): readonly string[] {
  if (!Array.isArray(field.value)) throw new UnexpectedShape(field, "array");
  const values: readonly unknown[] = field.value;
  if (values.every((value) => typeof value === "string")) return values;
  throw new UnexpectedShape(field, "array of strings");
}

export function string(field: Field): string {
  if (typeof field.value !== "string") throw new UnexpectedShape(field, "string");
  return field.value;
}

export function nonEmpty(field: Field): string {
  const value = string(field);
  if (value === "") throw new UnexpectedShape(field, "non-empty string");
  return value;
}

/** A whole number that a number holds exactly. */
export function integer(field: Field): number {
  const { value } = field;
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new UnexpectedShape(field, "whole number");
}

/** An int64 as its decimal digits. */
export function bigInteger(field: Field): string {
  const { value } = field;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  if (typeof value === "string" && /^-?\d{1,19}$/.test(value)) return value;
  throw new UnexpectedShape(field, "whole number of 64 bits");
}

/** The decoder's value, or the given one where the field is missing, null or of another shape: for what only informs. */
export function lenient<T>(field: Field, decode: (field: Field) => T, otherwise: T): T {
  if (field.value === undefined || field.value === null) return otherwise;
  try {
    return decode(field);
  } catch {
    return otherwise;
  }
}

/** A time; unset ones (year 1, or nothing readable) are undefined. */
export function time(field: Field): Date | undefined {
  if (typeof field.value !== "string" || field.value.startsWith("0001-01-01")) return undefined;
  const date = new Date(field.value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
