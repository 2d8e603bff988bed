/**
 * At most so many at once. Of those that wait the lowest rank goes first, and of equals the first that came: steps that
 * bring a launch to its end pass those that begin another.
 */
export class Limiter {
  readonly #limit: number;
  readonly #waiting: Map<number, (() => void)[]> = new Map();
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<Result>(rank: number, task: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#limit) this.#running += 1;
    else await this.#turn(rank);
    try {
      return await task();
    } finally {
      this.#release();
    }
  }

  #turn(rank: number): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.#waiting.get(rank);
      if (queue === undefined) this.#waiting.set(rank, [resolve]);
      else queue.push(resolve);
    });
  }

  /** Hands the place on; the number of those running stays. */
  #release(): void {
    const rank = Math.min(...this.#waiting.keys());
    const queue = this.#waiting.get(rank);
    const next = queue?.shift();
    if (queue?.length === 0) this.#waiting.delete(rank);
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
