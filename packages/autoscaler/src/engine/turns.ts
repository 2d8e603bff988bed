import type { Clock } from "@scaleset/client";

/** So many turns a second for everybody together, evenly spaced, with a second's worth in store. */
export class Turns {
  readonly #clock: Clock;
  #perSecond: number;
  #next = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** For turns taken from now on. */
  set perSecond(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Waits for the next turn. Rejects with the signal's reason. */
  async take({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const now = this.#clock.monotonic();
    const intervalMs = 1_000 / this.#perSecond;
    const stored = Math.max(0, this.#perSecond - 1) * intervalMs;
    const turn = Math.max(this.#next, now - stored);
    this.#next = turn + intervalMs;
    if (turn > now) await this.#clock.sleep(turn - now, { signal });
  }
}
