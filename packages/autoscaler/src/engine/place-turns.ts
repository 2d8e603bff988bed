interface Standing {
  turn: number;
  live: number;
  wants: boolean;
  waitingSince: number;
}

/**
 * Whose turn it is to get a place of a shared limit. A place adds 1/weight to its set's turn, and the lowest turn is next,
 * so places that come free one at a time go round. A set that begins to want starts no lower than those that wait
 * already: it can't save turns up while it wants nothing.
 */
export class PlaceTurns<User extends object> {
  readonly #standings = new WeakMap<User, Standing>();
  /** Never falls, also while no set wants anything: a set that was served alone owes the others nothing. */
  #lowest = 0;

  /** To be called with every change of what a set wants and has. */
  note(user: User, { wanted, live, weight }: { wanted: number; live: number; weight: number }, now: number): Standing {
    const standing = this.#standings.get(user) ?? { turn: this.#lowest, live: 0, wants: false, waitingSince: now };
    this.#standings.set(user, standing);
    if (wanted > 0 && !standing.wants) {
      standing.turn = Math.max(standing.turn, this.#lowest);
      standing.waitingSince = now;
    }
    standing.wants = wanted > 0;
    if (live > standing.live) {
      standing.turn += (live - standing.live) / weight;
      standing.waitingSince = now;
    }
    standing.live = live;
    return standing;
  }

  /** To be called with the turns of those that want something, once all are noted. */
  settle(turns: Iterable<number>): void {
    let lowest = Number.POSITIVE_INFINITY;
    for (const turn of turns) lowest = Math.min(lowest, turn);
    if (lowest !== Number.POSITIVE_INFINITY) this.#lowest = Math.max(this.#lowest, lowest);
  }
}
