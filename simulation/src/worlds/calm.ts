/** Whether something goes wrong at this moment, and since when nothing has. */
export class Calm {
  readonly #now: () => number;
  #since = 0;
  #troubles = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Since when nothing has gone wrong; `Infinity` while something does. @unit milliseconds */
  get sinceMs(): number {
    return this.#troubles > 0 ? Number.POSITIVE_INFINITY : this.#since;
  }

  /** Something happened that takes its time to settle. */
  stirred(): void {
    this.#since = this.#now();
  }

  /** Something goes wrong from now on, until the answered function is called. */
  begins(): () => void {
    this.#troubles += 1;
    return () => {
      this.#troubles -= 1;
      this.stirred();
    };
  }
}
