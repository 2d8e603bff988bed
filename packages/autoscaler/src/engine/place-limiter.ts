import { Limiter } from "./limiter.js";

/** The limit of each place, by the place's id, for one user of them. */
export type Lanes = (place: string) => Limiter;

/** At most so many at once in each place: a slow backend keeps nobody waiting but those who use it. */
export class PlaceLimiter {
  readonly #limiters = new Map<string, Limiter>();
  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Of every place, in turn with its other users. */
  lanes(): Lanes {
    const lanes = new Map<string, Limiter>();
    return (place) => {
      const lane = lanes.get(place) ?? this.#of(place).lane();
      lanes.set(place, lane);
      return lane;
    };
  }

  /** For each place; see `Limiter.setLimit`. */
  setLimit(limit: number): void {
    this.#limit = limit;
    for (const limiter of this.#limiters.values()) limiter.setLimit(limit);
  }

  #of(place: string): Limiter {
    const limiter = this.#limiters.get(place) ?? new Limiter(this.#limit);
    this.#limiters.set(place, limiter);
    return limiter;
  }
}
