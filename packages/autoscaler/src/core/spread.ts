/** Step of an additive sequence that spreads its values evenly, however many are drawn. */
const GOLDEN_RATIO = 0.618_033_988_749_895;

/** Numbers in [0, 1) that keep fleets apart whose questions would otherwise fall due together. Deterministic for a seed. */
export class Spread {
  #value: number;

  /** @param seed a random number in [0, 1) */
  constructor(seed: number) {
    this.#value = seed;
  }

  next(): number {
    this.#value = (this.#value + GOLDEN_RATIO) % 1;
    return this.#value;
  }
}
