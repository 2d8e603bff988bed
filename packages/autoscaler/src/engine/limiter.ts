/** Who waits, by rank and user; of one rank the user whose turn it is comes first. */
type Waiting = Map<number, Map<object, (() => void)[]>>;

/** The places that all lanes of one limiter share. */
interface Places {
  limit: number;
  running: number;
  readonly waiting: Waiting;
}

/**
 * At most so many at once, for users (lanes) who take turns. Of those that wait the lowest rank goes first: steps that
 * bring a launch to its end pass those that begin another. Of equal rank each lane's first goes in turn, so that one who
 * asks for two hundred at once keeps nobody waiting behind all of them.
 */
export class Limiter {
  readonly #places: Places;

  constructor(limit: number, places: Places = { limit, running: 0, waiting: new Map() }) {
    this.#places = places;
  }

  /** The same places for another user. */
  lane(): Limiter {
    return new Limiter(this.#places.limit, this.#places);
  }

  /** A raised limit is used at once; a lowered one is met as tasks end. */
  setLimit(limit: number): void {
    this.#places.limit = limit;
    while (this.#places.running < limit && this.#next()) this.#places.running += 1;
  }

  async run<Result>(rank: number, task: () => Promise<Result>): Promise<Result> {
    if (this.#places.running < this.#places.limit) this.#places.running += 1;
    else await this.#turn(rank);
    try {
      return await task();
    } finally {
      // The place is handed on; the number of those running stays.
      if (this.#places.running > this.#places.limit || !this.#next()) this.#places.running -= 1;
    }
  }

  #turn(rank: number): Promise<void> {
    const { waiting } = this.#places;
    return new Promise((resolve) => {
      const lanes = waiting.get(rank) ?? new Map<object, (() => void)[]>();
      waiting.set(rank, lanes);
      const queue = lanes.get(this);
      if (queue === undefined) lanes.set(this, [resolve]);
      else queue.push(resolve);
    });
  }

  /** Lets the next one go. Answers whether there was one. */
  #next(): boolean {
    const { waiting } = this.#places;
    const rank = Math.min(...waiting.keys());
    const lanes = waiting.get(rank);
    const [first] = lanes ?? [];
    if (lanes === undefined || first === undefined) return false;
    const [lane, queue] = first;
    const go = queue.shift();
    // A map keeps the order of insertion: whoever still waits goes behind the others.
    lanes.delete(lane);
    if (queue.length > 0) lanes.set(lane, queue);
    if (lanes.size === 0) waiting.delete(rank);
    go?.();
    return true;
  }
}
