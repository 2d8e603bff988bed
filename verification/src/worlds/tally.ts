/** What is counted: failures that took effect, rules and commands that did, checks that had something to look at, what became of jobs, invariants that broke. */
export const tallyKinds = ["world", "failure", "rule", "command", "check", "outcome", "broken"] as const;

export type TallyKind = (typeof tallyKinds)[number];

/** How often things happened; adds up over worlds and processes. */
export class Tally {
  readonly #counts = new Map<TallyKind, Map<string, number>>();

  add(kind: TallyKind, name: string, count = 1): void {
    const of = this.#counts.get(kind) ?? new Map<string, number>();
    this.#counts.set(kind, of);
    of.set(name, (of.get(name) ?? 0) + count);
  }

  get(kind: TallyKind, name: string): number {
    return this.#counts.get(kind)?.get(name) ?? 0;
  }

  names(kind: TallyKind): string[] {
    return [...(this.#counts.get(kind)?.keys() ?? [])].sort();
  }

  /** As plain data, for another process. */
  rows(): TallyRow[] {
    return [...this.#counts].flatMap(([kind, of]) => [...of].map(([name, count]) => ({ kind, name, count })));
  }

  merge(rows: readonly TallyRow[]): void {
    for (const { kind, name, count } of rows) this.add(kind, name, count);
  }
}

export interface TallyRow {
  readonly kind: TallyKind;
  readonly name: string;
  readonly count: number;
}
