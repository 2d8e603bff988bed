import type { OutcomeEvent } from "../core/events.js";
import type { CeilingClaim, CeilingUser } from "./backend-ceiling.js";
import type { Homes } from "./homes.js";
import type { Place } from "./place.js";

/** One scale set's part in the ceilings of the backends where its runners are, and were, made. */
export class HomeCeilings {
  readonly #homes: Homes;
  readonly #set: {
    readonly claim: (place: string) => CeilingClaim;
    readonly changed: (most: number | undefined, trials: number) => void;
  };
  readonly #joined = new Map<Place, CeilingUser>();
  #told = "";

  constructor(
    homes: Homes,
    set: {
      readonly claim: (place: string) => CeilingClaim;
      readonly changed: (most: number | undefined, trials: number) => void;
    },
  ) {
    this.#homes = homes;
    this.#set = set;
  }

  /** New runners are made in the present place from now on. */
  join(): void {
    const place = this.#homes.current;
    if (this.#joined.has(place)) return;
    const user: CeilingUser = {
      ceilingClaim: () => this.#set.claim(place.id),
      setCeiling: (most, trials) => {
        if (place === this.#homes.current) this.#set.changed(most, trials);
      },
    };
    this.#joined.set(place, user);
    place.ceiling.join(user);
  }

  leaveAll(): void {
    for (const [place, user] of this.#joined) place.ceiling.leave(user);
    this.#joined.clear();
  }

  /** What became of a launch says how much the backend can hold. */
  note(outcome: OutcomeEvent, place: Place): void {
    if (outcome.type === "create.done") place.ceiling.made();
    else if (outcome.type === "create.failed" && outcome.kind === "capacity") place.ceiling.hit(false);
    else if (outcome.type === "start.failed" && outcome.kind === "capacity") place.ceiling.hit(true);
  }

  /** When the ceiling is to be looked at again though nothing has changed: divided, or tried by a launch above it. */
  lookAt(now: number): number {
    const { tryAt, dueAt } = this.#homes.current.ceiling;
    return Math.min(...[tryAt, dueAt].filter((at) => at > now), Number.POSITIVE_INFINITY);
  }

  /** Before a freed place is filled, and whenever it would come out otherwise. */
  divide(now: number): void {
    const { ceiling, id } = this.#homes.current;
    if (ceiling.most === undefined) return;
    const { wanted, live, promised, made, trying, full, max } = this.#set.claim(id);
    const told = `${wanted} ${live} ${promised} ${made} ${trying} ${full} ${max} ${ceiling.mayTry} ${ceiling.dueAt <= now}`;
    if (told === this.#told) return;
    this.#told = told;
    ceiling.divide();
  }
}
