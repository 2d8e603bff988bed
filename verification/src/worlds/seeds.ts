/** `3..7` as a range. @throws Error on anything else */
export function readSeeds(text: string): { readonly first: number; readonly last: number } {
  const range = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  if (range === null) throw new Error(`give --seeds as FIRST..LAST, not ${JSON.stringify(text)}`);
  const first = Number(range[1]);
  const last = Number(range[2] ?? range[1]);
  if (last < first) throw new Error(`--seeds ${text}: the last is before the first`);
  return { first, last };
}
