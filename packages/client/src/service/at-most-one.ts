import { type Operation, ScaleSetError } from "../errors.js";

/** What a search by name found. It is exact but for case: a service that ignores the filter must not hand us a stranger's. */
export function atMostOne<T extends { readonly name: string }>(
  operation: Operation,
  found: readonly T[],
  name: string,
): T | undefined {
  const named = found.filter((one) => one.name.toLowerCase() === name.toLowerCase());
  if (named.length > 1) {
    throw new ScaleSetError("AMBIGUOUS", `${operation} found ${named.length} of the name ${name}`, { operation });
  }
  return named[0];
}
