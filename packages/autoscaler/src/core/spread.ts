/** Step of an additive sequence that spreads its values evenly, however many are drawn. */
const GOLDEN_RATIO = 0.618_033_988_749_895;

/** Moments that keep fleets apart whose questions would otherwise fall due together. Deterministic for a seed. */
export class Spread {
  #value: number;

  /** @param seed a random number in [0, 1) */
  constructor(seed: number) {
    this.#value = seed;
  }

  /** A duration in [0, mostMs), in whole milliseconds: timers know no smaller ones. */
  next(mostMs: number): number {
    this.#value = (this.#value + GOLDEN_RATIO) % 1;
    return Math.floor(this.#value * mostMs);
  }
}
