import type { FetchLike } from "@scaleset/client";
import type { Simulator, VirtualClock } from "@scaleset/simulator";

/**
 * Longest time between two requests of a listener: a poll that hangs until its deadline (75 s), and the longest wait that
 * can follow it: a backoff of 30 s, or one that GitHub asked for (30 s here, and a second for dates without fractions) with
 * up to 10 s of our own on top, twice where the listener waits after the client has.
 */
export const LONGEST_SILENCE_MS = 75_000 + 2 * 41_000;

/** Most requests that a listener sends in any minute of the clock, whatever goes wrong. */
export const MOST_REQUESTS_A_MINUTE = 90;

/** Watches a listener's requests and messages as they go by. Each broken rule is a line of `broken`. */
export class Checker {
  readonly broken: string[] = [];
  mostInAMinute = 0;
  longestSilenceMs = 0;
  requests = 0;
  acknowledged = 0;
  readonly #clock: VirtualClock;
  readonly #handled = new Set<string>();
  #lastRequestAt: number;
  #minute = 0;
  #inMinute = 0;

  constructor(clock: VirtualClock, simulator: Simulator) {
    this.#clock = clock;
    this.#lastRequestAt = clock.monotonic();
    simulator.journal.subscribe(({ subject, event, scaleSetId, messageId }) => {
      if (subject !== "message" || event !== "acknowledged") return;
      this.acknowledged += 1;
      if (!this.#handled.has(`${scaleSetId}/${messageId}`)) {
        this.#break(`message ${messageId} of set ${scaleSetId} was acknowledged and not handled`);
      }
    });
  }

  /** The message was handled to its end, or given up as it is promised to be. */
  handled(scaleSetId: number, messageId: number): void {
    this.#handled.add(`${scaleSetId}/${messageId}`);
  }

  wasHandled(scaleSetId: number, messageId: number): boolean {
    return this.#handled.has(`${scaleSetId}/${messageId}`);
  }

  /** Counts what goes through. */
  watch(fetch: FetchLike): FetchLike {
    return (url, init) => {
      this.#count();
      const capacity = init.headers["x-scalesetmaxcapacity"];
      if (capacity !== undefined && !(Number(capacity) >= 1)) this.#break(`announced a capacity of ${capacity}`);
      return fetch(url, init);
    };
  }

  /** Looks whether the listener is still at work. */
  lookForSilence(): void {
    const silenceMs = this.#clock.monotonic() - this.#lastRequestAt;
    this.longestSilenceMs = Math.max(this.longestSilenceMs, silenceMs);
    if (silenceMs > LONGEST_SILENCE_MS) this.#break(`no request for ${silenceMs} ms`);
  }

  #count(): void {
    this.lookForSilence();
    const now = this.#clock.monotonic();
    this.#lastRequestAt = now;
    this.requests += 1;
    const minute = Math.floor(now / 60_000);
    this.#inMinute = minute === this.#minute ? this.#inMinute + 1 : 1;
    this.#minute = minute;
    this.mostInAMinute = Math.max(this.mostInAMinute, this.#inMinute);
    if (this.#inMinute === MOST_REQUESTS_A_MINUTE + 1)
      this.#break(`over ${MOST_REQUESTS_A_MINUTE} requests in a minute`);
  }

  #break(what: string): void {
    this.broken.push(`${Math.round(this.#clock.monotonic())} ${what}`);
  }
}
