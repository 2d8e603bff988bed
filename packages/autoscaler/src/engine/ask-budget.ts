import type { Clock } from "@scaleset/client";
import { abortable } from "@scaleset/provisioner";

/** Of a host's requests, this part may be questions. */
const PART = 0.1;

/** How long the next request to a host would wait for its turn. @unit milliseconds */
export interface HostPace {
  readonly waitMs: number;
}

/**
 * Questions to one service host that nothing waits for: readings that are asked for, and look-ups. Together they take a
 * tenth of the host's pace, and none while any other request waits there, so launches, removals and polls pass them all.
 */
export class AskBudget {
  readonly #pace: HostPace;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #nextAt = Number.NEGATIVE_INFINITY;
  /** The turn of whoever came last. */
  #last: Promise<void> = Promise.resolve();

  /** @param requestsPerSecond of the host, for everything */
  constructor(pace: HostPace, requestsPerSecond: number, clock: Clock) {
    this.#pace = pace;
    this.#clock = clock;
    this.#intervalMs = 1_000 / (requestsPerSecond * PART);
  }

  /** Waits for its turn, in order. Rejects with the signal's reason. */
  async take({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted();
    const turn = this.#last.then(() => this.#turn(signal));
    this.#last = turn.catch(() => {});
    await abortable(turn, signal);
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    for (;;) {
      const waitMs = Math.max(this.#nextAt - this.#clock.monotonic(), this.#pace.waitMs);
      if (waitMs <= 0) break;
      await this.#clock.sleep(waitMs, { signal });
    }
    this.#nextAt = this.#clock.monotonic() + this.#intervalMs;
  }
}
