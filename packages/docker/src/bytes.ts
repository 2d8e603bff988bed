const UNITS = ["b", "k", "m", "g", "t"];

/** A size as people write it (`512m`, `4 GiB`, a number) in bytes; units are powers of 1,024, as Docker's own. */
export function bytesOf(size: number | string): number {
  if (typeof size === "number") return size;
  const [, amount = "", unit = "b"] = /^(\d+(?:\.\d+)?)\s*([bkmgt])?/i.exec(size) ?? [];
  return Math.round(Number(amount) * 1_024 ** UNITS.indexOf(unit.toLowerCase()));
}
