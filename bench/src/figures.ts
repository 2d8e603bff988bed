/** One measured thing: ours beside the bare way to do the same work, from rounds that took turns. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly ours: readonly number[];
  readonly bare: readonly number[];
  /** Largest ratio of the medians, ours to bare, that is good enough; undefined = only told. */
  readonly goal: number | undefined;
  /** Largest median of ours that is good enough, in the figure's unit. @default any */
  readonly limit?: number | undefined;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

function ratio({ ours, bare }: Figure): number {
  return median(ours) / median(bare);
}

export function isMet(figure: Figure): boolean {
  return meetsRatio(figure) && meetsLimit(figure);
}

function meetsRatio(figure: Figure): boolean {
  return figure.goal === undefined || ratio(figure) <= figure.goal;
}

function meetsLimit({ ours, limit }: Figure): boolean {
  return limit === undefined || median(ours) <= limit;
}

/** A table for people, in Markdown. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { name, unit, ours, bare, goal, limit } = figure;
    const range = (values: readonly number[]): string =>
      `${round(median(values))} (${round(Math.min(...values))}–${round(Math.max(...values))})`;
    const verdict = [
      ...(goal === undefined ? [] : [`${goal} × ${meetsRatio(figure) ? "met" : "MISSED"}`]),
      ...(limit === undefined ? [] : [`${limit} ${unit} ${meetsLimit(figure) ? "met" : "MISSED"}`]),
    ].join(", ");
    return `| ${name} | ${unit} | ${range(ours)} | ${range(bare)} | ${ratio(figure).toFixed(2)} × | ${verdict} |`;
  });
  return [
    "| what | unit | ours (least–most) | bare | ratio | goal |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

function round(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}
