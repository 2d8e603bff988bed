interface Standing {
  turn: number;
  live: number;
  wants: boolean;
  waitingSince: number;
}

/** One that wants places, when they are dealt. */
interface Waiter {
  readonly turn: number;
  readonly weight: number;
  readonly wanted: number;
}

/**
 * Whose turn it is to get a place of a shared limit. A place adds 1/weight to its set's turn, and the lowest turn is next,
 * so places that come free one at a time go round. A set that begins to want starts no lower than those that wait
 * already: it can't save turns up while it wants nothing. Nor while it wants places and can't use them, since its launches
 * fail: it is a place of its own behind the next one at most.
 */
export class PlaceTurns<User extends object> {
  readonly #standings = new WeakMap<User, Standing>();
  /** Never falls, also while no set wants anything: a set that was served alone owes the others nothing. */
  #lowest = 0;
  /** The two lowest turns of those that want something, each before its last place. */
  #floors: readonly [number, number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];

  /** To be called with every change of what a set wants and has. */
  note(user: User, { wanted, live, weight }: { wanted: number; live: number; weight: number }, now: number): Standing {
    const standing = this.#standings.get(user) ?? { turn: this.#lowest, live: 0, wants: false, waitingSince: now };
    this.#standings.set(user, standing);
    if (wanted > 0 && !standing.wants) {
      standing.turn = Math.max(standing.turn, this.#lowest);
      standing.waitingSince = now;
    }
    standing.wants = wanted > 0;
    if (standing.wants) {
      const [first, second] = this.#floors;
      const floor = standing.turn - 1 / weight <= first ? second : first;
      standing.turn = Math.max(standing.turn, floor - 1 / weight);
    }
    if (live > standing.live) {
      standing.turn += (live - standing.live) / weight;
      standing.waitingSince = now;
    }
    standing.live = live;
    return standing;
  }

  /** To be called with all of them, once they are noted. */
  settle(waiters: readonly Waiter[]): void {
    const wanting = waiters.filter(({ wanted }) => wanted > 0);
    if (wanting.length === 0) return;
    this.#lowest = Math.max(this.#lowest, Math.min(...wanting.map(({ turn }) => turn)));
    const [first = 0, second = Number.NEGATIVE_INFINITY] = wanting
      .map(({ turn, weight }) => turn - 1 / weight)
      .sort((one, other) => one - other);
    this.#floors = [first, second];
  }
}
