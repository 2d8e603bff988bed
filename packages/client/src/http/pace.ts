import { realClock } from "../async/real-clock.js";
import type { Clock } from "../clock.js";
import { ScaleSetError } from "../errors.js";

/**
 * So many requests a second for all clients that share it: a bucket that holds a second's worth, so that a thousand scale
 * sets that start together, or a loop gone wild, stay bounded. Make one for each host that several clients talk to.
 *
 * @example
 * ```ts
 * const pace = new RequestPace(100);
 * const credentials = githubApp({ clientId: "Iv23liABC", privateKey });
 * const acme = new ScaleSetClient({ configUrl: "https://github.com/acme", credentials, pace });
 * const labs = new ScaleSetClient({ configUrl: "https://github.com/labs", credentials, pace });
 * ```
 */
export class RequestPace {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #burst: number;
  /** When the next turn would come if the bucket had no room. @unit milliseconds, monotonic */
  #nextTurn = Number.NEGATIVE_INFINITY;

  /**
   * @param perSecond - requests a second, above 0
   * @param clock - where time comes from. @default `realClock`
   * @throws {@link ScaleSetError} `CONFIG` for a rate that is no positive number.
   */
  constructor(perSecond: number, clock: Clock = realClock) {
    if (!(perSecond > 0)) {
      throw new ScaleSetError("CONFIG", "requests a second must be a positive number", { operation: "configure" });
    }
    this.#clock = clock;
    this.#intervalMs = 1_000 / perSecond;
    this.#burst = Math.max(1, perSecond);
  }

  /** @internal How long a turn taken now would have to wait. @unit milliseconds */
  get waitMs(): number {
    return Math.max(0, this.#nextTurn - this.#clock.monotonic());
  }

  /** @internal Takes the next turn, which each caller waits for by itself. Answers how long it is until then. @unit milliseconds */
  turnMs(): number {
    const now = this.#clock.monotonic();
    this.#nextTurn = Math.max(this.#nextTurn, now - (this.#burst - 1) * this.#intervalMs);
    const waitMs = this.#nextTurn - now;
    this.#nextTurn += this.#intervalMs;
    return waitMs;
  }
}
