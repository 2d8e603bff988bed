import { InvalidArgumentError } from "commander";

/** For commander: a whole number, 0 or more. */
export function wholeNumber(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) throw new InvalidArgumentError("expected a whole number.");
  return number;
}

/** For commander: a whole number from 1 to 10000. */
export function positiveInteger(text: string): number {
  const number = wholeNumber(text);
  if (number < 1 || number > 10_000) throw new InvalidArgumentError("expected a whole number from 1 to 10000.");
  return number;
}
