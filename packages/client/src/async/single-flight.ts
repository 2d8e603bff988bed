import { abortable } from "./abortable.js";

/** Callers that come while one is under way share its outcome; each can leave by its own signal, the work goes on. */
export class SingleFlight<T> {
  #flight: Promise<T> | undefined;

  get running(): boolean {
    return this.#flight !== undefined;
  }

  run(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#flight === undefined) {
      const flight = work().finally(() => {
        this.#flight = undefined;
      });
      // All callers may have left by the time it fails.
      flight.catch(() => {});
      this.#flight = flight;
    }
    return abortable(this.#flight, signal);
  }
}
