import type { Liar, TroubleOptions } from "./failures/failure.js";

const everyLiar: readonly Liar[] = [
  "service",
  "agents",
  "statistics",
  "messages",
  "backend",
  "runners",
  "clock",
  "daemon",
  "person",
];

interface Trouble {
  readonly liars: readonly Liar[];
  readonly sinceMs: number;
  /** `Infinity` while it lasts. */
  untilMs: number;
}

/** What is wrong in a world, by who lies: the truth that judges may excuse a daemon by. */
export class Troubles {
  readonly #now: () => number;
  readonly #all: Trouble[] = [];
  #stirredMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Since when nothing is wrong; `Infinity` while something is. @unit milliseconds */
  get calmSinceMs(): number {
    return this.#all.reduce((since, { untilMs }) => Math.max(since, untilMs), this.#stirredMs);
  }

  /** Something happened that takes its time to settle. */
  stirred(): void {
    this.#stirredMs = this.#now();
  }

  /** Something is wrong from now on, until the returned function is called. */
  begins({ liars = everyLiar, lingersMs = 0 }: TroubleOptions = {}): () => void {
    const trouble: Trouble = { liars, sinceMs: this.#now(), untilMs: Number.POSITIVE_INFINITY };
    this.#all.push(trouble);
    return () => {
      trouble.untilMs = this.#now() + lingersMs;
      this.stirred();
    };
  }

  /** When one of these last lied; `-Infinity` if never, now or later while one does. @unit milliseconds */
  lastLieMs(liars: readonly Liar[]): number {
    let last = Number.NEGATIVE_INFINITY;
    for (const trouble of this.#all) {
      if (trouble.untilMs > last && trouble.liars.some((liar) => liars.includes(liar))) last = trouble.untilMs;
    }
    return last;
  }

  /** Who lied at some time since then. */
  liarsSince(fromMs: number): ReadonlySet<Liar> {
    return new Set(this.#all.filter(({ untilMs }) => untilMs >= fromMs).flatMap(({ liars }) => liars));
  }

  /** Whether one of these lied at some time between the two. */
  liedBetween(liars: readonly Liar[], fromMs: number, toMs: number): boolean {
    return this.#all.some(
      (trouble) =>
        trouble.sinceMs <= toMs && trouble.untilMs >= fromMs && trouble.liars.some((liar) => liars.includes(liar)),
    );
  }
}
