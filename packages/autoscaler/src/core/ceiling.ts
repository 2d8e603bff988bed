/**
 * The set's part of what its backend can hold, known once the backend had no room (`capacity`). Launches above it only
 * try whether there is room again, and can take a job once their instance is made.
 */
export class Ceiling {
  /** Most instances of this set on the backend where new ones are made; undefined while the backend never was full. */
  most: number | undefined;
  /** Launches above it that may be tried now. */
  trials = 0;
  readonly #trying = new Set<string>();

  /** Launches above it whose instance is not made yet. */
  get trying(): number {
    return this.#trying.size;
  }

  /** The backend had no room; `instances`: those of this set that it holds all the same. */
  hit(instances: number): void {
    this.most = Math.min(this.most ?? Number.POSITIVE_INFINITY, instances);
    this.trials = 0;
  }

  /** @param instances those of this set on the backend, without this launch */
  launched(name: string, instances: number): void {
    if (this.most === undefined || instances < this.most) return;
    this.#trying.add(name);
    this.trials = Math.max(0, this.trials - 1);
  }

  /** The launch made its instance, or failed. */
  settled(name: string): void {
    this.#trying.delete(name);
  }

  /** Runners are made on another backend now. */
  forget(): void {
    this.most = undefined;
    this.trials = 0;
    this.#trying.clear();
  }
}
